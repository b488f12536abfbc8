//! Requests that do not wait for the answers to those before them (RFC 9112, 9.3.2): each gets its own, whole and
//! in order, whatever stands behind it; and wishes for other protocols (RFC 9110, 7.8), which change nothing.

use crate::socket::{Socket, impatient, upload_head};
use packshot_tests::dice::Dice;
use packshot_tests::form::BOUNDARY;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture, token};
use std::collections::BTreeMap;

/// A request without its empty line, and its body.
#[derive(Debug, Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn new(line: &str, fields: &str, body: &[u8]) -> Self {
        Self { head: format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}"), body: body.to_vec() }
    }

    fn bytes(&self, more: &str) -> Vec<u8> {
        [self.head.as_bytes(), more.as_bytes(), b"\r\n", &self.body].concat()
    }

    fn is_head(&self) -> bool {
        self.head.starts_with("HEAD")
    }
}

/// What came back for one request: status line, header fields, body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    status: String,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// The answers to these requests; what cannot be told apart is `None`.
fn answers(requests: &[Request], heard: &[u8]) -> Option<Vec<Heard>> {
    let (mut answers, mut rest) = (Vec::new(), heard);
    for request in requests {
        let end = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 4..];
        let (status, lines) = head.split_once("\r\n")?;
        let fields = lines.split("\r\n").map(|line| line.split_once(": ").unwrap());
        let mut fields: BTreeMap<String, String> =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        fields.remove("date");
        // The order of these names is nobody's.
        for (_, names) in fields.iter_mut().filter(|(name, _)| name.starts_with("access-control-")) {
            let mut sorted: Vec<&str> = names.split(", ").collect();
            sorted.sort_unstable();
            *names = sorted.join(", ");
        }
        let bodiless = request.is_head() || status.contains(" 304 ") || status.contains(" 204 ");
        let length = fields.get("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
        let body = if bodiless { Vec::new() } else { rest.get(..length)?.to_vec() };
        rest = &rest[body.len()..];
        answers.push(Heard { status: status.to_owned(), fields, body });
    }
    rest.is_empty().then_some(answers)
}

/// Every kind of request whose answer does not depend on those before it.
fn kinds(server: &Server) -> Vec<Request> {
    let image = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json();
    let file = image["variants"]["original"].as_str().unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", token::admin("admin_user"));
    let json = br#"{"name":"Keyboard"}"#;
    let chunked: &[u8] = b"5\r\n{\"nam\r\ne;x=y\r\ne\":\"Keyboard\"}\r\n0\r\n\r\n";
    let put = format!("{bearer}Content-Type: application/json\r\n");
    let form = format!("--{BOUNDARY}--\r\n");
    let kind = Form::content_type();
    vec![
        Request::new("GET /healthz", "", b""),
        Request::new("HEAD /healthz", "", b""),
        Request::new("GET /nowhere", "", b""),
        Request::new("HEAD /nowhere", "", b""),
        Request::new(&format!("GET {file}"), "", b""),
        Request::new(&format!("HEAD {file}"), "", b""),
        Request::new(&format!("GET {file}"), "Range: bytes=3-9\r\n", b""),
        Request::new(&format!("GET {file}"), "If-None-Match: *\r\n", b""),
        Request::new("OPTIONS /api/files", "Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n", b""),
        Request::new("PUT /products/p", &format!("{put}Content-Length: {}\r\n", json.len()), json),
        Request::new("PUT /products/p", &format!("{put}Transfer-Encoding: chunked\r\n"), chunked),
        Request::new("DELETE /products/nobody", &bearer, b""),
        Request::new(
            "POST /api/files",
            &format!("{bearer}Content-Type: {kind}\r\nContent-Length: {}\r\n", form.len()),
            form.as_bytes(),
        ),
        Request::new("GET /api/files?limit=1", "Connection: keep-alive\r\n", b""),
        Request::new("HEAD /api/files?limit=1", "Upgrade: h2c\r\nConnection: upgrade\r\n", b""),
    ]
}

/// Sends these requests at once, or cut in two, the last with the wish to close.
#[track_caller]
fn exchange(server: &Server, requests: &[Request], cut: Option<usize>) -> Vec<Heard> {
    let mut bytes = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let close = if number + 1 == requests.len() { "Connection: close\r\n" } else { "" };
        bytes.extend(request.bytes(&format!("X-Request-Id: r{number}\r\n{close}")));
    }
    let mut socket = Socket::connect(server);
    let (first, second) = bytes.split_at(cut.map_or(0, |cut| cut % bytes.len()));
    assert!(socket.send(first) && socket.send(second));
    socket.listen_to_the_end();
    let heads: Vec<&str> = requests.iter().map(|request| request.head.as_str()).collect();
    answers(requests, &socket.heard).unwrap_or_else(|| panic!("{heads:#?}: {}", socket.text()))
}

/// The answers must be those that each request gets alone, with its own id, and with the last the end is said.
#[track_caller]
fn check(server: &Server, alone: &[Heard], kinds: &[Request], chosen: &[usize], cut: Option<usize>) {
    let requests: Vec<Request> = chosen.iter().map(|&kind| kinds[kind].clone()).collect();
    for (number, answer) in exchange(server, &requests, cut).into_iter().enumerate() {
        let mut expected = alone[chosen[number]].clone();
        expected.fields.insert("x-request-id".to_owned(), format!("r{number}"));
        if number + 1 < requests.len() {
            expected.fields.remove("connection");
        }
        assert_eq!(answer, expected, "the answer to {}: {:?}", requests[number].head, chosen);
    }
}

#[test]
fn each_answer_is_the_one_that_its_request_gets_alone() {
    let server = impatient();
    let kinds = kinds(&server);
    // The first PUT makes the product.
    let _ = exchange(&server, &kinds[9..10], None);
    let alone: Vec<Heard> =
        kinds.iter().map(|kind| exchange(&server, std::slice::from_ref(kind), None).remove(0)).collect();
    for answer in &alone {
        assert_eq!(answer.fields.get("connection").map(String::as_str), Some("close"), "{answer:?}");
    }
    for first in 0..kinds.len() {
        for second in 0..kinds.len() {
            check(&server, &alone, &kinds, &[first, second], None);
        }
    }
    let mut dice = Dice::new();
    for _ in 0..300 {
        let count = dice.pick(3..7);
        let chosen: Vec<usize> = (0..count).map(|_| dice.pick(0..kinds.len() as u64) as usize).collect();
        let cut = dice.pick(0..100_000) as usize;
        check(&server, &alone, &kinds, &chosen, Some(cut));
    }
}

#[test]
fn many_requests_at_once_are_all_answered() {
    let server = impatient();
    let requests: Vec<Request> =
        (0..500).map(|number| Request::new(&format!("GET /errors/{number}"), "", b"")).collect();
    let answers = exchange(&server, &requests, None);
    assert_eq!(answers.len(), 500);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.fields["x-request-id"], format!("r{number}"));
        assert!(String::from_utf8_lossy(&answer.body).contains(&format!("/errors/{number}\"")), "{answer:?}");
    }
}

#[test]
fn nothing_behind_a_wish_to_close_is_answered() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    let first = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(socket.send(format!("{first}DELETE /products/{PRODUCT} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()));
    socket.listen_to_the_end();
    assert_eq!(socket.statuses(), [200], "{}", socket.text());
}

#[test]
fn an_upgrade_that_is_not_wanted_changes_nothing() {
    let server = impatient();
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let chunked = [format!("{:x}\r\n", form.len()).as_bytes(), &form, b"\r\n0\r\n\r\n"].concat();
    for wish in [
        // As Java's HttpClient writes it.
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        "connection:keep-alive,UPGRADE\r\nupgrade:TLS/1.0, HTTP/2.0\r\n",
        "Upgrade: websocket\r\n",
    ] {
        let mut socket = Socket::connect(&server);
        let requests: [Vec<u8>; 5] = [
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{wish}\r\n").into_bytes(),
            [upload_head(&format!("{wish}Content-Length: {}\r\n\r\n", form.len())), form.clone()].concat(),
            [upload_head(&format!("{wish}Transfer-Encoding: chunked\r\n\r\n")), chunked.clone()].concat(),
            format!("HEAD /healthz HTTP/1.1\r\nHost: x\r\n{wish}\r\n").into_bytes(),
            b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        ];
        let expected = [200, 201, 201, 200, 200];
        for (number, request) in requests.iter().enumerate() {
            assert!(socket.send(request), "{wish}{}", socket.text());
            while socket.statuses().len() <= number {
                assert!(socket.listen(), "{wish}{}", socket.text());
            }
        }
        socket.listen_to_the_end();
        assert_eq!(socket.statuses(), expected, "{wish}{}", socket.text());
        assert!(!socket.text().to_ascii_lowercase().contains("connection: upgrade"), "{}", socket.text());
    }
}

#[test]
fn a_tunnel_is_refused_at_once() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\nwhat is not for us"));
    socket.listen_to_the_end();
    let statuses = socket.statuses();
    assert!(statuses == [404] || statuses == [405], "{}", socket.text());
}
