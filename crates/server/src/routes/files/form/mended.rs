//! A form's body as the strict parser wants it, of one as clients write it.
//!
//! Owns what stands between the parts: white space behind a delimiter goes (RFC 2046, 5.1.1), of a part's head
//! only the disposition and the media type stay (RFC 7578, 4.8), and the disposition is written anew, see
//! [`disposition`](super::disposition). Refuses to touch what is in a part. What it does not understand it leaves
//! to the parser to refuse.
//!
//! It keeps of a body no more than one part's head, [`MAX_HEAD_BYTES`] at most.

use super::disposition::Disposition;
use actix_web::error::PayloadError;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use memchr::memmem::Finder;

/// The largest head of a part that is mended; what is larger goes on as it is.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most white space behind a delimiter.
const MAX_PADDING_BYTES: usize = 1024;

/// `body`, whose parts are delimited by `boundary`, mended.
pub(super) fn mended<S>(boundary: &str, body: S) -> impl Stream<Item = Result<Bytes, PayloadError>> + use<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
{
    let pieces = (Box::pin(body), Some(Mender::new(boundary)));
    let mended = stream::unfold(pieces, |(mut body, mender)| async move {
        let mut mender = mender?;
        loop {
            match body.next().await {
                Some(Ok(bytes)) => {
                    let out = mender.mend(&bytes);
                    if !out.is_empty() {
                        return Some((Ok(out), (body, Some(mender))));
                    }
                }
                Some(Err(error)) => return Some((Err(error), (body, None))),
                None => {
                    let rest = mender.finish();
                    return (!rest.is_empty()).then_some((Ok(rest), (body, None)));
                }
            }
        }
    });
    // The parser asks once more after the end.
    mended.fuse()
}

enum Stage {
    /// Before the first delimiter.
    Preamble,
    /// In a part's head.
    Head,
    /// In what a part holds.
    Content,
    /// Whatever comes goes on as it is.
    AsItIs,
}

/// What follows a delimiter.
enum Behind {
    /// A part, after so many bytes.
    Part(usize),
    /// Nothing, after so many bytes.
    End(usize),
    /// More bytes will tell.
    Unknown,
    Nonsense,
}

struct Mender {
    stage: Stage,
    /// A line's end, two hyphens and the boundary.
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    held: BytesMut,
}

impl Mender {
    fn new(boundary: &str) -> Self {
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        let finder = Finder::new(&delimiter).into_owned();
        // A delimiter may begin the body, without a line's end before it.
        Self { stage: Stage::Preamble, delimiter, finder, held: BytesMut::from(&b"\r\n"[..]) }
    }

    /// What can be said once `bytes` have come.
    fn mend(&mut self, bytes: &[u8]) -> Bytes {
        self.held.extend_from_slice(bytes);
        let mut out = BytesMut::with_capacity(self.held.len());
        while self.step(&mut out) {}
        out.freeze()
    }

    /// What is left when nothing more comes.
    fn finish(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        let delimited = !matches!(self.stage, Stage::AsItIs | Stage::Head) && self.held.starts_with(&self.delimiter);
        if delimited && self.held[self.delimiter.len()..].starts_with(b"--") {
            self.put_delimiter(b"--\r\n", &mut out);
        } else {
            out.put(self.held.split());
        }
        out.freeze()
    }

    /// One more step; `false` when it needs more bytes.
    fn step(&mut self, out: &mut BytesMut) -> bool {
        match self.stage {
            Stage::Preamble | Stage::Content => self.step_to_delimiter(out),
            Stage::Head => self.step_over_head(out),
            Stage::AsItIs => {
                out.put(self.held.split());
                false
            }
        }
    }

    fn step_to_delimiter(&mut self, out: &mut BytesMut) -> bool {
        let Some(at) = self.finder.find(&self.held) else {
            // The end of what is there may be the beginning of a delimiter.
            let kept = self.beginning_of_delimiter();
            self.pass(self.held.len() - kept, out);
            return false;
        };
        self.pass(at, out);
        match behind_delimiter(&self.held[self.delimiter.len()..]) {
            Behind::Unknown => return false,
            Behind::Part(bytes) => {
                self.put_delimiter(b"\r\n", out);
                self.held.advance(self.delimiter.len() + bytes);
                self.stage = Stage::Head;
            }
            Behind::End(bytes) => {
                self.put_delimiter(b"--\r\n", out);
                self.held.advance(self.delimiter.len() + bytes);
                self.stage = Stage::AsItIs;
            }
            Behind::Nonsense => {
                self.put_delimiter(b"", out);
                self.held.advance(self.delimiter.len());
                self.stage = Stage::AsItIs;
            }
        }
        true
    }

    /// So many bytes of what is held go on; what stands before the first part does not.
    fn pass(&mut self, bytes: usize, out: &mut BytesMut) {
        let passed = self.held.split_to(bytes);
        if matches!(self.stage, Stage::Content) {
            out.put(passed);
        }
    }

    fn put_delimiter(&self, end: &[u8], out: &mut BytesMut) {
        let begun = if matches!(self.stage, Stage::Preamble) { 2 } else { 0 };
        out.put_slice(&self.delimiter[begun..]);
        out.put_slice(end);
    }

    /// How long the longest end of what is held is that a delimiter begins with.
    fn beginning_of_delimiter(&self) -> usize {
        let most = self.held.len().min(self.delimiter.len() - 1);
        (1..=most).rev().find(|&length| self.held.ends_with(&self.delimiter[..length])).unwrap_or(0)
    }

    fn step_over_head(&mut self, out: &mut BytesMut) -> bool {
        let end = if self.held.starts_with(b"\r\n") {
            Some((0, 2))
        } else {
            memchr::memmem::find(&self.held, b"\r\n\r\n").map(|at| (at, 4))
        };
        match end {
            Some((length, empty_line)) if length <= MAX_HEAD_BYTES => {
                put_head(&self.held[..length], out);
                // The line's end of an empty content belongs to the delimiter that follows.
                self.held.advance(length + empty_line);
                self.stage = Stage::Content;
                true
            }
            None if self.held.len() <= MAX_HEAD_BYTES + 3 => false,
            _ => {
                self.stage = Stage::AsItIs;
                true
            }
        }
    }
}

fn behind_delimiter(bytes: &[u8]) -> Behind {
    let marked = if bytes.starts_with(b"--") { 2 } else { 0 };
    let padding = bytes[marked..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match &bytes[marked + padding..] {
        _ if padding > MAX_PADDING_BYTES => Behind::Nonsense,
        [b'\r', b'\n', ..] if marked > 0 => Behind::End(marked + padding + 2),
        [b'\r', b'\n', ..] => Behind::Part(padding + 2),
        [] | [b'\r'] => Behind::Unknown,
        [b'-'] if padding + marked == 0 => Behind::Unknown,
        _ => Behind::Nonsense,
    }
}

/// The head of a part, with what is needed of it.
fn put_head(head: &[u8], out: &mut BytesMut) {
    let (mut disposition, mut media_type) = (None, None);
    for line in unfolded(head) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-disposition") && disposition.is_none() {
            disposition = Some(Disposition::read(value));
        } else if name.eq_ignore_ascii_case(b"content-type") && media_type.is_none() {
            media_type = Some(value.to_vec());
        }
    }
    // The parser wants one line at least.
    out.put_slice(b"X-Part: 1\r\n");
    if let Some(disposition) = disposition.flatten() {
        out.put_slice(b"Content-Disposition: form-data");
        if let Some(name) = disposition.name {
            out.put_slice(b"; name=\"");
            put_quoted(&name, out);
            out.put_slice(b"\"");
        }
        match disposition.filename.as_deref() {
            None => {}
            Some("") => out.put_slice(b"; filename=\"\""),
            Some(filename) => {
                out.put_slice(b"; filename*=UTF-8''");
                put_extended(filename, out);
            }
        }
        out.put_slice(b"\r\n");
    }
    if let Some(value) = media_type.filter(|value| value.iter().all(|byte| matches!(byte, b' '..=b'~'))) {
        out.put_slice(b"Content-Type: ");
        out.put_slice(&value);
        out.put_slice(b"\r\n");
    }
    out.put_slice(b"\r\n");
}

/// The lines of a head; one that begins with white space goes on with the line before it (RFC 5322, 2.2.3).
fn unfolded(head: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in head.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match lines.last_mut() {
            Some(before) if matches!(line.first(), Some(b' ' | b'\t')) => before.extend_from_slice(line),
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

fn put_quoted(text: &str, out: &mut BytesMut) {
    for character in text.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            out.put_u8(b'\\');
        }
        out.put_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn put_extended(text: &str, out: &mut BytesMut) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            out.put_u8(byte);
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.put_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}
