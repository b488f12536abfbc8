//! What the shop says about an image: texts, order, tags and metadata.
//!
//! Owns the limits of each field and the sentence that tells a client which one was broken;
//! refuses to know in which request the text came.

use crate::unicode::composed;
use serde_json::{Map, Value};

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

/// Free metadata: a JSON object of at most 16 KiB as text and at most 8 levels deep.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The largest JSON text, in bytes.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The deepest nesting of objects and arrays, the object itself included.
    pub const MAX_DEPTH: usize = 8;
    /// The key that the server adds unless the client sent it.
    pub const COLOR_PROFILE: &'static str = "colorProfile";

    /// Takes a JSON text.
    ///
    /// # Errors
    /// [`InvalidText`] when it is not JSON, not an object, too large or too deep.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidText::new("Metadata must be at most 16 KiB of JSON"));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Self::from_object(object),
            Ok(_) => Err(InvalidText::new("Metadata must be a JSON object")),
            Err(error) => Err(InvalidText::new(format!("Metadata must be valid JSON: {error}"))),
        }
    }

    /// Takes a parsed object.
    ///
    /// # Errors
    /// [`InvalidText`] when it is too large or too deep.
    pub fn from_object(object: Map<String, Value>) -> Result<Self, InvalidText> {
        let value = Value::Object(object);
        if depth_exceeds(&value, Self::MAX_DEPTH) {
            return Err(InvalidText::new("Metadata must be at most 8 levels deep"));
        }
        if value.to_string().len() > Self::MAX_BYTES {
            return Err(InvalidText::new("Metadata must be at most 16 KiB of JSON"));
        }
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(InvalidText::new("Metadata must be a JSON object")),
        }
    }

    /// What a repository stored of metadata that was checked when it came in.
    #[must_use]
    pub fn from_trusted(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The same with a merge patch applied: `null` takes a member away, objects are merged member by
    /// member, everything else is replaced (RFC 7396, 2).
    ///
    /// # Errors
    /// [`InvalidText`] when the result is too large or too deep.
    pub fn merged(&self, patch: &Map<String, Value>) -> Result<Self, InvalidText> {
        let mut target = Value::Object(self.0.clone());
        merge(&mut target, patch);
        match target {
            Value::Object(object) => Self::from_object(object),
            _ => Ok(Self::default()),
        }
    }

    /// The same with `colorProfile` set, unless the client had set it.
    #[must_use]
    pub fn with_color_profile(mut self, description: &str) -> Self {
        self.0.entry(Self::COLOR_PROFILE).or_insert_with(|| Value::String(description.to_owned()));
        self
    }

    /// The JSON object.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// RFC 7396, 2; as deep as the patch, whose depth was bounded when it was read.
fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        match value {
            Value::Null => drop(members.remove(name)),
            Value::Object(inner) => merge(members.entry(name.clone()).or_insert(Value::Null), inner),
            other => drop(members.insert(name.clone(), other.clone())),
        }
    }
}

fn depth_exceeds(value: &Value, levels: usize) -> bool {
    match value {
        Value::Object(object) => levels == 0 || object.values().any(|inner| depth_exceeds(inner, levels - 1)),
        Value::Array(array) => levels == 0 || array.iter().any(|inner| depth_exceeds(inner, levels - 1)),
        _ => false,
    }
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
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(16 * 1024));
        assert!(Metadata::parse(&large).is_err());
    }

    #[test]
    fn patches_are_merged_as_rfc_7396_says() {
        let merged = |target: &str, patch: &str| {
            let patch: Map<String, Value> = serde_json::from_str(patch).unwrap();
            Value::Object(Metadata::parse(target).unwrap().merged(&patch).unwrap().0).to_string()
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
        let patch: Map<String, Value> = serde_json::from_str(&half("b")).unwrap();
        assert!(Metadata::parse(&half("a")).unwrap().merged(&patch).is_err());
        assert!(Metadata::parse("{}").unwrap().merged(&patch).is_ok());
    }

    #[test]
    fn the_clients_color_profile_wins() {
        let sent = Metadata::parse(r#"{"colorProfile": "mine"}"#).unwrap();
        assert_eq!(sent.with_color_profile("sRGB").as_object()["colorProfile"], "mine");
        assert_eq!(Metadata::default().with_color_profile("sRGB").as_object()["colorProfile"], "sRGB");
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
