//! 413: the file is larger than 5 MiB, and the client hears so even while it sends.

use crate::pictures::{jpeg, noisy_png};
use packshot_tests::raw::{self, Raw};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server, fixture};

const MAX: usize = 5 * 1024 * 1024;

#[track_caller]
fn too_large(answer: &Answer, actual: usize) {
    let problem = answer.problem(413, "file-too-large", "/files", &["maxSize", "actualSize"]);
    assert_eq!(problem["title"], "File Too Large");
    assert_eq!(problem["detail"], "File size exceeds maximum allowed size of 5MB.");
    assert_eq!(problem["maxSize"], MAX);
    assert_eq!(problem["actualSize"], actual);
}

fn padded(bytes: usize) -> Vec<u8> {
    let mut picture = jpeg(640, 480);
    picture.resize(bytes, 0);
    picture
}

fn head(address: &str, length: usize) -> String {
    head_as(address, &packshot_tests::token::admin("admin_user"), length)
}

fn head_as(address: &str, token: &str, length: usize) -> String {
    format!(
        "POST /api/files HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: {}\r\n\
         Content-Length: {length}\r\n\r\n",
        Form::content_type()
    )
}

#[test]
fn a_file_of_exactly_the_limit_is_taken() {
    let server = Server::start();
    let _ = server.admin().upload(Form::upload(PRODUCT, &padded(MAX))).expect(201);
}

#[test]
fn a_real_picture_close_to_the_limit_is_taken() {
    let server = Server::start();
    let picture = noisy_png(1280, 1280);
    assert!(picture.len() > MAX - 600_000 && picture.len() <= MAX, "{} bytes", picture.len());
    let _ = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201);
}

#[test]
fn a_byte_more_than_the_limit_is_too_much() {
    let server = Server::start();
    too_large(&server.admin().upload(Form::upload(PRODUCT, &padded(MAX + 1))), MAX + 1);
    too_large(&server.admin().upload(Form::upload(PRODUCT, &padded(6_291_456))), 6_291_456);
    assert_eq!(server.anyone().get("/products/prod_789").json()["imageCount"], 0);
}

#[test]
fn the_product_may_come_after_the_file_that_is_too_large() {
    let server = Server::start();
    let form = Form::new().file("a.jpg", "image/jpeg", &padded(MAX + 10)).text("productId", PRODUCT);
    too_large(&server.admin().upload(form), MAX + 10);
}

#[test]
fn a_client_that_still_sends_20_mb_hears_the_answer() {
    let server = Server::start();
    let size = 20_000_000;
    let body = Form::upload(PRODUCT, &padded(size)).into_body();
    let mut connection = Raw::connect(server.address());
    connection.send(head(server.address(), body.len()).as_bytes()).unwrap();
    // No reset: everything is taken, then answered.
    for piece in body.chunks(64 * 1024) {
        connection.send(piece).expect("the server takes the whole body");
    }
    too_large(&connection.answer().expect("an answer"), size);
}

#[test]
fn a_client_that_is_refused_early_hears_why_while_it_sends_20_mb() {
    let server = Server::start();
    let picture = padded(20_000_000);
    let too_long_a_text = Form::new().text("caption", &"x".repeat(65 * 1024)).file("a.jpg", "image/jpeg", &picture);
    let stale = head_as(server.address(), "stale", 20_000_000);
    let refusals = [(stale, picture.clone(), 401), {
        let body = too_long_a_text.into_body();
        (head(server.address(), body.len()), body, 400)
    }];
    for (head, body, status) in refusals {
        let mut connection = Raw::connect(server.address());
        connection.send(head.as_bytes()).unwrap();
        for piece in body.chunks(64 * 1024) {
            connection.send(piece).expect("the server takes the whole body");
        }
        let answer = connection.answer().expect("an answer").expect(status);
        let _ = answer.any_problem("/files");
    }
}

#[test]
fn a_body_beyond_every_bound_does_not_stop_the_server() {
    let server = Server::start();
    let announced = 1_000_000_000;
    let mut connection = Raw::connect(server.address());
    connection.send(head(server.address(), announced).as_bytes()).unwrap();
    connection.send(&Form::upload(PRODUCT, &padded(MAX)).into_open_body()[..MAX]).unwrap();
    let piece = vec![0; 1024 * 1024];
    // The server gives up long before the end, by an answer or by closing.
    let taken = (0..900).take_while(|_| connection.send(&piece).is_ok()).count();
    assert!(taken < 200, "the server took {taken} MiB");
    drop(connection);
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201);
}

#[test]
fn a_size_is_counted_not_believed() {
    let server = Server::start();
    let body = Form::upload(PRODUCT, &padded(MAX + 7)).into_body();
    let mut request = format!(
        "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        packshot_tests::token::admin("admin_user"),
        Form::content_type()
    )
    .into_bytes();
    for chunk in body.chunks(100_000) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    too_large(&raw::exchange(server.address(), &request).expect("an answer"), MAX + 7);
}
