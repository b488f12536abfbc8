//! The form of an upload, as the server reads it, in pieces of any size.
//!
//! Holds: a form is within its bounds, and what is read does not depend on how the body was cut into pieces.
//! The first byte chooses the pieces, a line the boundary, and the rest is the body.

#![no_main]

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use bytes::Bytes;
use form::{Form, MAX_FILE_BYTES, MAX_PARTS, MAX_TEXT_BYTES, NoForm};
use futures_util::stream;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/server/src/routes/files/form.rs"]
#[allow(dead_code, reason = "the server reads more of it")]
mod form;

/// Less than the server's, so that a form that is short enough to try can go past it.
const MAX_READ_BYTES: u64 = 2048;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, rest)) = data.split_first() else { return };
    let Some(end) = rest.iter().position(|&byte| byte == b'\n') else { return };
    let (boundary, body) = (&rest[..end], Bytes::copy_from_slice(&rest[end + 1..]));
    let Ok(kind) = HeaderValue::from_bytes(&[b"multipart/form-data; boundary=", boundary].concat()) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, kind);
    let whole = read(&headers, vec![body.clone()]);
    let pieces = read(&headers, cut_up(&body, cut.into()));
    assert_eq!(whole, pieces);
});

/// Pieces of this many bytes; of one, two, three and so on when it is nothing.
fn cut_up(body: &Bytes, length: usize) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut rest = body.clone();
    while !rest.is_empty() {
        let next = if length == 0 { pieces.len() + 1 } else { length };
        pieces.push(rest.split_to(next.min(rest.len())));
    }
    pieces
}

/// What is read, as text that can be compared.
fn read(headers: &HeaderMap, pieces: Vec<Bytes>) -> String {
    let body = stream::iter(pieces.into_iter().map(Ok::<_, PayloadError>));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    match runtime.block_on(form::read(headers, body, MAX_READ_BYTES)) {
        Ok(form) => {
            check(&form);
            format!("{form:?}")
        }
        Err(NoForm::Bad(detail)) => detail,
        // Which of two faults is met first may depend on the pieces.
        Err(NoForm::Malformed(_)) => "malformed".to_owned(),
        Err(NoForm::FileTooLarge(size_bytes)) => {
            assert!(size_bytes > MAX_FILE_BYTES);
            "too large".to_owned()
        }
        Err(NoForm::Endless(size_bytes, _)) => {
            assert!(size_bytes > MAX_READ_BYTES);
            "endless".to_owned()
        }
    }
}

fn check(form: &Form) {
    assert!(form.file.len() as u64 <= MAX_FILE_BYTES.min(MAX_READ_BYTES));
    assert!(!form.product_id.is_empty());
    let details = &form.details;
    let texts = [&details.is_primary, &details.alt_text, &details.caption, &details.order, &details.metadata];
    let texts = texts.into_iter().flatten().chain(&details.tags).chain([&form.product_id]);
    for text in texts {
        assert!(text.len() <= MAX_TEXT_BYTES);
    }
    assert!(details.tags.len() <= MAX_PARTS);
}
