//! The merge patch of `PATCH /files/{id}` (RFC 7396).
//!
//! Owns which members can be patched and what `null` means for each: no text, order 0, no tags, no
//! metadata. The rules of the values are the domain's, the same as on upload.

use crate::problem::{Problem, Slug};
use packshot_domain::ports::image_repo::{Change, ImagePatch};
use packshot_domain::text::{AltText, Caption, DisplayOrder, InvalidText, Metadata, Tags};
use serde_json::{Map, Value};

/// Reads the patch.
///
/// # Errors
/// A 400 when it is no object, a 422 that names every member that breaks a rule.
pub(crate) fn parse_patch(body: Value) -> Result<ImagePatch, Problem> {
    let Value::Object(members) = body else {
        return Err(Problem::new(Slug::BadRequest, "The request's body must be a JSON object."));
    };
    let mut patch = ImagePatch::default();
    let mut errors: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        if let Err(message) = apply(&mut patch, &name, value) {
            errors.push((name, message));
        }
    }
    if errors.is_empty() {
        return Ok(patch);
    }
    let names: Vec<_> = errors.iter().map(|(name, _)| name.as_str()).collect();
    let detail = format!("Invalid fields: {}.", names.join(", "));
    Err(Problem::fields(Slug::Validation, detail, errors.iter().map(|(name, message)| (name, message))))
}

fn apply(patch: &mut ImagePatch, name: &str, value: Value) -> Result<(), String> {
    match name {
        "altText" => patch.alt_text = Some(text(value, AltText::parse)?),
        "caption" => patch.caption = Some(text(value, Caption::parse)?),
        "order" => patch.order = Some(order(&value)?),
        "tags" => patch.tags = Some(tags(value)?),
        "metadata" => patch.metadata = Some(metadata(value)?),
        _ => return Err("cannot be changed here".to_owned()),
    }
    Ok(())
}

fn text<T>(value: Value, parse: impl Fn(&str) -> Result<T, InvalidText>) -> Result<Change<T>, String> {
    match value {
        Value::Null => Ok(Change::Clear),
        Value::String(text) => parse(&text).map(Change::Set).map_err(|error| error.to_string()),
        _ => Err("must be a string or null".to_owned()),
    }
}

fn order(value: &Value) -> Result<DisplayOrder, String> {
    if value.is_null() {
        return Ok(DisplayOrder::default());
    }
    // What is no integer in range gets the same sentence as a negative one.
    DisplayOrder::new(integer(value).unwrap_or(-1)).map_err(|error| error.to_string())
}

/// JSON knows one kind of number: 2.0 is an integer too.
fn integer(value: &Value) -> Option<i64> {
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX)).then_some(number as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

fn tags(value: Value) -> Result<Tags, String> {
    let message = || "must be an array of strings or null".to_owned();
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        _ => return Err(message()),
    };
    let texts = items.iter().map(|item| item.as_str().ok_or_else(message)).collect::<Result<Vec<_>, _>>()?;
    Tags::parse(texts).map_err(|error| error.to_string())
}

fn metadata(value: Value) -> Result<Change<Map<String, Value>>, String> {
    match value {
        Value::Null => Ok(Change::Clear),
        Value::Object(object) => {
            let checked = Metadata::from_object(object).map_err(|error| error.to_string())?;
            Ok(Change::Set(checked.as_object().clone()))
        }
        _ => Err("must be an object or null".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_takes_away_and_absence_leaves() {
        let patch = parse_patch(json!({ "altText": null, "caption": "c" })).unwrap();
        assert_eq!(patch.alt_text, Some(Change::Clear));
        assert_eq!(patch.caption, Some(Change::Set(Caption::parse("c").unwrap())));
        assert_eq!((patch.order, patch.tags), (None, None));
    }

    #[test]
    fn an_integer_may_be_written_with_a_fraction_of_zero() {
        let order =
            |value: Value| parse_patch(json!({ "order": value })).map(|patch| patch.order.map(DisplayOrder::get));
        assert_eq!(order(json!(2.0)).unwrap(), Some(2));
        for bad in [json!(2.5), json!(-1.0), json!(2_147_483_648.0), json!(1e300)] {
            assert!(order(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_bad_member_is_named() {
        let body =
            json!({ "altText": 1, "caption": "x".repeat(501), "order": 1.5, "tags": [1], "metadata": [], "id": "x" });
        let problem = parse_patch(body).unwrap_err();
        assert_eq!(problem.slug, Slug::Validation);
        assert_eq!(problem.extensions["errors"].as_array().unwrap().len(), 6);
        assert_eq!(parse_patch(json!([])).unwrap_err().slug, Slug::BadRequest);
    }
}
