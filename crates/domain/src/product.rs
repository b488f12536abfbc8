//! A product: the thing in the shop that images belong to.
//!
//! Owns the product's identity and name; refuses to know its images.

use chrono::{DateTime, Utc};
use std::fmt;

/// A thing in the shop that images can be attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its identity, chosen by the shop.
    pub id: ProductId,
    /// What people call it.
    pub name: ProductName,
    /// When packshot first heard of it, UTC in whole microseconds.
    pub created_at: DateTime<Utc>,
}

/// A product's identity: 1 to 64 of `A-Z a-z 0-9 _ -`.
///
/// Safe as a path segment, in a URL and in a file name, which is why the set is so small.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId(String);

/// Why some text is no product id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Product ID must be 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'")]
pub struct InvalidProductId;

impl ProductId {
    /// The longest product id, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Takes `text` as a product id.
    ///
    /// # Errors
    /// [`InvalidProductId`] when it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidProductId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if text.is_empty() || text.len() > Self::MAX_CHARS || !text.bytes().all(allowed) {
            return Err(InvalidProductId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A product's name: 1 to 200 characters after trimming, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductName(String);

/// Why some text is no product name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Product name must be 1 to 200 characters without control characters")]
pub struct InvalidProductName;

impl ProductName {
    /// The longest product name, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Takes `text`, trimmed, as a product name.
    ///
    /// # Errors
    /// [`InvalidProductName`] when it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidProductName> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 || chars > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(InvalidProductName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ids_of_the_allowed_characters() {
        for good in ["p", "prod_789", "A-Z_0", &"x".repeat(64)] {
            assert_eq!(ProductId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn refuses_ids_that_could_leave_a_path_or_a_url() {
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0", "%2e", &"x".repeat(65)] {
            assert_eq!(ProductId::parse(bad), Err(InvalidProductId), "{bad:?}");
        }
    }

    #[test]
    fn trims_names_and_counts_characters_not_bytes() {
        assert_eq!(ProductName::parse("  Lamp ").unwrap().as_str(), "Lamp");
        assert!(ProductName::parse(&"é".repeat(200)).is_ok());
        assert!(ProductName::parse(&"é".repeat(201)).is_err());
        assert!(ProductName::parse(" \n ").is_err());
        assert!(ProductName::parse("a\u{7}b").is_err());
    }
}
