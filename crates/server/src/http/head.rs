//! How large a request's head may be.
//!
//! Owns the limit up to which a head is refused with a problem. Far beyond it, and for more than 96 header
//! fields, the framework refuses by itself before anybody else sees the request: 431 without a body.

use crate::problem::{Problem, Slug};
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// Room for a token of an identity provider that knows much, several times.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Refuses a request whose address and header fields are larger than [`MAX_HEAD_BYTES`].
///
/// # Errors
/// Whatever the inner layers return.
pub async fn limit_head(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    if request.uri().to_string().len() + fields.sum::<usize>() > MAX_HEAD_BYTES {
        let detail = "The request's address and header fields have more than 32 KiB.";
        let problem = Problem::new(Slug::HeadersTooLarge, detail);
        return Ok(request.error_response(problem).map_into_boxed_body());
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}
