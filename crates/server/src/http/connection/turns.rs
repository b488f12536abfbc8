//! One request after the other.
//!
//! Owns when the framework gets the next request of a connection: when the one before it has been answered
//! whole. Clients may send several without waiting (RFC 9112, 9.3.2); the framework reads them at once, keeps of
//! all of them the last one's method, version and wish to close, and answers each of them by these: a HEAD with
//! a body, a GET without, a `Connection: close` before the last answer.
//! Refuses to judge a request: where it ends is told by the framework's own codec, run once more, and what that
//! refuses is handed on as it is, so the two cannot disagree.
//!
//! A head is handed on whole. One that comes too slowly behind an answer runs into the time for which an idle
//! connection is kept; the framework itself would wait for it without end.

use super::upgrade;
use actix_http::h1::{Codec, Message, MessageType};
use actix_http::{HttpMessage, Request, ServiceConfig};
use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use bytes::{Buf, Bytes, BytesMut};
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::codec::Decoder;

/// How much is read from a socket at once.
const PIECE_BYTES: usize = 8 * 1024;
/// How much of the next requests is read while one is answered: so much that the client's end is seen.
const AHEAD_BYTES: usize = 4 * 1024;
/// From here on the framework refuses a head that has not ended.
const MAX_HEAD_BYTES: usize = 128 * 1024;

/// Whether a request of a connection waits for its answer.
#[derive(Clone, Default)]
pub(crate) struct Turn(Rc<Waiting>);

#[derive(Default)]
struct Waiting {
    /// An answer is being made.
    answering: Cell<bool>,
    /// The client does not take what has been made.
    stuck: Cell<bool>,
    next: RefCell<Option<Waker>>,
}

impl Turn {
    /// Says whether the client keeps answers waiting: then no more are made.
    pub(super) fn set_stuck(&self, stuck: bool) {
        self.0.stuck.set(stuck);
        self.wake();
    }

    fn set_answering(&self, answering: bool) {
        self.0.answering.set(answering);
        self.wake();
    }

    fn is_taken(&self) -> bool {
        self.0.answering.get() || self.0.stuck.get()
    }

    fn wake(&self) {
        if !self.is_taken()
            && let Some(next) = self.0.next.take()
        {
            next.wake();
        }
    }

    /// Whether it is taken; if so, its end wakes this task.
    fn waits(&self, context: &Context<'_>) -> bool {
        if self.is_taken() {
            self.0.next.replace(Some(context.waker().clone()));
        }
        self.is_taken()
    }
}

/// Ends the turn of a request when its answer has been written whole.
///
/// # Errors
/// Whatever the inner layers return.
pub(crate) async fn in_turn<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answer<B>>, Error> {
    let end = End(request.request().conn_data::<Turn>().cloned());
    Ok(next.call(request).await?.map_body(|_, body| Answer { body: Box::pin(body), _end: end }))
}

/// An answer's body that ends a turn when it is dropped, which is when its last byte has been coded.
pub(crate) struct Answer<B> {
    body: Pin<Box<B>>,
    _end: End,
}

struct End(Option<Turn>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(turn) = &self.0 {
            turn.set_answering(false);
        }
    }
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.body.as_mut().poll_next(context)
    }
}

/// What a client sends, request by request.
pub(super) struct Turns {
    config: ServiceConfig,
    turn: Turn,
    stage: Stage,
    /// Read, and not yet handed on.
    held: BytesMut,
    /// So many bytes of it belong to the request whose turn it is.
    ready: usize,
    /// In so many bytes of it no head ends.
    looked_through: usize,
    /// Whether the client has said all.
    ended: bool,
}

/// What comes next.
enum Stage {
    Head,
    /// So many bytes of a body.
    Sized(u64),
    /// A chunked body, as far as this codec has read it.
    Chunked(Box<Codec>),
    /// What has no end, or what the framework will refuse.
    Rest,
}

impl Turns {
    pub(super) fn new(config: ServiceConfig) -> Self {
        Self {
            config,
            turn: Turn::default(),
            stage: Stage::Head,
            held: BytesMut::new(),
            ready: 0,
            looked_through: 0,
            ended: false,
        }
    }

    pub(super) fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Reads what belongs to the request whose turn it is.
    ///
    /// # Errors
    /// Those of the socket.
    pub(super) fn poll_read<S: AsyncRead>(
        &mut self,
        mut socket: Pin<&mut S>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.ready > 0 {
                self.hand_on(buffer);
                return Poll::Ready(Ok(()));
            }
            if matches!(self.stage, Stage::Head) {
                if self.turn.waits(context) {
                    return self.poll_ahead(socket, context);
                }
                if self.finds_head() {
                    continue;
                }
            } else if self.finds_more() {
                continue;
            }
            match &mut self.stage {
                Stage::Sized(rest) => return poll_some(socket, context, buffer, rest),
                Stage::Rest => return socket.poll_read(context, buffer),
                Stage::Head | Stage::Chunked(_) if self.ended => return Poll::Ready(Ok(())),
                Stage::Head | Stage::Chunked(_) => ready!(self.poll_fill(socket.as_mut(), context))?,
            }
        }
    }

    /// Whether something of what is held belongs to a body, or the body is over.
    fn finds_more(&mut self) -> bool {
        let held = self.held.len();
        match &mut self.stage {
            Stage::Sized(0) => self.stage = Stage::Head,
            Stage::Sized(_) | Stage::Chunked(_) | Stage::Rest if held == 0 => return false,
            Stage::Sized(rest) => {
                self.ready = usize::try_from(*rest).map_or(held, |rest| rest.min(held));
                *rest -= self.ready as u64;
            }
            Stage::Chunked(codec) => match read_chunks(codec, &self.held) {
                Ok((bytes, ended)) => {
                    self.ready = bytes;
                    if ended {
                        self.stage = Stage::Head;
                    }
                }
                Err(_) => self.stage = Stage::Rest,
            },
            Stage::Rest => self.ready = held,
            Stage::Head => return false,
        }
        true
    }

    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let bytes = self.ready.min(buffer.remaining());
        buffer.put_slice(&self.held[..bytes]);
        self.held.advance(bytes);
        self.ready -= bytes;
        if self.held.is_empty() {
            // A connection that says nothing keeps nothing.
            self.held = BytesMut::new();
        }
    }

    /// While an answer is made: what comes is kept, up to a bound, and the client's end is seen.
    fn poll_ahead<S: AsyncRead>(&mut self, mut socket: Pin<&mut S>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.held.len() < AHEAD_BYTES {
            ready!(self.poll_fill(socket.as_mut(), context))?;
        }
        if self.held.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_fill<S: AsyncRead>(&mut self, socket: Pin<&mut S>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); PIECE_BYTES];
        let mut piece = ReadBuf::uninit(&mut space);
        ready!(socket.poll_read(context, &mut piece))?;
        self.held.extend_from_slice(piece.filled());
        self.ended = piece.filled().is_empty();
        Poll::Ready(Ok(()))
    }

    /// Whether what is held begins with a head, whole, or with what is handed on instead.
    fn finds_head(&mut self) -> bool {
        while let Some(end) = self.next_empty_line() {
            let lines = &mut self.held[..end];
            upgrade::pass_over(lines);
            let (mut codec, mut rest) = (Codec::new(self.config.clone()), BytesMut::from(&*lines));
            match codec.decode(&mut rest) {
                // Empty lines before a request.
                Ok(None) => self.looked_through = end,
                Ok(Some(Message::Item(request))) => {
                    self.ready = end - rest.len();
                    self.stage = body_of(&request, codec);
                    self.looked_through = 0;
                    self.turn.set_answering(true);
                    return true;
                }
                Ok(Some(Message::Chunk(_))) | Err(_) => {
                    self.stage = Stage::Rest;
                    return true;
                }
            }
        }
        let endless = self.held.len() >= MAX_HEAD_BYTES;
        if endless {
            self.stage = Stage::Rest;
        }
        endless
    }

    /// The end of the next line that has nothing in it.
    fn next_empty_line(&mut self) -> Option<usize> {
        let mut from = self.looked_through;
        while let Some(line) = memchr::memchr(b'\n', &self.held[from..]) {
            let next = from + line + 1;
            match &self.held[next..] {
                [b'\n', ..] => return Some(next + 1),
                [b'\r', b'\n', ..] => return Some(next + 2),
                // The line feed is looked at again when there is more behind it.
                [] | [b'\r'] => break,
                _ => from = next,
            }
        }
        self.looked_through = from;
        None
    }
}

/// What body a request has, for the codec that read its head.
fn body_of(request: &Request, codec: Codec) -> Stage {
    match codec.message_type() {
        MessageType::None => Stage::Head,
        MessageType::Stream => Stage::Rest,
        MessageType::Payload if request.chunked().unwrap_or(false) => Stage::Chunked(Box::new(codec)),
        MessageType::Payload => {
            let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            length.and_then(|text| text.trim().parse().ok()).map_or(Stage::Rest, Stage::Sized)
        }
    }
}

/// How many of these bytes belong to a chunked body, and whether it ends with them.
fn read_chunks(codec: &mut Codec, held: &[u8]) -> Result<(usize, bool), actix_http::error::ParseError> {
    let mut rest = BytesMut::from(held);
    loop {
        match codec.decode(&mut rest)? {
            Some(Message::Chunk(Some(_))) => {}
            Some(Message::Chunk(None)) => return Ok((held.len() - rest.len(), true)),
            None | Some(Message::Item(_)) => return Ok((held.len() - rest.len(), false)),
        }
    }
}

/// Reads of a body of which so many bytes are to come.
fn poll_some<S: AsyncRead>(
    socket: Pin<&mut S>,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
    rest: &mut u64,
) -> Poll<io::Result<()>> {
    let mut space = [MaybeUninit::uninit(); PIECE_BYTES];
    let most = usize::try_from(*rest).unwrap_or(PIECE_BYTES).min(PIECE_BYTES).min(buffer.remaining());
    let mut piece = ReadBuf::uninit(&mut space[..most]);
    ready!(socket.poll_read(context, &mut piece))?;
    buffer.put_slice(piece.filled());
    *rest -= piece.filled().len() as u64;
    Poll::Ready(Ok(()))
}

#[cfg(test)]
mod tests;
