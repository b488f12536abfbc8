//! How slowly a client may take its answers.
//!
//! Owns the deadline: it moves with the bytes that have arrived at the client, as that of a request's body does
//! with those that have arrived here, but never further away than the patience, since a client that took
//! megabytes at once and then stands still is not slow but gone. Only the time counts in which there is something
//! to take: what the server needs to make an answer is no client's fault.

use super::Socket;
use crate::http::pace::Pace;
use crate::telemetry::metrics;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How often the system is asked what has arrived at a client that takes nothing more.
const LOOK: Duration = Duration::from_millis(500);

/// What one client has taken, and how much time it has left to take more.
pub(crate) struct Taking {
    pace: Pace,
    left: Duration,
    written_bytes: u64,
    arrived_bytes: u64,
    /// When it was looked last, while the client keeps us waiting.
    looked: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Taking {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, left: pace.patience, written_bytes: 0, arrived_bytes: 0, looked: None, timer: None }
    }

    /// Writes to `socket`.
    ///
    /// # Errors
    /// Those of the socket; [`io::ErrorKind::TimedOut`] when the client takes too long.
    pub(super) fn poll_write<S: Socket>(
        &mut self,
        socket: &mut S,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut *socket).poll_write(context, bytes);
        match outcome {
            Poll::Ready(Ok(written)) => {
                self.written_bytes += written as u64;
                if self.looked.is_some() {
                    self.look(socket);
                    (self.looked, self.timer) = (None, None);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.poll_patience(socket, context).is_ready() {
                    metrics::answer_given_up();
                    tracing::debug!("a client did not take its answer in time");
                    socket.abandon();
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        outcome
    }

    /// Ready when there is no patience left.
    fn poll_patience<S: Socket>(&mut self, socket: &S, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.look(socket);
            if self.left.is_zero() {
                return Poll::Ready(());
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.left.min(LOOK))));
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }

    fn look<S: Socket>(&mut self, socket: &S) {
        let now = Instant::now();
        let waited = self.looked.map_or(Duration::ZERO, |looked| now - looked);
        self.looked = Some(now);
        let arrived = self.written_bytes.saturating_sub(socket.unacknowledged_bytes().unwrap_or(0));
        let earned = self.pace.time_for(arrived.saturating_sub(self.arrived_bytes));
        self.arrived_bytes = self.arrived_bytes.max(arrived);
        self.left = self.left.saturating_add(earned).saturating_sub(waited).min(self.pace.patience);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    const PACE: Pace = Pace { patience: Duration::from_secs(30), bytes_per_second: 1024 };

    /// A client that takes some bytes at once and then so many a second, behind a system that keeps some for it.
    struct Client {
        begun: Instant,
        at_once: u64,
        a_second: u64,
        buffer: u64,
        written: u64,
        abandoned: std::cell::Cell<bool>,
        wake: Pin<Box<Sleep>>,
    }

    impl Client {
        fn new(at_once: u64, a_second: u64, buffer: u64) -> Self {
            let (begun, wake) = (Instant::now(), Box::pin(tokio::time::sleep(Duration::ZERO)));
            Self { begun, at_once, a_second, buffer, written: 0, abandoned: std::cell::Cell::new(false), wake }
        }

        fn arrived(&self) -> u64 {
            let milliseconds = self.begun.elapsed().as_millis() as u64;
            (self.at_once + self.a_second * milliseconds / 1000).min(self.written)
        }
    }

    impl Socket for Client {
        fn unacknowledged_bytes(&self) -> Option<u64> {
            Some(self.written - self.arrived())
        }

        fn abandon(&self) {
            self.abandoned.set(true);
        }
    }

    impl AsyncRead for Client {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Client {
        fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let room = self.buffer - (self.written - self.arrived());
            // As the system does: it wakes up writers when a third of its buffer is free.
            if room * 3 < self.buffer {
                let missing = self.buffer / 3 + 1 - room;
                if self.a_second > 0 {
                    let wake = Instant::now() + Duration::from_secs(missing) / u32::try_from(self.a_second).unwrap();
                    self.wake.as_mut().reset(wake + Duration::from_millis(1));
                    let _ = self.wake.as_mut().poll(context);
                }
                return Poll::Pending;
            }
            let taken = room.min(bytes.len() as u64);
            self.written += taken;
            Poll::Ready(Ok(taken as usize))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Sends so many bytes; says after how many seconds they were taken or given up.
    async fn send(mut client: Client, bytes: usize) -> Result<u64, u64> {
        let (mut taking, mut rest) = (Taking::new(PACE), bytes);
        let begun = Instant::now();
        let answer = vec![0; 32 * 1024];
        while rest > 0 {
            let piece = &answer[..rest.min(answer.len())];
            match poll_fn(|context| taking.poll_write(&mut client, context, piece)).await {
                Ok(taken) => rest -= taken,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    assert!(client.abandoned.get());
                    return Err(begun.elapsed().as_secs());
                }
            }
        }
        assert!(!client.abandoned.get());
        Ok(begun.elapsed().as_secs())
    }

    const MIB: usize = 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_whatever_the_system_keeps_for_it() {
        for buffer in [16 * 1024, 256 * 1024, 4 * MIB as u64] {
            assert_eq!(send(Client::new(0, 0, buffer), 5 * MIB).await, Err(30), "{buffer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn much_at_once_buys_no_more_than_the_patience() {
        assert_eq!(send(Client::new(3 * MIB as u64, 0, 256 * 1024), 5 * MIB).await, Err(30));
    }

    #[tokio::test(start_paused = true)]
    async fn less_than_the_least_is_given_up() {
        let Err(seconds) = send(Client::new(0, 512, 64 * 1024), MIB).await else { panic!("it was taken") };
        // Half of the time is paid for.
        assert!((59..=61).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bad_line_gets_its_picture_whatever_the_system_keeps_for_it() {
        for buffer in [16 * 1024, 256 * 1024, 4 * MIB as u64] {
            assert!(send(Client::new(0, 2048, buffer), 5 * MIB).await.is_ok(), "{buffer}");
        }
    }
}
