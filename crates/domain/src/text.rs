//! What the shop says about an image: texts, order, tags and metadata.
//!
//! Owns the limits of each field and the sentence that tells a client which one was broken;
//! refuses to know in which request the text came.

use crate::json::{Json, Object};
use crate::unicode::composed;

/// Why a field's value was refused: one sentence for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(String);

impl InvalidText {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

fn checked(label: &str, text: &str, max_chars: usize) -> Result<String, InvalidText> {
    if text.chars().count() > max_chars {
        return Err(InvalidText::new(format!("{label} must be at most {max_chars} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidText::new(format!("{label} must not contain control characters")));
    }
    Ok(text.to_owned())
}

/// Alternative text: at most 255 characters, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltText(String);

impl AltText {
    /// The longest text, in Unicode scalar values.
    pub const MAX_CHARS: usize = 255;

    /// Takes `text` as it is.
    ///
    /// # Errors
    /// [`InvalidText`] when it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        checked("Alternative text", text, Self::MAX_CHARS).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A caption: at most 500 characters, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption(String);

impl Caption {
    /// The longest caption, in Unicode scalar values.
    pub const MAX_CHARS: usize = 500;

    /// Takes `text` as it is.
    ///
    /// # Errors
    /// [`InvalidText`] when it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        checked("Caption", text, Self::MAX_CHARS).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an image stands among its product's images: 0 to 2147483647, lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct DisplayOrder(i32);

impl DisplayOrder {
    /// Takes a number in range.
    ///
    /// # Errors
    /// [`InvalidText`] when it is negative or above 2147483647.
    pub fn new(order: i64) -> Result<Self, InvalidText> {
        match i32::try_from(order) {
            Ok(order) if order >= 0 => Ok(Self(order)),
            _ => Err(InvalidText::new("Order must be an integer from 0 to 2147483647")),
        }
    }

    /// Takes decimal digits.
    ///
    /// # Errors
    /// [`InvalidText`] when `text` is not a plain integer in range.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // A number too long for i64 is out of range as well.
        Self::new(if digits { text.parse().unwrap_or(-1) } else { -1 })
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

/// At most 10 distinct tags of 1 to 50 characters each, composed (NFC), in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags(Vec<String>);

impl Tags {
    /// The most tags of one image.
    pub const MAX_COUNT: usize = 10;
    /// The longest tag, in characters.
    pub const MAX_CHARS: usize = 50;

    /// Takes tags trimmed and composed, without the empty ones and without repetitions.
    ///
    /// # Errors
    /// [`InvalidText`] when there are too many, or one is too long or has control characters.
    pub fn parse<I, S>(tags: I) -> Result<Self, InvalidText>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut kept: Vec<String> = Vec::new();
        for tag in tags {
            let tag = composed(tag.as_ref().trim());
            if tag.is_empty() || kept.iter().any(|known| *known == tag) {
                continue;
            }
            kept.push(checked("Each tag", &tag, Self::MAX_CHARS)?);
            if kept.len() > Self::MAX_COUNT {
                return Err(InvalidText::new(format!("At most {} tags are allowed", Self::MAX_COUNT)));
            }
        }
        Ok(Self(kept))
    }

    /// What a repository stored of tags that were checked when they came in, by the rules of that time.
    #[must_use]
    pub fn from_trusted(tags: Vec<String>) -> Self {
        Self(tags)
    }

    /// The tags in order.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// Free metadata: a JSON object of at most 16 KiB as text and at most 8 levels deep, kept as it was sent.
///
/// The server adds a `colorProfile` of its own, which counts against no limit: a `colorProfile` that it may have
/// written, which is a text of at most 255 characters, is not counted, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(Object);

impl Metadata {
    /// The largest JSON text, in bytes.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The deepest nesting of objects and arrays, the object itself included.
    pub const MAX_DEPTH: usize = 8;
    /// The key that the server adds unless the client sent it.
    pub const COLOR_PROFILE: &'static str = "colorProfile";
    /// The longest value that the server gives it, in characters.
    const MAX_PROFILE_CHARS: usize = 255;

    /// Takes a JSON text.
    ///
    /// # Errors
    /// [`InvalidText`] when it is not JSON, not an object, too large or too deep.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        if text.len() > Self::MAX_BYTES {
            return Err(too_large());
        }
        match Object::parse(text) {
            Ok(Some(object)) => Self::from_object(object),
            Ok(None) => Err(InvalidText::new("Metadata must be a JSON object")),
            Err(error) => Err(InvalidText::new(format!("Metadata must be valid JSON: {error}"))),
        }
    }

    /// Takes a parsed object.
    ///
    /// # Errors
    /// [`InvalidText`] when it is too large or too deep.
    pub fn from_object(object: Object) -> Result<Self, InvalidText> {
        if object.iter().any(|(_, value)| value.is_deeper_than(Self::MAX_DEPTH - 1)) {
            return Err(InvalidText::new("Metadata must be at most 8 levels deep"));
        }
        let mut sent = object.clone();
        sent.retain(|name, value| !is_of_the_server(name, value));
        if sent.to_string().len() > Self::MAX_BYTES {
            return Err(too_large());
        }
        Ok(Self(object))
    }

    /// What a repository stored of metadata that was checked when it came in.
    #[must_use]
    pub fn from_trusted(object: Object) -> Self {
        Self(object)
    }

    /// The same with a merge patch applied: `null` takes a member away, objects are merged member by
    /// member, everything else is replaced (RFC 7396, 2).
    ///
    /// # Errors
    /// [`InvalidText`] when the result is too large or too deep.
    pub fn merged(&self, patch: &Object) -> Result<Self, InvalidText> {
        let mut object = self.0.clone();
        object.merge(patch);
        Self::from_object(object)
    }

    /// What is left without what the client sent: `colorProfile`.
    #[must_use]
    pub fn cleared(mut self) -> Self {
        self.0.retain(|name, _| name == Self::COLOR_PROFILE);
        self
    }

    /// The same with `colorProfile` set, unless the client had set it.
    #[must_use]
    pub fn with_color_profile(self, description: &str) -> Self {
        Self(self.0.or_with(Self::COLOR_PROFILE, Json::String(description.to_owned())))
    }

    /// The JSON object.
    #[must_use]
    pub fn as_object(&self) -> &Object {
        &self.0
    }
}

fn too_large() -> InvalidText {
    InvalidText::new("Metadata must be at most 16 KiB of JSON")
}

fn is_of_the_server(name: &str, value: &Json) -> bool {
    let is_short = |text: &str| text.chars().count() <= Metadata::MAX_PROFILE_CHARS;
    name == Metadata::COLOR_PROFILE && matches!(value, Json::String(text) if is_short(text))
}

/// The client's name of the file: path parts removed, 1 to 255 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalName(String);

impl OriginalName {
    /// The longest name kept, in characters.
    pub const MAX_CHARS: usize = 255;

    /// The last path segment of `name` (of either slash), control characters dropped, cut to 255
    /// characters; `unnamed` where nothing is left.
    #[must_use]
    pub fn from_client(name: &str) -> Self {
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept: String = base.chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect();
        let kept = kept.trim();
        Self(if kept.is_empty() { "unnamed".to_owned() } else { kept.to_owned() })
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
    fn limits_count_characters_not_bytes() {
        assert!(AltText::parse(&"ü".repeat(255)).is_ok());
        assert!(AltText::parse(&"ü".repeat(256)).is_err());
        assert!(Caption::parse(&"😀".repeat(500)).is_ok());
        assert!(Caption::parse(&"😀".repeat(501)).is_err());
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(AltText::parse("a\0b").is_err());
        assert!(Caption::parse("a\u{1b}[31m").is_err());
        assert!(Caption::parse("two\nlines").is_err());
    }

    #[test]
    fn order_is_a_plain_integer_in_range() {
        assert_eq!(DisplayOrder::parse("0").unwrap().get(), 0);
        assert_eq!(DisplayOrder::parse("2147483647").unwrap().get(), i32::MAX);
        for bad in ["", "-1", "2147483648", "99999999999999999999", "1.5", "1e3", "+1", "x"] {
            assert!(DisplayOrder::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_trimmed_and_made_distinct_before_they_are_counted() {
        let tags = Tags::parse([" desk ", "", "desk", "keyboard"]).unwrap();
        assert_eq!(tags.as_slice(), ["desk", "keyboard"]);
        assert!(Tags::parse((0..10).map(|n| n.to_string())).is_ok());
        assert!(Tags::parse((0..11).map(|n| n.to_string())).is_err());
        assert!(Tags::parse(["x".repeat(51)]).is_err());
        assert!(Tags::parse(["a\nb"]).is_err());
    }

    #[test]
    fn tags_that_look_the_same_are_one_composed_and_counted_so() {
        assert_eq!(Tags::parse(["cafe\u{301}", "café"]).unwrap().as_slice(), ["café"]);
        assert_eq!(Tags::parse(["Red", "red", "red, blue"]).unwrap().as_slice(), ["Red", "red", "red, blue"]);
        assert!(Tags::parse(["e\u{301}".repeat(50)]).is_ok());
        assert!(Tags::parse(["e\u{301}".repeat(51)]).is_err());
    }

    #[test]
    fn metadata_is_an_object_of_bounded_size_and_depth() {
        assert!(Metadata::parse(r#"{"camera": "Canon EOS R5"}"#).is_ok());
        for bad in ["[]", "1", "null", "{", ""] {
            assert!(Metadata::parse(bad).is_err(), "{bad}");
        }
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(Metadata::parse(&nested(8)).is_ok());
        assert!(Metadata::parse(&nested(9)).is_err());
        assert_eq!(
            Metadata::parse(r#"{"a":1,"a":2}"#).unwrap_err().to_string(),
            r#"Metadata must be valid JSON: the name "a" stands twice in one object"#
        );
    }

    fn object(text: &str) -> Object {
        Object::parse(text).unwrap().unwrap()
    }

    #[test]
    fn patches_are_merged_as_rfc_7396_says() {
        let merged = |target: &str, patch: &str| {
            Metadata::parse(target).unwrap().merged(&object(patch)).unwrap().as_object().to_string()
        };
        // From the appendix of the RFC, those whose target and result are objects.
        assert_eq!(merged(r#"{"a":"b"}"#, r#"{"a":"c"}"#), r#"{"a":"c"}"#);
        assert_eq!(merged(r#"{"a":"b"}"#, r#"{"b":"c"}"#), r#"{"a":"b","b":"c"}"#);
        assert_eq!(merged(r#"{"a":"b"}"#, r#"{"a":null}"#), "{}");
        assert_eq!(merged(r#"{"a":["b"]}"#, r#"{"a":"c"}"#), r#"{"a":"c"}"#);
        assert_eq!(merged(r#"{"a":"c"}"#, r#"{"a":["b"]}"#), r#"{"a":["b"]}"#);
        assert_eq!(merged(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#), r#"{"a":{"b":"d"}}"#);
        assert_eq!(merged(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#), r#"{"a":[1]}"#);
        assert_eq!(merged("{}", r#"{"a":{"bb":{"ccc":null}}}"#), r#"{"a":{"bb":{}}}"#);
    }

    #[test]
    fn what_grows_too_large_by_merging_is_refused() {
        let half = |key: &str| format!(r#"{{"{key}":"{}"}}"#, "x".repeat(9000));
        let patch = object(&half("b"));
        assert!(Metadata::parse(&half("a")).unwrap().merged(&patch).is_err());
        assert!(Metadata::parse("{}").unwrap().merged(&patch).is_ok());
    }

    #[test]
    fn what_the_server_adds_counts_against_no_limit() {
        let of_bytes = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        let largest = Metadata::parse(&of_bytes(Metadata::MAX_BYTES)).unwrap().with_color_profile(&"é".repeat(255));
        assert_eq!(largest.merged(&Object::default()), Ok(largest.clone()));
        assert_eq!(largest.merged(largest.as_object()), Ok(largest.clone()));
        assert!(largest.merged(&object(r#"{"b":1}"#)).is_err());
        assert!(Metadata::parse(&of_bytes(Metadata::MAX_BYTES + 1)).is_err());
        let own = object(&format!(r#"{{"colorProfile":"{}"}}"#, "x".repeat(256)));
        assert!(largest.merged(&own).is_err(), "that one is a client's");
    }

    #[test]
    fn what_is_cleared_keeps_its_color_profile() {
        let text = |metadata: Metadata| metadata.cleared().as_object().to_string();
        let metadata = Metadata::parse(r#"{"a":1,"b":{}}"#).unwrap();
        assert_eq!(text(metadata.clone()), "{}");
        assert_eq!(text(metadata.with_color_profile("sRGB")), r#"{"colorProfile":"sRGB"}"#);
    }

    #[test]
    fn the_clients_color_profile_wins() {
        let sent = Metadata::parse(r#"{"colorProfile": "mine"}"#).unwrap();
        assert_eq!(sent.with_color_profile("sRGB").as_object().to_string(), r#"{"colorProfile":"mine"}"#);
        let added = Metadata::default().with_color_profile("sRGB");
        assert_eq!(added.as_object().to_string(), r#"{"colorProfile":"sRGB"}"#);
    }

    #[test]
    fn original_names_lose_their_path() {
        assert_eq!(OriginalName::from_client(r"C:\photos\a.jpg").as_str(), "a.jpg");
        assert_eq!(OriginalName::from_client("../../etc/passwd").as_str(), "passwd");
        assert_eq!(OriginalName::from_client("").as_str(), "unnamed");
        assert_eq!(OriginalName::from_client("a\r\nb.png").as_str(), "ab.png");
        assert_eq!(OriginalName::from_client(&"é".repeat(300)).as_str().chars().count(), 255);
    }
}
