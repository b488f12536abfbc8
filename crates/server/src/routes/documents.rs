//! `/openapi.json` and `/docs`: the contract, for programs and for people.
//!
//! The page and all it loads come from the binary; no network is needed.

use crate::openapi;
use crate::problem::Problem;
use crate::problem::mapping::FAILED;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::{Config, serve};

/// What the page may do: run its own scripts and ask its own server.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; frame-ancestors 'none'";

#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Operation",
    operation_id = "getDocument",
    responses((status = 200, description = "The OpenAPI document", body = Object))
)]
/// This document.
pub(crate) async fn openapi() -> Result<HttpResponse, Problem> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = match DOCUMENT.get() {
        Some(document) => document,
        None => {
            let document = openapi::document().map_err(|error| Problem::internal(FAILED, error))?;
            DOCUMENT.get_or_init(|| document.to_string())
        }
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(document.as_str()))
}

#[utoipa::path(
    get,
    path = "/docs",
    tag = "Operation",
    operation_id = "findDocs",
    responses((status = 308, description = "The page's address has a slash at its end"))
)]
/// The page's address without its slash leads to the one with it.
pub(crate) async fn docs(request: HttpRequest) -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, format!("{}/", request.path()))).finish()
}

#[utoipa::path(
    get,
    path = "/docs/",
    tag = "Operation",
    operation_id = "browseDocs",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
/// A page to browse this document; it loads nothing from elsewhere.
pub(crate) async fn browse(file: web::Path<String>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::new(crate::problem::Slug::NotFound, "There is no such page.");
    let config = Arc::new(Config::from("../openapi.json"));
    let found = serve(&file, config).map_err(|error| Problem::internal(FAILED, error.to_string()))?;
    let found = found.ok_or_else(missing)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .content_type(found.content_type)
        .body(found.bytes.into_owned()))
}
