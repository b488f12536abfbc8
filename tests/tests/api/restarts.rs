//! Stopping and starting: nothing that was answered is lost.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};

fn upload(server: &Server) -> serde_json::Value {
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("is_primary", "true");
    server.admin().upload(form).expect(201).json()
}

#[track_caller]
fn still_there(server: &Server, image: &serde_json::Value) {
    for url in image["variants"].as_object().unwrap().values() {
        let _ = server.anyone().get(url.as_str().unwrap()).expect(200);
    }
    let product = server.anyone().get("/products/prod_789").expect(200).json();
    assert_eq!(product["imageCount"], 1);
    assert_eq!(product["primaryImage"]["id"], image["id"]);
}

#[on_every_backend]
fn images_survive_a_restart(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    let stopped = server.terminate();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    still_there(&stopped.start(), &image);
}

#[on_every_backend]
fn images_survive_a_crash(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    still_there(&server.kill().start(), &image);
}

#[test]
fn a_secret_made_on_the_first_start_is_kept() {
    let server = Server::builder().unset("PACKSHOT_AUTH__HS256_SECRET").start();
    let token = server.run(&["token", "--subject", "ada", "--role", "admin"]).ok();
    let _ = server.anyone().with_token(token.trim()).put_json("/products/p", r#"{"name": "P"}"#).expect(201);
    let server = server.terminate().start();
    let _ = server.anyone().with_token(token.trim()).put_json("/products/p", r#"{"name": "Q"}"#).expect(200);
}

#[on_every_backend]
fn a_stopping_server_ends_without_an_error_in_its_log(backends: Backends) {
    let server = Server::start_on(backends);
    let _ = upload(&server);
    let stopped = server.terminate();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    assert!(!stopped.log.contains("ERROR") && !stopped.log.contains("panicked"), "{}", stopped.log);
}
