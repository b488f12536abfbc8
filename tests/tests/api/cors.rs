//! CORS: the customer's clients call from another origin, with a bearer token and without cookies.

use packshot_tests::client::send;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server, fixture};

const ORIGIN: &str = "https://shop.example";
const EXPOSED: [&str; 5] = ["location", "x-image-id", "x-request-id", "retry-after", "etag"];

fn names(answer: &Answer, header: &str) -> Vec<String> {
    let value = answer.header(header).unwrap_or_else(|| panic!("no {header}: {}", answer.shown()));
    value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn preflight(server: &Server, path: &str, method: &str, headers: &str) -> Answer {
    let request = server.anyone().request("OPTIONS", path).header("origin", ORIGIN);
    let request = request.header("access-control-request-method", method);
    send(if headers.is_empty() { request } else { request.header("access-control-request-headers", headers) })
}

#[track_caller]
fn open_to_everyone(answer: &Answer) {
    let origin = answer.header("access-control-allow-origin");
    assert!(origin == Some("*") || origin == Some(ORIGIN), "{}", answer.shown());
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[test]
fn a_preflight_for_an_upload_is_answered() {
    let server = Server::builder().start();
    let wanted = [
        "authorization",
        "content-type",
        "idempotency-key",
        "x-request-id",
        "if-match",
        "if-none-match",
        "if-unmodified-since",
    ];
    let answer = preflight(&server, "/api/files", "POST", &wanted.join(", "));
    assert!([200, 204].contains(&answer.status), "{}", answer.shown());
    open_to_everyone(&answer);
    assert!(names(&answer, "access-control-allow-methods").contains(&"post".to_owned()));
    let allowed = names(&answer, "access-control-allow-headers");
    // A star does not cover `Authorization`.
    assert!(wanted.iter().all(|name| allowed.iter().any(|other| other == name)), "{allowed:?}");
}

#[test]
fn preflights_are_answered_for_the_other_methods() {
    let server = Server::builder().start();
    for (path, method) in [
        ("/api/products/p", "PUT"),
        ("/api/products/p", "DELETE"),
        ("/api/products/p", "GET"),
        ("/files/img_1", "PATCH"),
        ("/files", "GET"),
    ] {
        let answer = preflight(&server, path, method, "authorization");
        assert!([200, 204].contains(&answer.status), "{method} {path}: {}", answer.shown());
        open_to_everyone(&answer);
        assert!(
            names(&answer, "access-control-allow-methods").contains(&method.to_ascii_lowercase()),
            "{method} {path}"
        );
    }
}

#[test]
fn an_upload_from_another_origin_can_be_read() {
    let server = Server::start();
    let form = Form::upload(PRODUCT, &fixture("small_640x640.jpg"));
    let answer = server.admin().upload_with(form, &[("origin", ORIGIN)]).expect(201);
    open_to_everyone(&answer);
    let exposed = names(&answer, "access-control-expose-headers");
    assert!(EXPOSED.iter().all(|name| exposed.iter().any(|other| other == name)), "{exposed:?}");
}

#[test]
fn errors_from_another_origin_can_be_read_too() {
    let server = Server::start();
    let huge = vec![0; 5 * 1024 * 1024 + 1];
    let answers = [
        (401, server.anyone().upload_with(Form::new(), &[("origin", ORIGIN)])),
        (400, server.admin().upload_with(Form::new(), &[("origin", ORIGIN)])),
        (413, server.admin().upload_with(Form::upload(PRODUCT, &huge), &[("origin", ORIGIN)])),
        (415, server.admin().upload_with(Form::upload(PRODUCT, b"%PDF-1.7"), &[("origin", ORIGIN)])),
        (404, server.anyone().get_with("/api/products/prod_999", &[("origin", ORIGIN)])),
        (404, server.anyone().get_with("/api/nowhere", &[("origin", ORIGIN)])),
        (405, send(server.anyone().request("DELETE", "/api/healthz").header("origin", ORIGIN))),
    ];
    for (status, answer) in answers {
        let answer = answer.expect(status);
        open_to_everyone(&answer);
        let exposed = names(&answer, "access-control-expose-headers");
        assert!(EXPOSED.iter().all(|name| exposed.iter().any(|other| other == name)), "{status}: {exposed:?}");
    }
}

#[test]
fn pictures_can_be_read_from_another_origin() {
    let server = Server::start();
    let image = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201).json();
    let url = image["variants"]["thumbnail"].as_str().unwrap();
    open_to_everyone(&server.anyone().get_with(url, &[("origin", ORIGIN)]).expect(200));
}

#[test]
fn origins_are_a_setting() {
    let server = Server::builder().file("[server]\ncors_origins = [\"https://shop.example\"]\n").start();
    let from = |origin: &str| server.anyone().get_with("/healthz", &[("origin", origin)]);
    assert_eq!(from(ORIGIN).header("access-control-allow-origin"), Some(ORIGIN));
    let stranger = from("https://evil.example");
    assert_eq!(stranger.header("access-control-allow-origin"), None, "{}", stranger.shown());
    // Without an origin nobody asked.
    let _ = server.anyone().get("/healthz").expect(200);
}
