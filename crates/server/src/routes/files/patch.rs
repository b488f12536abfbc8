//! The merge patch of `PATCH /files/{id}` (RFC 7396).
//!
//! Owns which members can be patched and what `null` means for each: no text, order 0, no tags, no
//! metadata. The rules of the values are the domain's, the same as on upload.

use crate::problem::{Problem, Slug};
use packshot_domain::json::{Json, Object};
use packshot_domain::ports::image_repo::{Change, ImagePatch};
use packshot_domain::text::{AltText, Caption, DisplayOrder, InvalidText, Metadata, Tags};

/// Reads the patch.
///
/// # Errors
/// A 422 that names every member that breaks a rule.
pub(crate) fn parse_patch(body: &Object) -> Result<ImagePatch, Problem> {
    let mut patch = ImagePatch::default();
    let mut errors: Vec<(&str, String)> = Vec::new();
    for (name, value) in body.iter() {
        if let Err(message) = apply(&mut patch, name, value) {
            errors.push((name, message));
        }
    }
    if errors.is_empty() {
        return Ok(patch);
    }
    let names: Vec<_> = errors.iter().map(|(name, _)| *name).collect();
    let detail = format!("Invalid fields: {}.", names.join(", "));
    Err(Problem::fields(Slug::Validation, detail, errors.iter().map(|(name, message)| (name, message))))
}

fn apply(patch: &mut ImagePatch, name: &str, value: &Json) -> Result<(), String> {
    match name {
        "altText" => patch.alt_text = Some(text(value, AltText::parse)?),
        "caption" => patch.caption = Some(text(value, Caption::parse)?),
        "order" => patch.order = Some(order(value)?),
        "tags" => patch.tags = Some(tags(value)?),
        "metadata" => patch.metadata = Some(metadata(value)?),
        _ => return Err("cannot be changed here".to_owned()),
    }
    Ok(())
}

fn text<T>(value: &Json, parse: impl Fn(&str) -> Result<T, InvalidText>) -> Result<Change<T>, String> {
    match value {
        Json::Null => Ok(Change::Clear),
        Json::String(text) => parse(text).map(Change::Set).map_err(|error| error.to_string()),
        _ => Err("must be a string or null".to_owned()),
    }
}

fn order(value: &Json) -> Result<DisplayOrder, String> {
    let integer = match value {
        Json::Null => return Ok(DisplayOrder::default()),
        // JSON knows one kind of number: 2.0 is an integer too.
        Json::Number(number) => number.integer(),
        _ => None,
    };
    // What is no integer in range gets the same sentence as a negative one.
    DisplayOrder::new(integer.unwrap_or(-1)).map_err(|error| error.to_string())
}

fn tags(value: &Json) -> Result<Tags, String> {
    let message = || "must be an array of strings or null".to_owned();
    let items = match value {
        Json::Null => &[],
        Json::Array(items) => items.as_slice(),
        _ => return Err(message()),
    };
    let mut texts = Vec::new();
    for item in items {
        let Json::String(text) = item else { return Err(message()) };
        texts.push(text);
    }
    Tags::parse(texts).map_err(|error| error.to_string())
}

fn metadata(value: &Json) -> Result<Change<Object>, String> {
    match value {
        Json::Null => Ok(Change::Clear),
        Json::Object(object) => {
            let checked = Metadata::from_object(object.clone()).map_err(|error| error.to_string())?;
            Ok(Change::Set(checked.as_object().clone()))
        }
        _ => Err("must be an object or null".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parsed(body: &Value) -> Result<ImagePatch, Problem> {
        parse_patch(&Object::parse(&body.to_string()).unwrap().unwrap())
    }

    #[test]
    fn null_takes_away_and_absence_leaves() {
        let patch = parsed(&json!({ "altText": null, "caption": "c" })).unwrap();
        assert_eq!(patch.alt_text, Some(Change::Clear));
        assert_eq!(patch.caption, Some(Change::Set(Caption::parse("c").unwrap())));
        assert_eq!((patch.order, patch.tags), (None, None));
    }

    #[test]
    fn an_integer_may_be_written_with_a_fraction_of_zero() {
        let order = |value: Value| parsed(&json!({ "order": value })).map(|patch| patch.order.map(DisplayOrder::get));
        assert_eq!(order(json!(2.0)).unwrap(), Some(2));
        for bad in [json!(2.5), json!(-1.0), json!(2_147_483_648.0), json!(1e300), json!("2"), json!(true)] {
            assert!(order(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_bad_member_is_named() {
        let body =
            json!({ "altText": 1, "caption": "x".repeat(501), "order": 1.5, "tags": [1], "metadata": [], "id": "x" });
        let problem = parsed(&body).unwrap_err();
        assert_eq!(problem.slug, Slug::Validation);
        assert_eq!(problem.extensions["errors"].as_array().unwrap().len(), 6);
    }
}
