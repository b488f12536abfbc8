//! The reading of JSON against `serde_json`, which reads the same grammar with code of its own.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// Every text of at most `longest` of these characters.
fn texts(alphabet: &[&str], longest: u32, mut check: impl FnMut(&str)) {
    let mut text = String::new();
    for length in 0..=longest {
        for number in 0..alphabet.len().pow(length) {
            text.clear();
            let mut rest = number;
            for _ in 0..length {
                text.push_str(alphabet[rest % alphabet.len()]);
                rest /= alphabet.len();
            }
            check(&text);
        }
    }
}

/// Both readers agree on `text`, but for what ours keeps and refuses on purpose.
fn agrees(text: &str) {
    match (Json::parse(text), serde_json::from_str::<Value>(text)) {
        (Ok(ours), Ok(theirs)) => {
            let written = ours.to_string();
            assert_eq!(Json::parse(&written), Ok(ours), "{text:?}");
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), theirs, "{text:?}");
        }
        (Err(JsonError::Duplicate(_)), Ok(_)) | (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => assert!(error.to_string().starts_with("number out of range"), "{text:?}: {error}"),
        (Err(error), Ok(_)) => panic!("{text:?}: {error}"),
    }
}

#[test]
fn every_short_text_is_read_as_another_reader_reads_it() {
    texts(&["{", "}", "[", "]", ",", ":", "\"", "\\", "u0000", "a", "1", " ", "null"], 5, agrees);
    texts(&["0", "1", "-", "+", ".", "e", "E"], 7, agrees);
    texts(&["\"", "\\", "u", "d8", "00", "dc", "n", "é", "\u{1}"], 5, agrees);
}

#[test]
fn numbers_are_kept_to_the_last_digit() {
    for text in [
        "0",
        "-0",
        "1.0",
        "1",
        "12345678901234567890123",
        "117.63331139400017",
        "0.1000",
        "1E400",
        "1e-400",
        "-0.0e+00",
        "1e99999999999999999999",
    ] {
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn numbers_are_the_same_by_value() {
    let number = |text: &str| match Json::parse(text).unwrap() {
        Json::Number(number) => number,
        other => panic!("{other}"),
    };
    for (one, other) in [("1", "1.0"), ("10", "1e1"), ("-0", "0.00"), ("0e5", "0"), ("120.50", "1205e-1")] {
        assert!(number(one).same(&number(other)), "{one} {other}");
    }
    for (one, other) in [("1", "-1"), ("1", "10"), ("9007199254740993", "9007199254740992"), ("1e400", "1e401")] {
        assert!(!number(one).same(&number(other)), "{one} {other}");
    }
    for (text, integer) in [
        ("2.0", Some(2)),
        ("20e-1", Some(2)),
        ("-0", Some(0)),
        ("1e3", Some(1000)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("2.5", None),
        ("1e400", None),
        ("1e99999999999999999999", None),
        ("1e-99999999999999999999", None),
    ] {
        assert_eq!(number(text).integer(), integer, "{text}");
    }
}

#[test]
fn what_would_lose_something_is_refused_with_its_reason() {
    let reason = |text: &str| Json::parse(text).unwrap_err().to_string();
    assert_eq!(reason(r#"{"a": 1, "b": {"\u0061": 1, "a": 2}}"#), r#"the name "a" stands twice in one object"#);
    assert_eq!(reason("{\"a\": 1,\n \"b\"}"), "expected `:` at line 2 column 5");
    assert_eq!(reason(r#""\ud800""#), "expected a string whose escapes are characters at line 1 column 1");
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::parse(&nested(Json::MAX_DEPTH)).is_ok());
    assert_eq!(Json::parse(&nested(Json::MAX_DEPTH + 1)), Err(JsonError::TooDeep));
    assert_eq!(Json::parse(&"[".repeat(100_000)), Err(JsonError::TooDeep));
}

/// Texts of numbers, of any length.
fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?"
}

/// Any value of some depth.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number().prop_map(|text| Json::parse(&text).unwrap()),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let members = prop::collection::hash_map("[a-c]|.", inner.clone(), 0..6);
        let object = members.prop_map(|members| Json::Object(Object::new(members.into_iter().collect())));
        prop_oneof![prop::collection::vec(inner, 0..6).prop_map(Json::Array), object]
    })
}

/// The algorithm of RFC 7396, 2, as it is printed there.
fn merge_patch(target: Json, patch: &Json) -> Json {
    let Json::Object(patch) = patch else { return patch.clone() };
    let mut result: Vec<(String, Json)> = match target {
        Json::Object(object) => object.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        _ => Vec::new(),
    };
    for (name, value) in patch.iter() {
        let at = result.iter().position(|(known, _)| known == name);
        match (value, at) {
            (Json::Null, Some(at)) => drop(result.remove(at)),
            (Json::Null, None) => {}
            (value, Some(at)) => result[at].1 = merge_patch(result[at].1.clone(), value),
            (value, None) => result.push((name.to_owned(), merge_patch(Json::Null, value))),
        }
    }
    Json::Object(Object::new(result))
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in value()) {
        let text = value.to_string();
        prop_assert_eq!(Json::parse(&text), Ok(value.clone()));
        prop_assert!(value.same(&Json::parse(&text).unwrap()));
        agrees(&text);
    }

    #[test]
    fn numbers_come_back_as_they_were_sent(text in number()) {
        prop_assert_eq!(Json::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn integers_are_read_however_they_are_written(integer: i64, zeros in 0_usize..20, shift in 0_usize..25) {
        prop_assume!(integer != 0);
        let text = format!("{integer}{}.{}e-{shift}", "0".repeat(shift), "0".repeat(zeros.max(1)));
        let Json::Number(number) = Json::parse(&text).unwrap() else { panic!("{text}") };
        prop_assert_eq!(number.integer(), Some(integer), "{}", text);
    }

    #[test]
    fn a_merge_is_that_of_rfc_7396(target in value(), patch in value()) {
        let mut merged = target.clone();
        merged.merge(&patch);
        prop_assert_eq!(merged, merge_patch(target, &patch));
    }

    #[test]
    fn any_text_is_read_or_refused_as_by_another_reader(text in any::<String>()) {
        agrees(&text);
    }
}
