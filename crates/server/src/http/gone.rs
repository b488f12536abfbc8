//! Notices that a client has gone while the answer to its read is still being made, and lets that work end.
//!
//! Owns the look at the client's socket; refuses to end a write, which runs to its end as a job of its own.
//! The surprising rule: a client that closes its side may still listen (a half-closed connection), and nothing on
//! the wire tells it from one that has gone. So it gets some more time, in which every usual answer is ready.
#![allow(unsafe_code, reason = "a socket that the framework owns is looked at, see `Socket::look`")]

use crate::problem::{Problem, Slug};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpRequest};
use futures_util::future::{Either, select};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::any::Any;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

/// Time between two looks at a socket.
const INTERVAL: Duration = Duration::from_millis(250);
/// Looks in a row that find the client's side closed before it counts as gone: a second.
const LOOKS: u32 = 4;

/// The number of a connection's socket.
#[derive(Debug, Clone, Copy)]
struct Socket(RawFd);

/// What a look at a socket finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The client may send more.
    Open,
    /// The client sends no more; it may listen.
    Closed,
    /// The connection is broken.
    Broken,
}

impl Socket {
    fn look(self) -> Found {
        // SAFETY: the framework drops a request's future before the socket of its connection, and only that future
        // calls this; so the number is still the open socket's. Looking takes nothing from what it holds.
        let socket = unsafe { BorrowedFd::borrow_raw(self.0) };
        match recv(socket, &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Found::Closed,
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Found::Open,
            Err(_) => Found::Broken,
        }
    }
}

/// Remembers the socket of a connection, for [`unless_gone`].
pub(crate) fn remember(connection: &dyn Any, extensions: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        extensions.insert(Socket(stream.as_raw_fd()));
    }
}

/// Ends a GET or HEAD whose client has gone; whoever still listens reads a 408.
///
/// # Errors
/// Whatever the inner layers return.
pub(crate) async fn unless_gone(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let socket = request.conn_data::<Socket>().copied().filter(|_| request.method().is_safe());
    let Some(socket) = socket else { return next.call(request).await.map(ServiceResponse::map_into_boxed_body) };
    let http_request: HttpRequest = request.request().clone();
    match select(pin!(next.call(request)), pin!(gone(socket))).await {
        Either::Left((outcome, _)) => outcome.map(ServiceResponse::map_into_boxed_body),
        Either::Right(((), _)) => {
            let detail = "The client closed its side of the connection before the answer was ready.";
            Ok(ServiceResponse::from_err(Problem::new(Slug::RequestTimeout, detail), http_request))
        }
    }
}

async fn gone(socket: Socket) {
    let mut closed = 0;
    while closed < LOOKS {
        sleep(INTERVAL).await;
        match socket.look() {
            Found::Open => closed = 0,
            Found::Closed => closed += 1,
            Found::Broken => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::{Shutdown, TcpListener, TcpStream};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn look_until(socket: &TcpStream, expected: Found) {
        let socket = Socket(socket.as_raw_fd());
        let mut looks = 0;
        while socket.look() != expected {
            looks += 1;
            assert!(looks < 10_000, "{:?}", socket.look());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_client_that_waits_is_there_whatever_it_has_sent() {
        let (mut client, server) = pair();
        assert_eq!(Socket(server.as_raw_fd()).look(), Found::Open);
        client.write_all(b"GET").unwrap();
        look_until(&server, Found::Open);
    }

    #[test]
    fn a_client_that_closes_its_side_or_all_is_told_from_one_that_waits() {
        let (client, server) = pair();
        client.shutdown(Shutdown::Write).unwrap();
        look_until(&server, Found::Closed);
        drop(client);
        look_until(&server, Found::Closed);
    }

    #[test]
    fn a_client_that_leaves_with_data_unread_has_broken_the_connection() {
        let (client, mut server) = pair();
        server.write_all(b"answer").unwrap();
        client.peek(&mut [0]).unwrap();
        drop(client);
        look_until(&server, Found::Broken);
    }
}
