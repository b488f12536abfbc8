//! The OpenAPI 3.1 document, generated from the handlers and their types.
//!
//! Owns what every operation has in common: problem bodies with examples, the request id, and the
//! faults that can befall any request. Each handler states the rest beside its code.

pub mod schemas;

use crate::problem::{Problem, Slug};
use crate::routes;
use crate::routes::files::{item, list, upload};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "packshot",
        description = "Takes product photographs from an upload to a shop's page. Every endpoint answers under `/api` and at the root.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/api"), (url = "/")),
    paths(
        upload::upload,
        list::list,
        item::get,
        item::patch,
        item::set_primary,
        item::delete,
        routes::products::list,
        routes::products::get,
        routes::products::put,
        routes::products::delete,
        routes::static_files::serve,
        routes::health::alive,
        routes::health::ready,
        routes::error_pages::page,
    ),
    components(schemas(schemas::ProblemBody)),
    modifiers(&Common)
)]
struct Document;

/// The document as JSON.
///
/// # Errors
/// When it cannot be written, which no document of ours is.
pub fn document() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json()
}

/// What every operation has.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        for path in document.paths.paths.values_mut() {
            let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
            operations.into_iter().flatten().for_each(complete);
        }
    }
}

fn complete(operation: &mut Operation) {
    for slug in [Slug::Internal, Slug::Unavailable] {
        let status = slug.status().as_str().to_owned();
        operation
            .responses
            .responses
            .entry(status)
            .or_insert_with(|| RefOr::T(ResponseBuilder::new().description(slug.explanation()).build()));
    }
    for (status, response) in &mut operation.responses.responses {
        if let (RefOr::T(response), Ok(status)) = (response, status.parse()) {
            complete_response(response, status);
        }
    }
}

fn complete_response(response: &mut Response, status: u16) {
    let mut header = |name: &str, description: &str| {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        response.headers.insert(name.to_owned(), header.into());
    };
    header("X-Request-Id", "The request's id, in the log too");
    match status {
        401 => header("WWW-Authenticate", "Bearer, with error=\"invalid_token\" when a bad token was sent"),
        405 => header("Allow", "The methods that the address answers"),
        429 | 503 => header("Retry-After", "Seconds after which to try again"),
        _ => {}
    }
    if let Some(slug) = Slug::ALL.into_iter().find(|slug| slug.status().as_u16() == status) {
        let example = Problem::new(slug, slug.explanation()).body("https://example.com/errors", "/files");
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        response.content.insert("application/problem+json".to_owned(), content.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parsed() -> Value {
        serde_json::from_str(&document().unwrap()).unwrap()
    }

    #[test]
    fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
        let document = parsed();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let text = document.to_string();
        for reference in text.split(r##""$ref":"#"##).skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn every_error_is_a_problem_and_every_write_needs_a_token() {
        for (path, operations) in parsed()["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    if status.as_str() >= "400" {
                        let content = &response["content"]["application/problem+json"];
                        assert_eq!(
                            content["schema"]["$ref"], "#/components/schemas/Problem",
                            "{method} {path} {status}"
                        );
                    }
                }
                assert_eq!(operation["security"].is_array(), method != "get", "{method} {path}");
            }
        }
    }

    #[test]
    fn every_problem_in_the_document_is_a_known_slug() {
        let text = parsed().to_string();
        let named: Vec<&str> = text.split(r#""type":"https://example.com/errors/"#).skip(1).collect();
        assert!(!named.is_empty());
        for rest in named {
            let slug = rest.split('"').next().unwrap();
            assert!(Slug::ALL.iter().any(|known| known.as_str() == slug), "{slug}");
        }
    }
}
