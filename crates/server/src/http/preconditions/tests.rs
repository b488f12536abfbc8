//! The preconditions against the text of RFC 9110, over every combination of what can be sent and be there.

use super::*;
use actix_web::test::TestRequest;

const OURS: &str = "a1";
/// When the representation was last written; HTTP dates have no fractions.
const CHANGED: &str = "2024-01-15T10:30:00.5Z";
const LISTS: [Option<&str>; 9] = [
    None,
    Some("*"),
    Some(r#""a1""#),
    Some(r#"W/"a1""#),
    Some(r#""other""#),
    Some(r#""other", "a1""#),
    Some(", \"a,1\" ,, W/\"\", \"x\u{e9}\","),
    Some(r#""a,"a1""#),
    Some(""),
];
const DATES: [Option<&str>; 6] = [
    None,
    Some("Mon, 15 Jan 2024 10:29:59 GMT"),
    Some("Mon, 15 Jan 2024 10:30:00 GMT"),
    Some("Mon, 15 Jan 2024 10:30:01 GMT"),
    Some("Monday, 15-Jan-24 10:29:59 GMT"),
    Some("2024-01-15T10:00:00Z"),
];

fn verdict(
    method: &Method,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    date: Option<&str>,
    etag: Option<&EntityTag>,
) -> Option<Verdict> {
    let fields = [("If-Match", if_match), ("If-None-Match", if_none_match), ("If-Unmodified-Since", date)];
    let mut request = TestRequest::default().method(method.clone());
    for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        request = request.append_header((name, value.as_bytes()));
    }
    let preconditions = Preconditions::of(&request.to_http_request()).ok()?;
    let changed_at = Some(CHANGED.parse().unwrap());
    Some(preconditions.verdict(method, etag.map(|etag| Current { etag, changed_at })))
}

/// Whether the field's list, told apart here by hand, has our tag: by strong and by weak comparison.
fn names_ours(list: &str) -> Option<(bool, bool)> {
    match list {
        r#""a1""# | r#""other", "a1""# => Some((true, true)),
        r#"W/"a1""# => Some((false, true)),
        r#""a,"a1""# => None,
        _ => Some((false, false)),
    }
}

/// RFC 9110, 13.2.2, step by step; `None` where a field cannot be read.
fn expected(
    method: &Method,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    date: Option<&str>,
    is_there: bool,
) -> Option<Verdict> {
    let is_read = method == Method::GET || method == Method::HEAD;
    // 1. When recipient is the origin server and If-Match is present, evaluate the precondition.
    if let Some(list) = if_match {
        // 13.1.1: `*` is true if there is a current representation, a list if one tag matches strongly.
        let is_true = if list == "*" { is_there } else { names_ours(list)?.0 && is_there };
        if !is_true {
            return if if_none_match.is_some_and(|list| names_ours(list).is_none()) && !is_read {
                None
            } else {
                Some(Verdict::Failed)
            };
        }
    // 2. When If-Match is not present and If-Unmodified-Since is, with a date for it.
    } else if let Some(date) = date {
        let is_earlier = ["Mon, 15 Jan 2024 10:29:59 GMT", "Monday, 15-Jan-24 10:29:59 GMT"].contains(&date);
        if is_earlier && is_there {
            return if if_none_match.is_some_and(|list| names_ours(list).is_none()) && !is_read {
                None
            } else {
                Some(Verdict::Failed)
            };
        }
    }
    // 3. When If-None-Match is present.
    if let Some(list) = if_none_match {
        // 13.1.2: `*` is false if there is a current representation, a list if one tag matches weakly.
        let is_false = match names_ours(list) {
            _ if list == "*" => is_there,
            Some((_, weakly)) => weakly && is_there,
            None if is_read => false,
            None => return None,
        };
        if is_false {
            return Some(if is_read { Verdict::NotModified } else { Verdict::Failed });
        }
    }
    Some(Verdict::Proceed)
}

#[test]
fn every_combination_comes_to_what_rfc_9110_says() {
    let tag = EntityTag::new_strong(OURS.to_owned());
    let mut seen = [0; 4];
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE] {
        for etag in [None, Some(&tag)] {
            for if_match in LISTS {
                for if_none_match in LISTS {
                    for date in DATES {
                        let found = verdict(&method, if_match, if_none_match, date, etag);
                        let expected = expected(&method, if_match, if_none_match, date, etag.is_some());
                        assert_eq!(found, expected, "{method} {if_match:?} {if_none_match:?} {date:?} {etag:?}");
                        seen[found.map_or(0, |verdict| 1 + verdict as usize)] += 1;
                    }
                }
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}

#[test]
fn a_field_may_stand_in_several_lines_but_a_date_in_one() {
    let tag = EntityTag::new_strong(OURS.to_owned());
    let current = Some(Current { etag: &tag, changed_at: Some(CHANGED.parse().unwrap()) });
    let of = |fields: &[(&str, &str)]| {
        let request = fields.iter().fold(TestRequest::patch(), |request, field| request.append_header(*field));
        Preconditions::of(&request.to_http_request()).unwrap().verdict(&Method::PATCH, current)
    };
    assert_eq!(of(&[("If-Match", r#""x""#), ("If-Match", r#""a1""#)]), Verdict::Proceed);
    assert_eq!(of(&[("If-Match", r#""x""#), ("If-Match", r#""y""#)]), Verdict::Failed);
    let old = "Mon, 15 Jan 2024 10:29:59 GMT";
    assert_eq!(of(&[("If-Unmodified-Since", old)]), Verdict::Failed);
    assert_eq!(of(&[("If-Unmodified-Since", old), ("If-Unmodified-Since", old)]), Verdict::Proceed);
}
