//! Slow heads, slow bodies, silence, and connections closed by half.

use crate::socket::{Socket, impatient, serves, upload_head};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};

#[test]
fn a_head_at_a_byte_a_beat_is_ended() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    socket.dribble(&server, b"a");
    assert!(socket.statuses().is_empty() || socket.statuses() == [408], "{}", socket.text());
}

#[test]
fn silence_is_ended() {
    let server = Server::builder()
        .set("PACKSHOT_SERVER__HEAD_TIMEOUT_SECONDS", "1")
        .set("PACKSHOT_SERVER__KEEP_ALIVE_SECONDS", "1")
        .start();
    let mut sockets: Vec<Socket> = (0..20).map(|_| Socket::connect(&server)).collect();
    // And one that was served once.
    assert!(sockets[0].send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    sockets.iter_mut().for_each(Socket::listen_to_the_end);
    assert_eq!(sockets[0].statuses()[0], 200);
}

#[test]
fn a_form_at_a_byte_a_beat_is_answered_408() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(&upload_head("Content-Length: 100000\r\n\r\n")));
    socket.dribble(&server, &Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body());
    assert_eq!(socket.statuses(), [408], "{}", socket.text());
    assert!(socket.text().contains("\"type\":\"https://example.com/errors/request-timeout\""), "{}", socket.text());
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 0);
}

#[test]
fn json_at_a_byte_a_beat_is_answered_408() {
    let server = impatient();
    let token = packshot_tests::token::admin("admin_user");
    let mut socket = Socket::connect(&server);
    let head = format!(
        "PUT /api/products/p HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    );
    assert!(socket.send(head.as_bytes()));
    socket.dribble(&server, b" ");
    assert_eq!(socket.statuses(), [408], "{}", socket.text());
    assert!(socket.text().contains("request-timeout"), "{}", socket.text());
}

#[test]
fn a_body_that_nobody_reads_does_not_hold_the_connection() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(b"POST /api/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    socket.dribble(&server, b"a");
    assert_eq!(socket.statuses(), [401], "{}", socket.text());
}

#[test]
fn a_chunked_body_without_end_does_not_hold_the_connection() {
    let server = impatient();
    let chunked = "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n";
    for (request, status) in
        [("POST /api/files", 401), ("GET /healthz", 408), ("DELETE /api/products/p", 408), ("POST /nowhere", 404)]
    {
        // In silence, and with a chunk for each beat.
        let mut silent = Socket::connect(&server);
        assert!(silent.send(format!("{request} HTTP/1.1\r\n{chunked}").as_bytes()));
        silent.listen_to_the_end();
        assert_eq!(silent.statuses(), [status], "{request}: {}", silent.text());
        let mut talker = Socket::connect(&server);
        assert!(talker.send(format!("{request} HTTP/1.1\r\n{chunked}").as_bytes()));
        talker.dribble(&server, b"a\r\n1\r\n");
        assert_eq!(talker.statuses(), [status], "{request}: {}", talker.text());
    }
    // One that ends leaves the connection as good as ever.
    let mut polite = Socket::connect(&server);
    let next = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(polite.send(format!("POST /api/files HTTP/1.1\r\n{chunked}a\r\n0\r\n\r\n{next}").as_bytes()));
    polite.listen_to_the_end();
    assert_eq!(polite.statuses(), [401, 200], "{}", polite.text());
}

#[test]
fn a_slow_line_that_is_not_too_slow_gets_its_picture_through() {
    let server = impatient();
    let body = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(&upload_head(&format!("Connection: close\r\nContent-Length: {}\r\n\r\n", body.len()))));
    // 500 bytes a beat are five times the least that is asked for, and take longer than the patience alone.
    for piece in body.chunks(500) {
        assert!(socket.send(piece) && socket.listen(), "{}", socket.text());
    }
    socket.listen_to_the_end();
    assert_eq!(socket.statuses(), [201], "{}", socket.text());
}

#[test]
fn a_client_that_has_said_all_is_answered_though_it_closed_its_half() {
    let server = impatient();
    let mut socket = Socket::connect(&server);
    assert!(socket.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.finish_sending();
    socket.listen_to_the_end();
    assert_eq!(socket.statuses(), [200], "{}", socket.text());
}

#[test]
fn a_connection_closed_by_half_in_the_middle_is_ended() {
    let server = impatient();
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let with_length = upload_head(&format!("Content-Length: {}\r\n\r\n", form.len()));
    let beginnings: [Vec<u8>; 5] = [
        Vec::new(),
        b"GET /heal".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n".to_vec(),
        with_length.clone(),
        [with_length, form[..form.len() / 2].to_vec()].concat(),
    ];
    for beginning in beginnings {
        let mut socket = Socket::connect(&server);
        assert!(socket.send(&beginning));
        socket.finish_sending();
        socket.listen_to_the_end();
        let statuses = socket.statuses();
        assert!(statuses.iter().all(|status| [400, 408].contains(status)), "{}", socket.text());
    }
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 0);
    serves(&server);
}
