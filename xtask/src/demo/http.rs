//! One HTTP request, a form with files, over a plain socket.
//!
//! Owns just enough of RFC 9112 and RFC 7578 for the demo; refuses to be a client for anything else.
//! It asks for HTTP/1.0, so the answer comes without chunks and ends with the connection.

use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const BOUNDARY: &str = "packshot-demo-boundary-7f3a9c51";

/// One part of the form.
pub(super) struct Part<'a> {
    /// The field.
    pub(super) name: &'a str,
    /// The file's name, when it is a file.
    pub(super) filename: Option<&'a str>,
    /// The value.
    pub(super) bytes: &'a [u8],
}

/// What the server answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Posts `parts` as `multipart/form-data`.
pub(super) fn post_form(address: &str, path: &str, token: &str, parts: &[Part<'_>]) -> Result<Answer> {
    let body = form(parts);
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).context("cannot send the request")?;
    stream.write_all(&body).context("cannot send the photograph")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("cannot read the answer")?;
    parse(&answer).context("the answer is not HTTP")
}

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let filename = part.filename.map_or_else(String::new, |name| format!("; filename=\"{name}\""));
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{filename}\r\n\r\n", part.name);
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: answer.get(end + 4..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_status_and_the_body() {
        let answer = parse(b"HTTP/1.0 201 Created\r\nX: y\r\n\r\n{}\r\n\r\n").unwrap();
        assert_eq!(answer, Answer { status: 201, body: b"{}\r\n\r\n".to_vec() });
        assert_eq!(parse(b"HTTP/1.0 201 Created\r\n"), None);
    }

    #[test]
    fn a_form_ends_with_its_closing_boundary() {
        let parts = [Part { name: "file", filename: Some("a.jpg"), bytes: b"\xff\xd8" }];
        let body = form(&parts);
        assert!(body.starts_with(b"--packshot-demo-boundary-7f3a9c51\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n\xff\xd8\r\n--"));
        assert!(body.ends_with(b"-7f3a9c51--\r\n"));
    }
}
