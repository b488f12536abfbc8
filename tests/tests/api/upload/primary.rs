//! One primary image a product, whatever runs at once.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use serde_json::Value;
use std::thread::scope;

fn upload(server: &Server, primary: &str) -> String {
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("is_primary", primary);
    let image = server.admin().upload(form).expect(201).json();
    assert_eq!(image["isPrimary"], primary == "true");
    image["id"].as_str().unwrap().to_owned()
}

fn primary(server: &Server) -> Value {
    server.anyone().get("/products/prod_789").expect(200).json()["primaryImage"].clone()
}

#[on_every_backend]
fn a_product_without_a_primary_image_has_none(backends: Backends) {
    let server = Server::start_on(backends);
    assert_eq!(primary(&server), Value::Null);
    let _ = upload(&server, "false");
    assert_eq!(primary(&server), Value::Null);
}

#[on_every_backend]
fn a_new_primary_takes_the_place_of_the_old_one(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload(&server, "true");
    assert_eq!(primary(&server)["id"], first);
    let _ = upload(&server, "false");
    assert_eq!(primary(&server)["id"], first);
    let second = upload(&server, "true");
    assert_eq!(primary(&server)["id"], second);
    assert_eq!(primary(&server)["isPrimary"], true);
}

#[on_every_backend]
fn ten_primaries_at_once_leave_one(backends: Backends) {
    let server = Server::start_on(backends);
    let ids: Vec<String> = scope(|scope| {
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(|| upload(&server, "true"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let product = server.anyone().get("/products/prod_789").expect(200).json();
    assert_eq!(product["imageCount"], 10);
    let primary = product["primaryImage"]["id"].as_str().expect("one is primary");
    assert!(ids.iter().any(|id| id == primary));
}

#[on_every_backend]
fn a_primary_of_one_product_is_none_of_another(backends: Backends) {
    let server = Server::start_on(backends).with_product("other");
    let id = upload(&server, "true");
    let form = Form::upload("other", &fixture("tiny_300x300.jpg")).text("is_primary", "true");
    let _ = server.admin().upload(form).expect(201);
    assert_eq!(primary(&server)["id"], id);
}
