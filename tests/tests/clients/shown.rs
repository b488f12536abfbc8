//! Uploads beside what became of them, in Chromium: an administrator's preview and the shop's page show the same.
//!
//! Owns sending them and asking the browser; refuses to know what is odd about a file. The surprising rule: the
//! browser sees all of them in one page, since starting it costs more than all pictures.

use crate::browser::run_with;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server};
use serde_json::{Value, json};

/// A file, and what is odd about it.
pub(crate) type Case = (String, Vec<u8>);

/// Uploads each of `cases`; of those that are taken, Chromium must show the upload in the size that the answer
/// states, and original and variant as it shows the upload. Those that are refused: name and reason.
pub(crate) fn compare(server: &Server, cases: &[Case]) -> Vec<(String, String)> {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (name, upload) in cases {
        let answer = server.admin().upload(Form::upload(PRODUCT, upload));
        if answer.status == 422 {
            refused.push((name.clone(), answer.json()["errors"][0]["message"].as_str().unwrap().to_owned()));
            continue;
        }
        let image: Value = answer.expect(201).json();
        let made = |variant: &str| {
            let file = server.anyone().get(image["variants"][variant].as_str().unwrap()).expect(200);
            shown(file.header("content-type").unwrap(), &file.body)
        };
        taken.push(json!({
            "name": name,
            "size": [image["dimensions"]["width"], image["dimensions"]["height"]],
            "upload": shown(image["mimeType"].as_str().unwrap(), upload),
            "made": { "original": made("original"), "large": made("large") },
        }));
    }
    let path = server.folder().join("cases.json");
    std::fs::write(&path, Value::from(taken).to_string()).unwrap();
    run_with("shown.mjs", server, &[("CASES", &path.to_string_lossy())]);
    refused
}

fn shown(media_type: &str, file: &[u8]) -> Value {
    json!({ "type": media_type, "data": BASE64_STANDARD.encode(file) })
}
