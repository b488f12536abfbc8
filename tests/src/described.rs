//! Every answer against the OpenAPI document: its status, its header fields, its media type, its body.
//!
//! Owns how an answer finds its description; refuses to know any endpoint. Its surprising rule: the
//! schemas are closed here. The document lets a later version add members, the tests do not: a member
//! that nobody described is a fault.

use crate::answer::Answer;
use crate::command::{command, finish};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What HTTP itself puts into answers, and what a preflight is answered with.
const TRANSPORT: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];
const METHODS: [&str; 6] = ["get", "head", "put", "post", "patch", "delete"];

/// The document of the binary under test.
///
/// # Panics
/// When the binary does not print one.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let printed = finish(command(folder.path(), []).arg("openapi")).ok();
        serde_json::from_str(&printed).expect("the document is JSON")
    })
}

/// Checks that `answer` is one that the document describes for `method` at `path` (without its query).
///
/// # Panics
/// When it is not; says what is not described.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    let method = method.to_ascii_lowercase();
    let shown = || format!("{method} {path}: {}", answer.shown());
    let path = path.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let Some((template, item)) = find(path) else {
        assert_eq!(answer.status, 404, "an address that is not described: {}", shown());
        return check_problem(&method, answer, &shown());
    };
    if !METHODS.contains(&method.as_str()) || item.get(&method).is_none() {
        if method == "options" && answer.header("access-control-allow-methods").is_some() {
            return;
        }
        assert_eq!(answer.status, 405, "a method that is not described: {}", shown());
        assert_eq!(allowed(answer), described_methods(item), "{}", shown());
        return check_problem(&method, answer, &shown());
    }
    let response = &item[&method]["responses"][answer.status.to_string()];
    let response = resolve(response);
    assert!(response.is_object(), "{template} does not describe this status: {}", shown());
    check_headers(response, answer, &shown());
    check_body(&method, response, answer, &shown());
}

/// The address whose template this path fits, one with fewer parameters first.
fn find(path: &str) -> Option<(&'static String, &'static Value)> {
    let parameters = |template: &str| template.matches('{').count();
    let items = document()["paths"].as_object().expect("paths");
    items.iter().filter(|(template, _)| fits(template, path)).min_by_key(|(template, _)| parameters(template))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/').collect::<Vec<_>>(), path.split('/').collect::<Vec<_>>());
    template.len() == path.len()
        && template.iter().zip(&path).all(
            |(part, segment)| {
                if part.starts_with('{') { !segment.is_empty() } else { part == segment }
            },
        )
}

fn allowed(answer: &Answer) -> Vec<String> {
    let value = answer.header("allow").unwrap_or_default();
    let mut methods: Vec<String> = value.split(',').map(|method| method.trim().to_ascii_lowercase()).collect();
    methods.sort();
    methods
}

fn described_methods(item: &Value) -> Vec<String> {
    let mut methods: Vec<String> =
        METHODS.iter().filter(|method| item.get(method).is_some()).map(|&method| method.to_owned()).collect();
    methods.sort();
    methods
}

fn check_problem(method: &str, answer: &Answer, shown: &str) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{shown}");
    if method != "head" {
        check_schema(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.json(), shown);
    }
}

fn check_headers(response: &'static Value, answer: &Answer, shown: &str) {
    let described = response["headers"].as_object().into_iter().flatten();
    let lower: BTreeMap<String, &Value> =
        described.map(|(name, header)| (name.to_ascii_lowercase(), resolve(header))).collect();
    for (name, value) in &answer.headers {
        if TRANSPORT.contains(&name.as_str()) || name == "content-type" {
            continue;
        }
        let header = lower.get(name).unwrap_or_else(|| panic!("the header field {name} is not described: {shown}"));
        let value = match header["schema"]["type"].as_str() {
            Some("integer") => value.parse::<u64>().map_or_else(|_| json!(value), Value::from),
            _ => json!(value),
        };
        check_schema(&header["schema"], &value, &format!("{name} of {shown}"));
    }
    for (name, header) in &lower {
        if header["required"] == true {
            assert!(answer.header(name).is_some(), "{name} is missing: {shown}");
        }
    }
}

fn check_body(method: &str, response: &Value, answer: &Answer, shown: &str) {
    let Some(content) = response["content"].as_object().filter(|_| method != "head") else {
        assert!(answer.body.is_empty(), "a body that is not described: {shown}");
        return;
    };
    let media_type = answer.header("content-type").unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    let described = content.get(essence);
    let described = described.unwrap_or_else(|| panic!("the media type {essence:?} is not described: {shown}"));
    if essence.ends_with("json") && described.get("schema").is_some() {
        check_schema(&described["schema"], &answer.json(), shown);
    }
}

fn check_schema(schema: &Value, value: &Value, shown: &str) {
    let faults: Vec<String> =
        validator(schema).iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:?}: {shown}");
}

/// A validator of a schema of the document, with all its components at hand.
///
/// # Panics
/// When the schema is none.
#[must_use]
pub fn validator(schema: &Value) -> Validator {
    static CLOSED: OnceLock<Value> = OnceLock::new();
    let components = CLOSED.get_or_init(|| {
        let mut components = document()["components"].clone();
        close(&mut components["schemas"]);
        components
    });
    let mut whole = schema.as_object().cloned().unwrap_or_default();
    whole.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    whole.insert("components".to_owned(), components.clone());
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&Value::Object(whole)).unwrap_or_else(|error| panic!("no schema ({error}): {schema}"))
}

/// No members but those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document().pointer(&reference[1..]).expect("references lead somewhere"),
        None => value,
    }
}
