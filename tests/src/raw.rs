//! A client that sends exactly the bytes it is given: for what no HTTP library would send.
//!
//! Owns one connection; reads one answer with a `Content-Length` or up to the connection's end. Refuses
//! chunked answers: nothing that it asks for needs them.

use crate::answer::Answer;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// One connection.
#[derive(Debug)]
pub struct Raw {
    stream: BufReader<TcpStream>,
}

impl Raw {
    /// Connects to `address`, such as `127.0.0.1:8000`.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        stream.set_write_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the server closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&self) {
        // A server that closed first makes this fail, and that is fine.
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
    }

    /// Reads one answer, an interim one such as 100 included; `None` when the connection ended without any.
    ///
    /// # Panics
    /// When what comes is not HTTP.
    pub fn answer(&mut self) -> Option<Answer> {
        let reader = &mut self.stream;
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) => return None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            result => drop(result.expect("a line can be read")),
        }
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not HTTP: {line:?}"));
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).expect("a header can be read");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        match answer.header("content-length").map(|length| length.parse().expect("a length")) {
            _ if status < 200 => {}
            Some(length) => {
                answer.body.resize(length, 0);
                reader.read_exact(&mut answer.body).expect("the body is as long as announced");
            }
            None => drop(reader.read_to_end(&mut answer.body).expect("the body can be read")),
        }
        Some(answer)
    }
}

/// Sends one request and reads its answer; `None` when the server closed without any.
#[must_use]
pub fn exchange(address: &str, request: &[u8]) -> Option<Answer> {
    let mut raw = Raw::connect(address);
    // The server may answer and close before it has read everything.
    let _ = raw.send(request);
    raw.answer()
}

/// `GET target` exactly as written, with nothing normalised.
#[must_use]
pub fn get(address: &str, target: &str) -> Option<Answer> {
    exchange(address, format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
}
