//! The rest of a chunked body whose request has been answered.
//!
//! Owns how long it is read on: for a while, so that the answer is not lost in a reset, then the connection
//! is dropped. The framework does the same for a body with a length, but reads a chunked one for as long as
//! its client likes. An answer without a body cannot wait: see [`super::pace`] for what it answers.

use crate::app::App;
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody, SizedStream};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{self, Stream, StreamExt};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Ends the connection of a request whose chunked body does not end in time.
///
/// # Errors
/// Whatever the inner layers return.
pub async fn drain(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let linger = request.app_data::<web::Data<App>>().map_or(Duration::ZERO, |app| app.http.connections.linger);
    let rest = Rest::of(&mut request);
    let response = next.call(request).await?.map_into_boxed_body();
    if rest.ends_at_once().await {
        return Ok(response);
    }
    Ok(response.map_body(|_, body| match body.size() {
        BodySize::None | BodySize::Sized(0) => body,
        BodySize::Sized(bytes) => BoxBody::new(SizedStream::new(bytes, Box::pin(then(body, rest, linger)))),
        BodySize::Stream => BoxBody::new(BodyStream::new(Box::pin(then(body, rest, linger)))),
    }))
}

/// The answer, and then the rest of the request: an error when that does not end, which drops the connection.
fn then(
    mut answer: BoxBody,
    rest: Rest,
    linger: Duration,
) -> impl Stream<Item = Result<Bytes, Box<dyn std::error::Error>>> {
    let answer = stream::poll_fn(move |context| Pin::new(&mut answer).poll_next(context));
    let end = stream::once(rest.ends_within(linger)).filter_map(|ended| async move {
        let aborted = || Box::<dyn std::error::Error>::from(std::io::Error::from(ErrorKind::ConnectionAborted));
        (!ended).then(|| Err(aborted()))
    });
    answer.chain(end)
}

/// What is still to be read of a request, by its handler or after it.
#[derive(Clone)]
struct Rest(Rc<RefCell<Option<Payload>>>);

impl Rest {
    /// Puts itself in the place of the request's body.
    fn of(request: &mut ServiceRequest) -> Self {
        let rest = Self(Rc::new(RefCell::new(Some(request.take_payload()))));
        request.set_payload(Payload::Stream { payload: Box::pin(rest.clone()) });
        rest
    }

    fn has_ended(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Whether it ends with what has been received already. The framework goes through that when it is asked, and
    /// would announce the connection's end otherwise.
    async fn ends_at_once(&self) -> bool {
        for _ in 0..2 {
            let mut rest = self.clone();
            while !self.has_ended() && rest.next().now_or_never().is_some() {}
            if self.has_ended() {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.has_ended()
    }

    async fn ends_within(self, time: Duration) -> bool {
        let end = self.clone().for_each(|_| std::future::ready(()));
        tokio::time::timeout(time, end).await.is_ok()
    }
}

impl Stream for Rest {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut rest = self.0.borrow_mut();
        let Some(payload) = rest.as_mut() else { return Poll::Ready(None) };
        let next = Pin::new(payload).poll_next(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            *rest = None;
        }
        next
    }
}
