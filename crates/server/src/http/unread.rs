//! The end of a request that nobody will read to its end.
//!
//! Owns how its connection is closed: the answer is sent whole, the rest of the request stays where it
//! is (so that the client's sending stalls instead of being swallowed without end), and after a moment
//! the connection is dropped. An answer alone would not do: the framework reads on for a while.

use actix_web::body::{BoxBody, SizedStream};
use actix_web::web::Bytes;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;

/// How long the client has to take its answer.
const MOMENT: Duration = Duration::from_secs(1);

/// Keeps what was being read of a request, unread, beside its response.
pub struct Unread(Box<dyn std::any::Any>);

impl Unread {
    /// Keeps `request`, a payload or what was made of one.
    pub fn new(request: impl std::any::Any) -> Self {
        Self(Box::new(request))
    }

    /// `answer` as a body after which the connection is dropped.
    #[must_use]
    pub fn end_with(self, answer: String) -> BoxBody {
        let length = answer.len() as u64;
        let answer = stream::once(async move { Ok(Bytes::from(answer)) });
        let end = stream::once(async move {
            tokio::time::sleep(MOMENT).await;
            drop(self.0);
            // An error of the body, after all of it, is what makes the framework drop the connection.
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
        });
        BoxBody::new(SizedStream::new(length, Box::pin(answer.chain(end))))
    }
}
