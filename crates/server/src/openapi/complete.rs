//! What operations have in common: who may call, what can befall any request, header fields, HEAD.
//!
//! Owns the rules by which an operation's answers are completed; refuses to know what a handler says
//! of its own. Its surprising rule: the document says what a client can meet, so an operation that
//! reads no body has no 413, and one that asks neither database nor store no 503.

use super::{examples, headers};
use crate::http::render::PROBLEM_JSON;
use crate::problem::Slug;
use packshot_domain::text::Tags;
use serde_json::{Map, Value, json};

/// A list of entity tags.
const TAGS: &str = r#"^(\*|((W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)?)$"#;
const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
/// Operations that ask neither the database nor the store.
const ALONE: [&str; 6] = ["isAlive", "explainProblem", "getDocument", "findDocs", "browseDocs", "loadDocs"];

/// Operations that ask preconditions, and have an entity tag.
const CONDITIONAL_READS: [&str; 6] =
    ["getImage", "getOriginalFile", "getProduct", "getVariantFile", "listImages", "listProducts"];
const CONDITIONAL_WRITES: [&str; 5] = ["editImage", "setPrimaryImage", "deleteImage", "putProduct", "deleteProduct"];

/// Adds everything to the `document` of the handlers.
pub(super) fn complete(document: &mut Value) {
    share_answers_of_addresses(document);
    let mut paths = document["paths"].take();
    for (path, item) in members(&mut paths) {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                complete_operation(path, operation);
            }
        }
        if let Some(read) = item.get("get") {
            item["head"] = head_of(read);
        }
        item["parameters"] = json!([{ "$ref": "#/components/parameters/X-Request-Id" }]);
    }
    document["paths"] = paths;
    complete_requests(&mut document["components"]["schemas"]);
    complete_pages(&mut document["components"]["schemas"]);
    complete_components(&mut document["components"]);
}

/// One handler may serve several addresses: an original lies in no folder, and the page loads files.
fn share_answers_of_addresses(document: &mut Value) {
    let paths = &mut document["paths"];
    let mut original = paths["/static/img/products/{productId}/{folder}/{filename}"].clone();
    original["get"]["operationId"] = "getOriginalFile".into();
    original["get"]["summary"] = "The original of an image.".into();
    if let Some(parameters) = original["get"]["parameters"].as_array_mut() {
        parameters.retain(|parameter| parameter["name"] != "folder");
    }
    paths["/static/img/products/{productId}/{filename}"] = original;

    let mut files = paths["/docs/"].clone();
    files["get"]["operationId"] = "loadDocs".into();
    files["get"]["summary"] = "What the page to browse this document loads.".into();
    files["get"]["parameters"] = json!([{
        "name": "file", "in": "path", "required": true, "schema": { "type": "string" }, "example": "swagger-ui.css",
    }]);
    files["get"]["responses"]["200"]["description"] = "A part of the page".into();
    files["get"]["responses"]["200"]["content"] = json!({
        "text/html": {}, "text/css": {}, "text/javascript": {}, "application/json": {}, "image/png": {},
    });
    files["get"]["responses"]["404"] = json!({ "description": "No such part" });
    paths["/docs/{file}"] = files;
}

fn complete_operation(path: &str, operation: &mut Value) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    parameters.into_iter().flatten().for_each(complete_parameter);
    if CONDITIONAL_READS.contains(&id.as_str()) {
        complete_conditions(operation, "If-None-Match-Read");
        operation["responses"]["304"] = json!({ "description": "The client has it already" });
    }
    if CONDITIONAL_WRITES.contains(&id.as_str()) {
        complete_conditions(operation, "If-None-Match");
    }
    let mut possible = vec![Slug::Internal];
    if !ALONE.contains(&id.as_str()) {
        possible.push(Slug::Unavailable);
    }
    if operation.get("security").is_some() {
        possible.extend([Slug::Unauthorized, Slug::Forbidden]);
    }
    if let Some(body) = operation.get_mut("requestBody") {
        possible.push(Slug::RequestTimeout);
        complete_body(&id, body);
    }
    let responses = &mut operation["responses"];
    for slug in possible {
        let shared = json!({ "$ref": format!("#/components/responses/{}", component_name(slug)) });
        let known = members(responses).any(|(status, _)| status == slug.status().as_str());
        if !known {
            responses[slug.status().as_str()] = shared;
        }
    }
    for (status, response) in members(responses) {
        if response.get("$ref").is_none() {
            complete_response(&id, path, status.parse().unwrap_or_default(), response);
        }
    }
    if let Some(responses) = responses.as_object_mut() {
        responses.sort_keys();
    }
}

/// Preconditions (RFC 9110, 13).
fn complete_conditions(operation: &mut Value, none_match: &str) {
    let fields = ["If-Match", none_match, "If-Unmodified-Since"];
    let fields = fields.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    match &mut operation["parameters"] {
        Value::Array(parameters) => parameters.extend(fields),
        none => *none = Value::Array(fields.into()),
    }
    operation["responses"]["412"] = json!({ "description": "A precondition does not hold" });
    let responses = &mut operation["responses"];
    if responses.get("400").is_none() {
        responses["400"] = json!({ "description": "A precondition that cannot be read" });
    }
}

/// A parameter that is left out is left out, never null.
fn complete_parameter(parameter: &mut Value) {
    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
    let schema = &mut parameter["schema"];
    if let Some(kinds) = schema.get("type").and_then(Value::as_array) {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned();
        schema["type"] = kind.unwrap_or_default();
    }
    if let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf")) {
        // An enumeration and its default, which the generator holds apart.
        for (key, value) in parts.into_iter().rev().filter_map(|part| part.as_object().cloned()).flatten() {
            schema[key] = value;
        }
    }
    match name.as_str() {
        "uploaded_after" | "uploaded_before" => {
            schema["anyOf"] = json!([{ "format": "date-time" }, { "format": "date" }]);
        }
        "is_primary" | "include_variants" => {
            let default = schema.get("default").cloned();
            *schema = json!({ "enum": [true, false, 1, 0] });
            if let Some(default) = default {
                schema["default"] = default;
            }
        }
        _ => {}
    }
}

fn complete_body(id: &str, body: &mut Value) {
    body["required"] = true.into();
    for (kind, content) in members(&mut body["content"]) {
        if kind == "multipart/form-data" {
            content["encoding"] = json!({
                "file": { "contentType": "image/jpeg, image/png, image/webp" },
                "metadata": { "contentType": "application/json" },
            });
        }
        if let Some(example) = examples::request(id) {
            content["example"] = example;
        }
    }
}

fn complete_response(id: &str, path: &str, status: u16, response: &mut Value) {
    response["headers"] = Value::Object(headers::of(id, status));
    if let Some(problem) = examples::problem(id, path, status) {
        response["content"] = json!({ PROBLEM_JSON: problem_content(problem) });
    }
    let content = response.get_mut("content").into_iter().flat_map(members);
    for (kind, content) in content.filter(|(kind, _)| *kind != PROBLEM_JSON) {
        if kind.starts_with("image/") {
            content["schema"] = json!({ "type": "string", "format": "binary" });
        }
        if let Some(example) = examples::answer(id, status) {
            content["example"] = example;
        }
    }
    if let Some(links) = examples::links(id, status) {
        response["links"] = links;
    }
}

fn problem_content(example: Value) -> Value {
    json!({ "schema": { "$ref": "#/components/schemas/Problem" }, "example": example })
}

/// HEAD answers as GET does, without a body.
fn head_of(read: &Value) -> Value {
    let mut head = read.clone();
    let id = read["operationId"].as_str().unwrap_or_default();
    head["operationId"] = format!("{id}Head").into();
    let summary = read["summary"].as_str().unwrap_or_default();
    head["summary"] = format!("{summary} The header fields only.").into();
    for (status, response) in members(&mut head["responses"]) {
        if let Some(shared) = response["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            let status = status.parse().unwrap_or_default();
            *response = json!({ "description": shared, "headers": headers::of(id, status) });
        }
        if let Value::Object(response) = response {
            response.remove("content");
            response.remove("links");
        }
    }
    head
}

/// What no type says: a part's name stands in a header field, which holds no control characters, and
/// empty tags do not count.
fn complete_requests(schemas: &mut Value) {
    schemas["UploadForm"]["propertyNames"] = json!({ "pattern": r"^[^\x00-\x1f\x7f]*$" });
    for name in ["UploadForm", "ImagePatch"] {
        if let Some(tags) = schemas[name]["properties"]["tags"].as_object_mut() {
            tags.insert("contains".to_owned(), json!({ "pattern": r"\S" }));
            tags.insert("minContains".to_owned(), 0.into());
            tags.insert("maxContains".to_owned(), Tags::MAX_COUNT.into());
        }
    }
}

/// One type makes both pages: what their items are, and that images alone are filtered, is said here.
fn complete_pages(schemas: &mut Value) {
    for (page, item) in [("Page_Image", "Image"), ("Page_ListedProduct", "ListedProduct")] {
        schemas[page]["properties"]["items"]["items"] = json!({ "$ref": format!("#/components/schemas/{item}") });
    }
    if let Some(required) = schemas["Page_Image"]["required"].as_array_mut() {
        required.push("filters".into());
    }
    if let Some(properties) = schemas["Page_ListedProduct"]["properties"].as_object_mut() {
        properties.remove("filters");
    }
}

fn complete_components(components: &mut Value) {
    components["headers"] = headers::components();
    components["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A JSON Web Token with an admin role, of `packshot token` or of an identity provider",
        },
    });
    components["parameters"] = json!({
        "X-Request-Id": {
            "name": "X-Request-Id", "in": "header", "required": false,
            "description": "Names the request in answer and log: 1 to 128 of `A-Z a-z 0-9 . _ : -`; another value is replaced",
            "schema": { "type": "string" }, "example": "checkout-42",
        },
        "If-Match": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "Entity tags, one of which it must have; `*`: it must exist. Else 412",
            "schema": { "type": "string", "pattern": TAGS }, "example": "*",
        },
        "If-None-Match": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "Entity tags, none of which it may have; `*`: it must not exist. Else 412",
            "schema": { "type": "string", "pattern": TAGS }, "example": "\"0123456789abcdef0123456789abcdef\"",
        },
        "If-None-Match-Read": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "Entity tags that the client has; `*`: any. Else 304. What is no list of tags asks for nothing",
            "schema": { "type": "string" }, "example": "\"0123456789abcdef0123456789abcdef\"",
        },
        "If-Unmodified-Since": {
            "name": "If-Unmodified-Since", "in": "header", "required": false,
            "description": "HTTP date since which it must not have been written itself, else 412; without `If-Match` only. Dates have whole seconds, so entity tags are safer. Lists have no date",
            "schema": { "type": "string" }, "example": "Tue, 15 Jan 2030 10:30:00 GMT",
        },
    });
    let shared = [
        Slug::Unauthorized,
        Slug::Forbidden,
        Slug::MethodNotAllowed,
        Slug::RequestTimeout,
        Slug::HeadersTooLarge,
        Slug::Internal,
        Slug::Unavailable,
    ];
    let response = |slug: Slug| {
        let response = json!({
            "description": slug.explanation(),
            "headers": headers::of("", slug.status().as_u16()),
            "content": { PROBLEM_JSON: problem_content(examples::shared_problem(slug)) },
        });
        (component_name(slug), response)
    };
    components["responses"] = shared.into_iter().map(response).collect::<Map<_, _>>().into();
}

/// `Unauthorized`, `RequestTimeout` and so on.
fn component_name(slug: Slug) -> String {
    format!("{slug:?}")
}

fn members(value: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    value.as_object_mut().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
