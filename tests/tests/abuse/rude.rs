//! Heads without measure, forms without end, lengths that lie, answers that nobody fetches.

use crate::socket::{Socket, impatient, serves, upload_head};
use packshot_tests::form::BOUNDARY;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};

const MIB: usize = 1024 * 1024;
/// What a server that has worked on pictures may take, with room to spare.
const MEMORY: u64 = 300 * MIB as u64;

/// Sends `piece` until the server takes no more or `bytes` were sent, then listens to the end.
fn pour(server: &Server, head: &[u8], piece: &[u8], bytes: usize) -> Socket {
    let mut socket = Socket::connect(server);
    assert!(socket.send(head));
    let mut sent = 0;
    while sent < bytes && socket.send(piece) {
        sent += piece.len();
    }
    socket.finish_sending();
    socket.listen_to_the_end();
    socket
}

#[test]
fn a_head_without_measure_is_refused() {
    let server = impatient();
    let line = format!("X-Large: {}\r\n", "a".repeat(8000));
    for (head, piece) in [
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n", line.as_str()),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n", "a: b\r\n"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ", "aaaaaaaaaaaaaaaaaaaa"),
        ("GET /", "aaaaaaaaaaaaaaaaaaaa"),
    ] {
        let socket = pour(&server, head.as_bytes(), piece.repeat(100).as_bytes(), 20 * MIB);
        // The answer may be lost when the client goes on sending; another one than this is never given.
        assert!(socket.statuses().iter().all(|status| [400, 431].contains(status)), "{}", socket.text());
    }
    let mut socket = Socket::connect(&server);
    assert!(socket.send(format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(200)).as_bytes()));
    socket.listen_to_the_end();
    assert_eq!(socket.statuses(), [431], "{}", socket.text());
    // What no honest client sends, and the server can still read, is refused with its reason.
    for large in [format!("X-Large: {}\r\n", "a".repeat(33_000)), "X-Many: aaaaaaaaaa\r\n".repeat(90) + &line.repeat(4)]
    {
        let mut socket = Socket::connect(&server);
        assert!(
            socket.send(format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{large}\r\n").as_bytes())
        );
        socket.listen_to_the_end();
        assert_eq!(socket.statuses(), [431], "{}", socket.text());
        assert!(socket.text().contains("https://example.com/errors/headers-too-large"), "{}", socket.text());
    }
    assert!(server.peak_memory_bytes() < MEMORY, "{} bytes", server.peak_memory_bytes());
    serves(&server);
}

#[test]
fn a_million_parts_are_65_too_many() {
    let server = impatient();
    let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n");
    let parts = 1_000_000;
    let head = upload_head(&format!("Content-Length: {}\r\n\r\n", part.len() * parts));
    let socket = pour(&server, &head, part.repeat(1000).as_bytes(), part.len() * parts);
    assert!(socket.statuses().iter().all(|status| *status == 400), "{}", socket.text());
    assert!(server.peak_memory_bytes() < MEMORY, "{} bytes", server.peak_memory_bytes());
    serves(&server);
}

#[test]
fn a_form_without_end_is_ended() {
    let server = impatient();
    let part = |head: &str| format!("--{BOUNDARY}\r\n{head}");
    let beginnings = [
        // A part, a part's head, what stands before the first part, and what stands behind the last.
        part("Content-Disposition: form-data; name=\"caption\"\r\n\r\n"),
        part("Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"),
        part("Content-Disposition: form-data; name=\""),
        "before the first part\r\n".to_owned(),
        format!("--{BOUNDARY}--\r\n"),
    ];
    for beginning in beginnings {
        for piece in ["a".repeat(MIB), "a\r\n".repeat(MIB / 3)] {
            let lines = format!("Content-Length: {}\r\n\r\n{beginning}", 400 * MIB);
            let socket = pour(&server, &upload_head(&lines), piece.as_bytes(), 400 * MIB - MIB);
            assert!(
                socket.statuses().iter().all(|status| [400, 413].contains(status)),
                "{beginning}: {}",
                socket.text()
            );
            assert!(server.peak_memory_bytes() < MEMORY, "{beginning}: {} bytes", server.peak_memory_bytes());
        }
    }
    serves(&server);
}

#[test]
fn a_length_that_is_too_small_cuts_the_form_and_ends_the_connection() {
    let server = impatient();
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(&upload_head(&format!("Content-Length: {}\r\n\r\n", form.len() / 2))));
    let _ = socket.send(&form);
    socket.listen_to_the_end();
    // The rest of the form is no request.
    assert!(socket.statuses().iter().all(|status| *status == 400), "{}", socket.text());
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 0);
}

#[test]
fn a_length_that_is_too_large_is_waited_for_no_longer_than_for_a_slow_client() {
    let server = impatient();
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(&upload_head(&format!("Content-Length: {}\r\n\r\n", form.len() + 1_000_000))));
    assert!(socket.send(&form));
    socket.listen_to_the_end();
    // The form is whole: whether the server waits for more is its affair.
    assert!(socket.statuses() == [201] || socket.statuses() == [408], "{}", socket.text());
    serves(&server);
}

#[test]
fn answers_that_nobody_fetches_cost_little() {
    let server = impatient();
    let image =
        server.admin().upload(Form::upload(PRODUCT, &fixture("camera_with_gps_1600x1200.jpg"))).expect(201).json();
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", image["variants"]["original"].as_str().unwrap());
    let mut sockets: Vec<Socket> = (0..100).map(|_| Socket::connect(&server)).collect();
    for socket in &mut sockets {
        assert!(socket.send(request.repeat(20).as_bytes()));
    }
    serves(&server);
    assert!(server.peak_memory_bytes() < MEMORY, "{} bytes", server.peak_memory_bytes());
}
