//! How slowly a request's body may arrive.
//!
//! Owns the deadline, which moves with every byte: a client gets some patience and, for what it has sent,
//! the time that the slowest good line would have needed. A phone on a bad line gets its picture through; a
//! client that sends a byte a second does not hold a connection. Refuses to judge a body that a handler
//! leaves unread: such a connection is closed after its answer, see [`super::drain`].

use crate::app::App;
use crate::problem::mapping::too_slow;
use crate::problem::{Problem, Slug};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The methods whose handlers read a body, and answer with one.
const READERS: [Method; 3] = [Method::POST, Method::PUT, Method::PATCH];
/// How much of a body is read that no handler wants.
const MAX_USELESS_BYTES: usize = 64 * 1024;

/// The slowest that a request's body may arrive, or an answer be taken.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// What every body gets, whatever its size.
    pub patience: Duration,
    /// What it gets besides for what has arrived.
    pub bytes_per_second: u32,
}

impl Pace {
    fn allows(self, received_bytes: u64) -> Duration {
        self.patience + self.time_for(received_bytes)
    }

    /// What the slowest good line needs for so many bytes.
    pub(crate) fn time_for(self, bytes: u64) -> Duration {
        Duration::from_secs(bytes) / self.bytes_per_second.max(1)
    }
}

/// Ends the request's body with an error when it arrives too slowly, see [`is_too_slow`].
///
/// # Errors
/// Whatever the inner layers return.
pub async fn pace(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let pace = request.app_data::<web::Data<App>>().map(|app| app.http.pace);
    match (request.take_payload(), pace) {
        (Payload::None, _) | (_, None) => {}
        (payload, Some(pace)) => {
            let mut body = Box::pin(paced(payload, pace));
            // Whatever is not meant to have a body may have an answer without one, which ends at once. What follows
            // CONNECT is no body, and does not end.
            if !READERS.contains(request.method())
                && request.method() != Method::CONNECT
                && let Err(problem) = read_to_the_end(&mut body).await
            {
                return Ok(request.error_response(problem));
            }
            request.set_payload(Payload::Stream { payload: body });
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn read_to_the_end(body: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin)) -> Result<(), Problem> {
    let mut read_bytes = 0;
    while let Some(piece) = body.next().await {
        match piece {
            Ok(bytes) => read_bytes += bytes.len(),
            Err(error) if is_too_slow(&error) => return Err(too_slow()),
            Err(_) => return Err(Problem::new(Slug::BadRequest, "The request's body could not be read.")),
        }
        if read_bytes > MAX_USELESS_BYTES {
            return Err(Problem::new(Slug::PayloadTooLarge, "This request needs no body."));
        }
    }
    Ok(())
}

/// Whether a body ended because it arrived too slowly.
#[must_use]
pub fn is_too_slow(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut)
}

fn paced<S>(body: S, pace: Pace) -> impl Stream<Item = Result<Bytes, PayloadError>>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    // The time runs from the moment that somebody wants to read.
    let paced = stream::unfold((Some(body), None, 0_u64), move |(body, begun, received)| async move {
        let mut body = body?;
        let begun: Instant = begun.unwrap_or_else(Instant::now);
        match timeout_at(begun + pace.allows(received), body.next()).await {
            Ok(Some(Ok(bytes))) => {
                let received = received + bytes.len() as u64;
                Some((Ok(bytes), (Some(body), Some(begun), received)))
            }
            Ok(end) => end.map(|error| (error, (None, Some(begun), received))),
            Err(_) => Some((Err(PayloadError::Io(ErrorKind::TimedOut.into())), (None, Some(begun), received))),
        }
    });
    // Some readers ask once more after the end.
    paced.fuse()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { patience: Duration::from_secs(30), bytes_per_second: 1024 };

    /// How many pieces of this size, one every so many seconds, go through.
    async fn pieces(bytes: usize, seconds: u64, count: usize) -> Result<usize, usize> {
        let body = stream::unfold((), |()| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Some((Ok(Bytes::from(vec![0; bytes])), ()))
        });
        let mut body = Box::pin(paced(Box::pin(body.take(count)), PACE));
        let mut through = 0;
        while let Some(piece) = body.next().await {
            match piece {
                Ok(_) => through += 1,
                Err(error) => {
                    assert!(is_too_slow(&error));
                    assert!(body.next().await.is_none());
                    return Err(through);
                }
            }
        }
        Ok(through)
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_is_too_slow() {
        assert_eq!(pieces(1, 1, 1000).await, Err(30));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_too_slow() {
        assert_eq!(pieces(1000, 60, 10).await, Err(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bad_line_gets_its_picture_through() {
        // 5 MiB at 2 KiB a second, in more than 40 minutes.
        assert_eq!(pieces(2048, 1, 2560).await, Ok(2560));
    }
}
