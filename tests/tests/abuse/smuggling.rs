//! Requests whose end two servers could see in two places (RFC 9112, 11.2): refused, and their connection
//! closed, so that what stands behind them is never taken for a request.

use crate::socket::{Socket, impatient, serves, upload_head};
use packshot_tests::form::BOUNDARY;

/// What an attacker hides behind a request.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn a_head_with_two_meanings_is_refused_and_the_connection_closed() {
    let server = impatient();
    let heads = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "Content-Length: 0, 0\r\n\r\n",
        "Content-Length: +0\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n",
        "Content-Length: 0 0\r\n\r\n",
        "Content-Length:\r\n\r\n",
        "Content-Length: 99999999999999999999\r\n\r\n",
        "Content-Length : 0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "X: a\r\n Content-Length: 5\r\n\r\n",
        "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n",
        " Transfer-Encoding: chunked\r\n\r\n",
        "X: a\rTransfer-Encoding: chunked\r\n\r\n",
        // A bare line feed ends a line too (RFC 9112, 2.2), so nothing can hide behind one.
        "X: a\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\nContent-Length: 6\n\n",
        "X: a\n Content-Length: 5\r\n\r\n",
        "X: a\0\r\n\r\n",
        "Host: y\r\n\r\n",
    ];
    for head in heads {
        let mut socket = Socket::connect(&server);
        assert!(socket.send(format!("POST /api/files HTTP/1.1\r\nHost: x\r\n{head}{HIDDEN}").as_bytes()));
        socket.listen_to_the_end();
        assert_eq!(socket.statuses(), [400], "{head:?}: {}", socket.text());
    }
    for request in [
        "POST /api/files HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/files\r\n\r\n",
        "POST /api/files HTTP/1.1\r\n\r\n",
        "POST /api/files HTTP/2.0\r\nHost: x\r\n\r\n",
        "POST /api/files  HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /api/files HTTP/1.1 \r\nHost: x\r\n\r\n",
        "PO ST /api/files HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST\t/api/files HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut socket = Socket::connect(&server);
        assert!(socket.send(format!("{request}{HIDDEN}").as_bytes()));
        socket.listen_to_the_end();
        assert_eq!(socket.statuses(), [400], "{request:?}: {}", socket.text());
    }
    serves(&server);
}

#[test]
fn a_body_with_chunks_of_two_meanings_is_refused_and_the_connection_closed() {
    let server = impatient();
    let end = format!("--{BOUNDARY}--\r\n");
    let size = end.len();
    let bodies = [
        format!("0x{size:x}\r\n{end}\r\n0\r\n\r\n"),
        format!("+{size:x}\r\n{end}\r\n0\r\n\r\n"),
        format!("-{size:x}\r\n{end}\r\n0\r\n\r\n"),
        format!(" {size:x}\r\n{end}\r\n0\r\n\r\n"),
        format!("{size:x}\n{end}\n0\n\n"),
        format!("{size:x}\r{end}\r0\r\r"),
        format!("{size:x}\r\n{end}XX0\r\n\r\n"),
        format!("{size:x}\r\n{end}0\r\n\r\n"),
        format!("FFFFFFFFFFFFFFFFF{size:x}\r\n{end}\r\n0\r\n\r\n"),
        format!("\r\n{end}\r\n0\r\n\r\n"),
        format!(";\r\n{end}\r\n0\r\n\r\n"),
        "g\r\n0\r\n\r\n".to_owned(),
    ];
    for body in bodies {
        let mut socket = Socket::connect(&server);
        let lines = format!("Transfer-Encoding: chunked\r\n\r\n{body}{HIDDEN}");
        assert!(socket.send(&upload_head(&lines)));
        socket.listen_to_the_end();
        assert_eq!(socket.statuses(), [400], "{body:?}: {}", socket.text());
    }
    serves(&server);
}

#[test]
fn a_chunk_extension_without_end_is_ended() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(&upload_head("Transfer-Encoding: chunked\r\n\r\n5;")));
    // Nothing of the body arrives, however much is sent.
    let extension = [b'a'; 10_000];
    while socket.send(&extension) && socket.listen() {}
    assert!(socket.statuses().iter().all(|status| *status == 408), "{}", socket.text());
    assert!(server.peak_memory_bytes() < 300 * 1024 * 1024, "{} bytes", server.peak_memory_bytes());
    serves(&server);
}

#[test]
fn requests_one_behind_the_other_are_answered_in_order() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n");
    let requests = [get("/healthz", ""), get("/nowhere", ""), get("/readyz", "Connection: close\r\n")];
    assert!(socket.send(requests.concat().as_bytes()));
    socket.listen_to_the_end();
    assert_eq!(socket.statuses(), [200, 404, 200], "{}", socket.text());
}
