//! The fingerprint of an upload: SHA-256 over everything that the client sent.
//!
//! Owns the encoding; every part is preceded by its length, so that no two uploads share one.

use crate::ports::idempotency::Fingerprint;
use crate::text::OriginalName;
use crate::upload::RawDetails;
use sha2::{Digest, Sha256};

/// The fingerprint of an upload with this file, name, product and fields.
///
/// Costs a few milliseconds a megabyte: call it off the threads that serve requests.
#[must_use]
pub fn fingerprint(file: &[u8], original_name: &OriginalName, product_id: &str, details: &RawDetails) -> Fingerprint {
    let mut hash = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| {
        // A missing field is not an empty one.
        hash.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hash.update(bytes.unwrap_or_default());
    };
    part(Some(file));
    part(Some(original_name.as_str().as_bytes()));
    part(Some(product_id.as_bytes()));
    for field in [&details.is_primary, &details.alt_text, &details.caption, &details.order, &details.metadata] {
        part(field.as_deref().map(str::as_bytes));
    }
    for tag in &details.tags {
        part(Some(tag.as_bytes()));
    }
    Fingerprint(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(product: &str, details: &RawDetails) -> Fingerprint {
        fingerprint(b"file", &OriginalName::from_client("a.jpg"), product, details)
    }

    #[test]
    fn every_part_counts() {
        let plain = RawDetails::default();
        let empty_caption = RawDetails { caption: Some(String::new()), ..RawDetails::default() };
        let split = RawDetails { tags: vec!["a".to_owned(), "b".to_owned()], ..RawDetails::default() };
        let joined = RawDetails { tags: vec!["ab".to_owned()], ..RawDetails::default() };
        let prints = [of("p", &plain), of("q", &plain), of("p", &empty_caption), of("p", &split), of("p", &joined)];
        for (at, print) in prints.iter().enumerate() {
            assert!(!prints[at + 1..].contains(print), "{at}");
        }
        assert_eq!(of("p", &plain), prints[0]);
    }
}
