//! A client's connection, as the framework gets it.
//!
//! Owns what lies between the socket and the framework's HTTP/1.1: requests are handed on one at a time
//! ([`turns`]), wishes for other protocols are passed over ([`upgrade`]), and a client that does not take its
//! answers is let go ([`taking`]). Refuses to know what a request means.

mod taking;
mod turns;
mod unacknowledged;
mod upgrade;

pub(crate) use turns::in_turn;

use crate::http::pace::Pace;
use actix_http::ServiceConfig;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use taking::Taking;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use turns::{Turn, Turns};
use unacknowledged::unacknowledged_bytes;

/// A socket that gives one request at a time, and takes an answer as long as its client does.
pub(crate) struct Connection<S> {
    socket: S,
    turns: Turns,
    taking: Taking,
}

impl<S> Connection<S> {
    /// Around `socket`, for a framework that is set as `config`, with answers taken at this pace.
    pub(crate) fn new(socket: S, config: ServiceConfig, pace: Pace) -> Self {
        Self { socket, turns: Turns::new(config), taking: Taking::new(pace) }
    }

    /// The socket itself.
    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    /// Whose turn it is, for [`in_turn`].
    pub(crate) fn turn(&self) -> Turn {
        self.turns.turn()
    }
}

/// A socket that knows what has arrived.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// How many of the bytes written are not known to have arrived; `None` where the system does not say.
    fn unacknowledged_bytes(&self) -> Option<u64>;

    /// What was written and has not arrived is dropped with the socket.
    fn abandon(&self);
}

impl Socket for TcpStream {
    fn unacknowledged_bytes(&self) -> Option<u64> {
        unacknowledged_bytes(self)
    }

    fn abandon(&self) {
        // Where it fails, the system gives up by itself, later.
        let _ = self.set_zero_linger();
    }
}

impl<S: Socket> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.turns.poll_read(Pin::new(&mut this.socket), context, buffer)
    }
}

impl<S: Socket> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let outcome = this.taking.poll_write(&mut this.socket, context, bytes);
        this.turns.turn().set_stuck(outcome.is_pending());
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
