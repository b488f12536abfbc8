//! Cross-origin requests: the customer's clients call from another origin.
//!
//! Owns which headers a browser may send and read. No cookies are ever used, so credentials are
//! never allowed.

use actix_cors::Cors;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LOCATION, RETRY_AFTER,
};

/// The layer for these origins; `*` is every origin.
pub(crate) fn cors(origins: &[String]) -> Cors {
    let named = HeaderName::from_static;
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        .allowed_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            IF_NONE_MATCH,
            IF_UNMODIFIED_SINCE,
            named("idempotency-key"),
            named("x-request-id"),
        ])
        .expose_headers([
            LOCATION,
            RETRY_AFTER,
            ETAG,
            named("x-image-id"),
            named("x-request-id"),
            named("idempotent-replayed"),
        ])
        .max_age(3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
