//! Entity tags and the condition that asks for them (RFC 9110, 8.8.3 and 13.1.2).

use actix_web::HttpRequest;
use actix_web::http::header::{EntityTag, Header, IfNoneMatch};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The first `bytes` of the SHA-256 of `text` as hexadecimal digits, for a strong tag.
pub(crate) fn digest(text: &str, bytes: usize) -> String {
    let mut tag = String::new();
    for byte in Sha256::digest(text).iter().take(bytes) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// Whether the client says that it has `etag` already; `None` when it names no tag at all.
pub(crate) fn has_already(request: &HttpRequest, etag: &EntityTag) -> Option<bool> {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => Some(true),
        Ok(IfNoneMatch::Items(tags)) if !tags.is_empty() => Some(tags.iter().any(|tag| tag.weak_eq(etag))),
        _ => None,
    }
}
