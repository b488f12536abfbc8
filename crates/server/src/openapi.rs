//! The OpenAPI 3.1 document, generated from the handlers and their types.
//!
//! Owns the list of what is described. Each handler states beside its code what is its own; what
//! operations have in common is added by `complete`, and `examples` shows what each says.

mod complete;
mod examples;
mod headers;
pub(crate) mod parameters;
pub mod schemas;

use crate::routes;
use crate::routes::files::{item, list, upload};
use serde_json::Value;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "packshot",
        description = "Takes product photographs from an upload to a shop's page.\n\nEvery endpoint answers under `/api` and at the root. Reads are public; every write needs a bearer token with an admin role. Every error is `application/problem+json` (RFC 9457): an unknown address is 404, a method that an address does not answer is 405 with `Allow`, header fields of more than 32 KiB are 431, and a body that arrives too slowly is 408. What is no HTTP at all, or far larger, gets a bare 400, 408 or 431, and its connection is closed. Browsers may call from other origins: preflights are answered for every address.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/api", description = "As clients call it"), (url = "/", description = "The same, as `Location` names it")),
    tags(
        (name = "Product Images", description = "Uploading, listing, editing and deleting images"),
        (name = "Products", description = "What images belong to"),
        (name = "Files", description = "The images' files, for browsers and caches"),
        (name = "Operation", description = "Health, and what the API says of itself"),
    ),
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
        routes::metrics::metrics,
        routes::error_pages::page,
        routes::documents::openapi,
        routes::documents::docs,
        routes::documents::browse,
    ),
    components(schemas(schemas::ProblemBody))
)]
struct Document;

/// The document.
///
/// # Errors
/// When it cannot be written as JSON, which no document of ours is.
pub fn document() -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(Document::openapi())?;
    complete::complete(&mut document);
    Ok(document)
}

#[cfg(test)]
mod tests;
