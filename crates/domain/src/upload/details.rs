//! The text fields of an upload, from what was sent to what is kept.
//!
//! Owns which field is at fault and says so for all of them at once; refuses to know multipart.

use crate::text::{AltText, Caption, DisplayOrder, InvalidText, Metadata, Tags};

/// The text fields as sent; `None` where there was no such field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawDetails {
    /// `is_primary`.
    pub is_primary: Option<String>,
    /// `alt_text`.
    pub alt_text: Option<String>,
    /// `caption`.
    pub caption: Option<String>,
    /// `order`.
    pub order: Option<String>,
    /// Each `tags` and `tags[]`, in order.
    pub tags: Vec<String>,
    /// `metadata`.
    pub metadata: Option<String>,
}

/// The text fields, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UploadDetails {
    /// Whether the image becomes its product's primary one.
    pub is_primary: bool,
    /// Alternative text.
    pub alt_text: Option<AltText>,
    /// Caption.
    pub caption: Option<Caption>,
    /// Display order.
    pub order: DisplayOrder,
    /// Tags.
    pub tags: Tags,
    /// Metadata.
    pub metadata: Metadata,
}

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its name, as the client sent it.
    pub field: &'static str,
    /// What is wrong with it: one sentence for the client.
    pub message: String,
}

impl UploadDetails {
    /// Checks every field.
    ///
    /// # Errors
    /// All fields that break a rule, in the order of the contract.
    pub fn parse(raw: &RawDetails) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let details = Self {
            is_primary: keep(&mut errors, "is_primary", parse_opt(raw.is_primary.as_deref(), parse_flag))
                .unwrap_or(false),
            alt_text: keep(&mut errors, "alt_text", parse_opt(raw.alt_text.as_deref(), AltText::parse)),
            caption: keep(&mut errors, "caption", parse_opt(raw.caption.as_deref(), Caption::parse)),
            order: keep(&mut errors, "order", parse_opt(raw.order.as_deref(), DisplayOrder::parse)).unwrap_or_default(),
            tags: keep(&mut errors, "tags", Tags::parse(&raw.tags).map(Some)).unwrap_or_default(),
            metadata: keep(&mut errors, "metadata", parse_opt(raw.metadata.as_deref(), Metadata::parse))
                .unwrap_or_default(),
        };
        if errors.is_empty() { Ok(details) } else { Err(errors) }
    }
}

fn parse_opt<T>(text: Option<&str>, parse: impl Fn(&str) -> Result<T, InvalidText>) -> Result<Option<T>, InvalidText> {
    text.map(parse).transpose()
}

fn keep<T>(errors: &mut Vec<FieldError>, field: &'static str, parsed: Result<Option<T>, InvalidText>) -> Option<T> {
    parsed.unwrap_or_else(|error| {
        errors.push(FieldError { field, message: error.to_string() });
        None
    })
}

fn parse_flag(text: &str) -> Result<bool, InvalidText> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(InvalidText::new("is_primary must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collects_every_fault_in_the_order_of_the_contract() {
        let raw = RawDetails {
            is_primary: Some("yes".to_owned()),
            alt_text: Some("x".repeat(256)),
            caption: Some("x".repeat(501)),
            order: Some("-1".to_owned()),
            tags: (0..11).map(|n| n.to_string()).collect(),
            metadata: Some("[]".to_owned()),
        };
        let fields: Vec<_> = UploadDetails::parse(&raw).unwrap_err().iter().map(|error| error.field).collect();
        assert_eq!(fields, ["is_primary", "alt_text", "caption", "order", "tags", "metadata"]);
    }

    #[test]
    fn nothing_sent_means_the_defaults() {
        assert_eq!(UploadDetails::parse(&RawDetails::default()), Ok(UploadDetails::default()));
    }

    #[test]
    fn flags_have_four_spellings() {
        for (text, flag) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(parse_flag(text), Ok(flag));
        }
        for bad in ["", "TRUE", "yes", "2"] {
            assert!(parse_flag(bad).is_err(), "{bad}");
        }
    }
}
