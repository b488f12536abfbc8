//! The merge patch of `PATCH /files/{id}` (RFC 7396).
//!
//! Owns which members can be patched and what `null` means for each: no text, order 0, no tags, no
//! metadata but the server's. The rules of the values are the domain's, the same as on upload. Its surprising
//! rule: members that cannot be changed are taken where they say what is there already, so that an item can be
//! sent back whole.

use crate::problem::mapping::READ_ONLY;
use chrono::DateTime;
use packshot_domain::json::{Json, Object};
use packshot_domain::ports::image_repo::{Change, ImagePatch};
use packshot_domain::text::{AltText, Caption, DisplayOrder, InvalidText, Metadata, Tags};

/// The members of an item that a patch does not change.
const FIXED: [&str; 15] = [
    "id",
    "productId",
    "productName",
    "filename",
    "originalName",
    "mimeType",
    "size",
    "dimensions",
    "url",
    "variants",
    "isPrimary",
    "uploadedAt",
    "uploadedBy",
    "processingStatus",
    "storage",
];

/// A patch, read.
#[derive(Debug, Default)]
pub(crate) struct ReadPatch {
    /// What it changes.
    pub(crate) patch: ImagePatch,
    /// What it says of members that it cannot change.
    pub(crate) fixed: Object,
    /// The members that break a rule, each with what is wrong with it.
    pub(crate) errors: Vec<(String, String)>,
}

/// Reads the patch.
pub(crate) fn read_patch(mut body: Object) -> ReadPatch {
    let mut read = ReadPatch::default();
    for (name, value) in body.iter().filter(|(name, _)| !FIXED.contains(name)) {
        if let Err(message) = apply(&mut read.patch, name, value) {
            read.errors.push((name.to_owned(), message));
        }
    }
    body.retain(|name, _| FIXED.contains(&name));
    read.patch.is_sent_back = !body.is_empty();
    read.fixed = body;
    read
}

/// The names of those members of `fixed` that are not what the `item` has.
pub(crate) fn changed(fixed: &Object, item: &Object) -> Vec<String> {
    let is_changed = |name: &str, value: &Json| {
        let now = item.get(name).unwrap_or(&Json::Null);
        let mut then = now.clone();
        then.merge(value);
        !(then.same(now) || name == "uploadedAt" && is_same_moment(&then, now))
    };
    let changed = fixed.iter().filter(|(name, value)| is_changed(name, value));
    changed.map(|(name, _)| name.to_owned()).collect()
}

/// Clients that read a time write it in their own form, such as with milliseconds.
fn is_same_moment(one: &Json, other: &Json) -> bool {
    let moment = |value: &Json| match value {
        Json::String(text) => DateTime::parse_from_rfc3339(text).ok(),
        _ => None,
    };
    moment(one).is_some_and(|one| Some(one) == moment(other))
}

fn apply(patch: &mut ImagePatch, name: &str, value: &Json) -> Result<(), String> {
    match name {
        "altText" => patch.alt_text = Some(text(value, AltText::parse)?),
        "caption" => patch.caption = Some(text(value, Caption::parse)?),
        "order" => patch.order = Some(order(value)?),
        "tags" => patch.tags = Some(tags(value)?),
        "metadata" => patch.metadata = Some(metadata(value)?),
        _ => return Err(READ_ONLY.to_owned()),
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

    fn read(body: &Value) -> ReadPatch {
        read_patch(Object::parse(&body.to_string()).unwrap().unwrap())
    }

    #[test]
    fn null_takes_away_and_absence_leaves() {
        let patch = read(&json!({ "altText": null, "caption": "c" })).patch;
        assert_eq!(patch.alt_text, Some(Change::Clear));
        assert_eq!(patch.caption, Some(Change::Set(Caption::parse("c").unwrap())));
        assert_eq!((patch.order, patch.tags, patch.is_sent_back), (None, None, false));
    }

    #[test]
    fn an_integer_may_be_written_with_a_fraction_of_zero() {
        let order = |value: Value| read(&json!({ "order": value }));
        assert_eq!(order(json!(2.0)).patch.order.map(DisplayOrder::get), Some(2));
        for bad in [json!(2.5), json!(-1.0), json!(2_147_483_648.0), json!(1e300), json!("2"), json!(true)] {
            assert_eq!(order(bad.clone()).errors.len(), 1, "{bad}");
        }
    }

    #[test]
    fn every_bad_member_is_named() {
        let body =
            json!({ "altText": 1, "caption": "x".repeat(501), "order": 1.5, "tags": [1], "metadata": [], "idx": "x" });
        assert_eq!(read(&body).errors.len(), 6);
    }

    #[test]
    fn what_cannot_be_changed_may_be_said_again() {
        let item = json!({
            "id": "img_1", "size": 2000, "dimensions": { "width": 300, "height": 400 }, "isPrimary": false,
            "uploadedAt": "2024-01-15T10:30:00Z", "tags": ["a"],
        });
        let changed = |body: Value| changed(&read(&body).fixed, &Object::parse(&item.to_string()).unwrap().unwrap());
        assert_eq!(changed(item.clone()), [""; 0]);
        assert_eq!(changed(json!({ "size": 2e3, "dimensions": { "width": 300.0 }, "url": null })), [""; 0]);
        assert_eq!(changed(json!({ "uploadedAt": "2024-01-15T11:30:00.000+01:00" })), [""; 0]);
        let other = json!({
            "id": "img_2", "size": "2000", "dimensions": { "width": 301 }, "isPrimary": null, "url": "x",
            "uploadedAt": "2024-01-15T10:30:01Z",
        });
        assert_eq!(changed(other), ["id", "size", "dimensions", "isPrimary", "url", "uploadedAt"]);
    }
}
