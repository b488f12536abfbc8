//! 400: the request is no form, or not one that can be read, or lacks what every upload needs.

use packshot_tests::client::send;
use packshot_tests::form::BOUNDARY;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server, fixture, raw};

fn post(server: &Server, content_type: &str, body: Vec<u8>) -> Answer {
    send(server.admin().request("POST", "/api/files").header("content-type", content_type).body(body))
}

#[track_caller]
fn bad_request(answer: &Answer) -> String {
    let problem = answer.problem(400, "bad-request", "/files", &[]);
    assert_eq!(problem["title"], "Bad Request");
    problem["detail"].as_str().unwrap().to_owned()
}

fn small() -> Vec<u8> {
    fixture("small_640x640.jpg")
}

#[test]
fn a_missing_field_is_named_as_the_customer_names_it() {
    let server = Server::start();
    let no_product = Form::new().file("a.jpg", "image/jpeg", &small());
    let no_file = Form::new().text("productId", PRODUCT);
    assert_eq!(bad_request(&server.admin().upload(no_product)), "Missing required field: productId.");
    assert_eq!(bad_request(&server.admin().upload(no_file)), "Missing required field: file.");
    let _ = bad_request(&server.admin().upload(Form::new()));
}

#[test]
fn another_media_type_is_no_form() {
    let server = Server::start();
    for (content_type, body) in [
        ("application/json", br#"{"productId": "prod_789"}"#.to_vec()),
        ("application/x-www-form-urlencoded", b"productId=prod_789".to_vec()),
        ("image/jpeg", small()),
        ("multipart/mixed; boundary=x", b"--x--\r\n".to_vec()),
    ] {
        let _ = bad_request(&post(&server, content_type, body));
    }
}

#[test]
fn a_request_without_a_media_type_or_body_is_no_form() {
    let server = Server::start();
    let _ = bad_request(&send(server.admin().request("POST", "/api/files")));
    let _ = bad_request(&send(server.admin().request("POST", "/api/files").body(small())));
}

#[test]
fn a_form_needs_its_boundary() {
    let server = Server::start();
    let body = Form::upload(PRODUCT, &small()).into_body();
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other"]
    {
        let _ = bad_request(&post(&server, content_type, body.clone()));
    }
}

#[test]
fn a_form_that_breaks_off_is_malformed() {
    let server = Server::start();
    let whole = Form::upload(PRODUCT, &small()).into_body();
    for length in [0, 10, 100, 200, 20_000, whole.len() - BOUNDARY.len() - 4] {
        let _ = bad_request(&post(&server, &Form::content_type(), whole[..length].to_vec()));
    }
    assert_eq!(server.anyone().get("/products/prod_789").json()["imageCount"], 0);
}

#[test]
fn a_part_without_a_name_is_malformed() {
    let server = Server::start();
    for head in ["Content-Disposition: form-data", "Content-Type: text/plain", "Content-Disposition: attachment"] {
        let _ = bad_request(&server.admin().upload(Form::upload(PRODUCT, &small()).part(head, b"x")));
    }
}

#[test]
fn a_text_that_is_not_utf_8_is_unreadable() {
    let server = Server::start();
    let head = "Content-Disposition: form-data; name=\"caption\"";
    let _ = bad_request(&server.admin().upload(Form::upload(PRODUCT, &small()).part(head, b"\xff\xfe\xfa")));
}

#[test]
fn a_single_field_may_not_come_twice() {
    let server = Server::start();
    for name in ["productId", "is_primary", "alt_text", "caption", "order", "metadata"] {
        let value = if name == "productId" { PRODUCT } else { "1" };
        let mut form = Form::upload(PRODUCT, &small()).text(name, value);
        if name != "productId" {
            form = form.text(name, value);
        }
        let detail = bad_request(&server.admin().upload(form));
        assert!(detail.contains(name), "{detail}");
    }
    let two_files = Form::upload(PRODUCT, &small()).file("b.jpg", "image/jpeg", &small());
    assert!(bad_request(&server.admin().upload(two_files)).contains("file"));
}

#[test]
fn a_form_has_at_most_64_parts() {
    let server = Server::start();
    let with_parts = |count: usize| {
        (2..count).fold(Form::upload(PRODUCT, &small()), |form, n| form.text(&format!("extra-{n}"), "x"))
    };
    let _ = server.admin().upload(with_parts(64)).expect(201);
    let _ = bad_request(&server.admin().upload(with_parts(65)));
}

#[test]
fn a_text_part_has_at_most_64_kib() {
    let server = Server::start();
    let with = |name: &str, bytes: usize| Form::upload(PRODUCT, &small()).text(name, &"x".repeat(bytes));
    let _ = server.admin().upload(with("extra", 64 * 1024)).expect(201);
    for name in ["extra", "caption", "metadata", "tags[]"] {
        let _ = bad_request(&server.admin().upload(with(name, 64 * 1024 + 1)));
    }
    // Small enough to be read, and too long for a caption.
    assert_eq!(server.admin().upload(with("caption", 64 * 1024)).invalid_fields("/files"), ["caption"]);
}

#[test]
fn a_chunked_form_is_as_good_as_a_counted_one() {
    let server = Server::start();
    let body = Form::upload(PRODUCT, &small()).into_body();
    let mut request = format!(
        "POST /api/files HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        server.address(),
        packshot_tests::token::admin("admin_user"),
        Form::content_type()
    )
    .into_bytes();
    for chunk in body.chunks(1000) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let _ = raw::exchange(server.address(), &request).expect("an answer").expect(201);
}

#[test]
fn a_client_that_hangs_up_leaves_nothing_and_the_server_goes_on() {
    let server = Server::start();
    let body = Form::upload(PRODUCT, &small()).into_body();
    let head = format!(
        "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        packshot_tests::token::admin("admin_user"),
        Form::content_type(),
        body.len()
    );
    let mut connection = raw::Raw::connect(server.address());
    connection.send(head.as_bytes()).unwrap();
    connection.send(&body[..body.len() / 2]).unwrap();
    connection.finish_sending();
    // With the other half closed, only a problem may come back.
    if let Some(answer) = connection.answer() {
        let _ = bad_request(&answer);
    }
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 0);
    assert_eq!(server.stored_files(), Vec::<std::path::PathBuf>::new());
}
