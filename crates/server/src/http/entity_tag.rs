//! The opaque part of entity tags (RFC 9110, 8.8.3).

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
