//! Files that were made to do harm, sent to the real server: an aspect a module.
//!
//! Owns what must hold whatever is sent: the answer is a 201 or a refusal with its reason, the memory of the
//! process stays bounded, and the next client is served.

mod bombs;
mod liars;
mod polyglots;

use crate::pictures::{decode, format_of, jpeg};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server};

/// What the server may have in memory at once while it looks at any of these: a good deal less than what
/// they would unfold to.
const MEMORY: u64 = 300 * 1024 * 1024;

/// What a picture became: the original first, then the variants, as they are served.
struct Stored {
    files: Vec<Answer>,
}

impl Stored {
    fn original(&self) -> &[u8] {
        &self.files[0].body
    }
}

/// Uploads a file; what became of it, or the message of the 422.
#[track_caller]
fn offer(server: &Server, file: &[u8]) -> Result<Stored, String> {
    let answer = server.admin().upload(Form::upload(PRODUCT, file));
    if answer.status == 422 {
        assert_eq!(answer.invalid_fields("/files"), ["file"]);
        return Err(answer.json()["errors"][0]["message"].as_str().unwrap().to_owned());
    }
    let image = answer.expect(201).json();
    let variants = image["variants"].as_object().unwrap();
    let mut names: Vec<&String> = variants.keys().collect();
    names.sort_by_key(|name| *name != "original");
    let files: Vec<Answer> =
        names.iter().map(|name| server.anyone().get(variants[*name].as_str().unwrap()).expect(200)).collect();
    for file in &files {
        let _ = decode(&file.body, format_of(file.header("content-type").unwrap()));
    }
    Ok(Stored { files })
}

/// Nothing of what came before is left in the way.
#[track_caller]
fn is_well(server: &Server) {
    let peak = server.peak_memory_bytes();
    assert!(peak < MEMORY, "{peak} bytes");
    assert!(offer(server, &jpeg(320, 320)).is_ok());
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
