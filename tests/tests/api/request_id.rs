//! `X-Request-Id`: taken when sane, made otherwise, on every answer and on the log's lines.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};

#[test]
fn a_sane_id_comes_back() {
    let server = Server::start();
    for id in ["abc-123", "01J8Z3K4N5P6Q7R8S9T0V1W2X3", "550e8400-e29b-41d4-a716-446655440000", "a_b.c"] {
        for path in ["/healthz", "/nowhere", "/products/prod_999", "/static/img/products/x/y.jpg"] {
            let answer = server.anyone().get_with(path, &[("x-request-id", id)]);
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
        }
        let answer = server.anyone().upload_with(Form::new(), &[("x-request-id", id)]).expect(401);
        assert_eq!(answer.header("x-request-id"), Some(id));
    }
}

#[test]
fn an_id_is_made_where_there_is_none() {
    let server = Server::start();
    let id = || server.anyone().get("/healthz").header("x-request-id").expect("an id").to_owned();
    let (first, second) = (id(), id());
    assert!(first.len() >= 16, "{first}");
    assert_ne!(first, second);
}

#[test]
fn an_insane_id_is_replaced() {
    let server = Server::start();
    for bad in ["", "two words", "<script>", "x\ty", "é", &"x".repeat(1000)] {
        let answer = server.anyone().get_with("/healthz", &[("x-request-id", bad)]);
        let id = answer.header("x-request-id").expect("an id");
        assert!(id != bad && !id.is_empty(), "{bad:?}");
    }
}

#[test]
fn the_log_names_the_request_and_keeps_the_token() {
    let server = Server::start();
    let token = packshot_tests::token::admin("admin_user");
    let client = server.anyone().with_token(&token);
    let form = Form::upload(PRODUCT, &fixture("small_640x640.jpg"));
    let _ = client.upload_with(form, &[("x-request-id", "e2e-request-42")]).expect(201);
    let log = server.terminate().log;
    assert!(log.contains("e2e-request-42"), "{log}");
    assert!(!log.contains(&token) && !log.contains(packshot_tests::token::SECRET), "{log}");
}
