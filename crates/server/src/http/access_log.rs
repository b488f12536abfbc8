//! The outermost layer: the request id, a span for every log line below, and one line a request.
//!
//! Owns which facts of a request are logged; refuses to log header values and query strings, which
//! may hold secrets.

use crate::http::request_id::{RequestId, X_REQUEST_ID};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use std::time::Instant;
use tracing::Instrument;

/// Runs the request within its span, and logs how it ended.
///
/// # Errors
/// Whatever the inner layers return.
pub async fn access_log<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = RequestId::assign(&request);
    let span = tracing::info_span!("request", request_id = id.as_str());
    let method = request.method().clone();
    let path = request.path().to_owned();
    async move {
        let mut response = next.call(request).await?;
        if let Some(value) = id.header() {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        tracing::info!(
            %method,
            path,
            status = response.status().as_u16(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered a request"
        );
        Ok(response)
    }
    .instrument(span)
    .await
}
