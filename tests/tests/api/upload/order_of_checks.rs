//! With several faults at once, the first group of the contract's order answers:
//! 401, 403, 429, 400, 413, 415, 422 for the texts, 404, 422 for the picture.

use crate::pictures::jpeg;
use packshot_tests::server::PRODUCT;
use packshot_tests::token::{now, sign};
use packshot_tests::{Backends, Client, Form, Server, on_every_backend};
use serde_json::json;

fn huge() -> Vec<u8> {
    vec![b'%'; 5 * 1024 * 1024 + 1]
}

fn corrupt() -> Vec<u8> {
    let mut bytes = jpeg(400, 400);
    bytes.truncate(bytes.len() / 3);
    bytes
}

fn status(client: &Client, form: Form) -> u16 {
    client.upload(form).status
}

fn customer(server: &Server) -> Client {
    server.anyone().with_token(&sign(&json!({"sub": "u", "exp": now() + 60})))
}

#[on_every_backend]
fn a_stranger_hears_401_whatever_is_sent(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(status(server.anyone(), Form::new()), 401);
    assert_eq!(status(server.anyone(), Form::upload("nowhere", &huge())), 401);
}

#[on_every_backend]
fn a_customer_hears_403_whatever_is_sent(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(status(&customer(&server), Form::new()), 403);
    assert_eq!(status(&customer(&server), Form::upload("nowhere", &huge())), 403);
}

#[on_every_backend]
fn a_missing_field_comes_before_the_size(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(status(&server.admin(), Form::new().file("a", "image/jpeg", &huge())), 400);
    assert_eq!(status(&server.admin(), Form::upload(PRODUCT, &huge()).text("order", "1").text("order", "2")), 400);
}

#[on_every_backend]
fn the_size_comes_before_the_type(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(status(&server.admin(), Form::upload(PRODUCT, &huge())), 413);
    assert_eq!(status(&server.admin(), Form::upload("nowhere", &huge()).text("order", "x")), 413);
}

#[on_every_backend]
fn the_type_comes_before_the_texts(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(status(&server.admin(), Form::upload("nowhere", b"%PDF-1.7").text("order", "x")), 415);
}

#[on_every_backend]
fn the_texts_come_before_the_product(backends: Backends) {
    let server = Server::start_on(backends);
    let answer = server.admin().upload(Form::upload("nowhere", &corrupt()).text("order", "x"));
    assert_eq!(answer.invalid_fields("/files"), ["order"]);
}

#[on_every_backend]
fn the_product_comes_before_the_picture(backends: Backends) {
    let server = Server::start_on(backends);
    let answer = server.admin().upload(Form::upload("prod_999", &corrupt()));
    let problem = answer.problem(404, "not-found", "/files", &[]);
    assert_eq!(problem["title"], "Not Found");
    assert_eq!(problem["detail"], "Product with ID 'prod_999' not found.");
}

#[on_every_backend]
fn what_cannot_be_an_id_is_no_product_either(backends: Backends) {
    let server = Server::start_on(backends);
    for id in ["", "../prod_789", "prod 789", &"x".repeat(65), "prod_789\u{0}"] {
        let answer = server.admin().upload(Form::upload(id, &jpeg(400, 400)));
        let status = answer.status;
        // An empty field may as well be called missing.
        assert!(status == 404 || (id.is_empty() && status == 400), "{id:?}: {}", answer.shown());
        let _ = answer.any_problem("/files");
    }
}

#[on_every_backend]
fn the_picture_comes_last(backends: Backends) {
    let server = Server::start_on(backends);
    let answer = server.admin().upload(Form::upload(PRODUCT, &corrupt()));
    assert_eq!(answer.invalid_fields("/files"), ["file"]);
}

#[on_every_backend]
fn the_limit_comes_before_the_form(backends: Backends) {
    let server = Server::builder_on(backends).set("PACKSHOT_LIMITS__PER_USER_HOUR", "1").start().with_product(PRODUCT);
    // In the worst case an hour ends in between, once.
    let codes: Vec<u16> = (0..3).map(|_| status(&server.admin(), Form::new())).collect();
    assert!(codes.contains(&429), "{codes:?}");
    assert!(codes.iter().all(|code| [400, 429].contains(code)), "{codes:?}");
    assert_eq!(status(&customer(&server), Form::new()), 403);
}
