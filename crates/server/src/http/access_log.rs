//! The outermost layer: the request id, a span for every log line below, one line a request, and the
//! same in the metrics.
//!
//! Owns which facts of a request are told; refuses to tell header values and query strings, which may
//! hold secrets. The surprising rule: the span is an error's, so that no `log.level` takes the request id
//! from the lines that it lets through.

use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::telemetry::metrics::{self, InFlight};
use crate::telemetry::steps::StepTimes;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use futures_util::TryStreamExt;
use packshot_domain::step::Step;
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Runs the request within its span, and tells how it ended.
///
/// # Errors
/// Whatever the inner layers return.
pub async fn access_log<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let _in_flight = InFlight::new();
    let id = RequestId::assign(&request);
    let received = count_payload(&mut request);
    let span =
        tracing::error_span!("request", request_id = id.as_str(), method = %request.method(), path = request.path());
    let mut response = next.call(request).instrument(span.clone()).await?;
    if let Some(value) = id.header() {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let times = StepTimes::of(&span);
    span.in_scope(|| tell(&response, started.elapsed(), received.get(), &times));
    Ok(response)
}

fn tell<B: MessageBody>(response: &ServiceResponse<B>, took: Duration, received: u64, times: &StepTimes) {
    let sent = match response.response().body().size() {
        BodySize::Sized(bytes) => bytes,
        BodySize::None | BodySize::Stream => 0,
    };
    let (request, status) = (response.request(), response.status());
    metrics::request(&route(request), request.method(), status, took, received, sent);
    tracing::info!(
        status = status.as_u16(),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        received_bytes = received,
        sent_bytes = sent,
        receive_ms = times.ms(Step::Receive),
        queue_ms = times.ms(Step::Queue),
        clean_ms = times.ms(Step::Clean),
        decode_ms = times.ms(Step::Decode),
        resize_ms = times.ms(Step::Resize),
        encode_ms = times.ms(Step::Encode),
        journal_ms = times.ms(Step::Journal),
        store_ms = times.ms(Step::Store),
        commit_ms = times.ms(Step::Commit),
        "answered a request"
    );
}

/// The pattern that the request's path matched, without the `/api` prefix.
fn route(request: &HttpRequest) -> String {
    let pattern = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    pattern.strip_prefix("/api").filter(|rest| rest.starts_with('/')).map_or(pattern.clone(), str::to_owned)
}

/// Counts the bytes of the request's body as they are read.
fn count_payload(request: &mut ServiceRequest) -> Rc<Cell<u64>> {
    let received = Rc::new(Cell::new(0));
    let counter = Rc::clone(&received);
    match request.take_payload() {
        Payload::None => {}
        payload => {
            let counted = payload.inspect_ok(move |bytes| counter.set(counter.get() + bytes.len() as u64));
            request.set_payload(Payload::Stream { payload: Box::pin(counted) });
        }
    }
    received
}
