//! Preconditions: `If-Match`, `If-None-Match`, `If-Unmodified-Since` on reads and writes (RFC 9110, 13).

use packshot_tests::client::send;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};
use std::thread::scope;

const PRODUCT_PATH: &str = "/api/products/prod_789";
const LONG_AGO: &str = "Mon, 01 Jan 2001 00:00:00 GMT";
const FAR_AHEAD: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

fn upload(server: &Server) -> String {
    upload_with(server, "false")
}

fn upload_with(server: &Server, is_primary: &str) -> String {
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("is_primary", is_primary);
    let image = server.admin().upload(form).expect(201).json();
    format!("/api/files/{}", image["id"].as_str().expect("an id"))
}

fn tag(server: &Server, path: &str) -> String {
    server.anyone().get(path).expect(200).header("etag").expect("a tag").to_owned()
}

/// A write with these header fields.
fn write(server: &Server, method: &str, path: &str, body: Option<&Value>, fields: &[(&str, &str)]) -> Answer {
    let request = fields
        .iter()
        .fold(server.admin().request(method, path), |request, (name, value)| request.header(*name, *value));
    send(match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    })
}

#[track_caller]
fn failed(answer: &Answer, path: &str) {
    let _ = answer.problem(412, "precondition-failed", path.strip_prefix("/api").unwrap_or(path), &[]);
}

#[on_every_backend]
fn a_write_of_what_has_changed_since_is_refused_and_changes_nothing(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    let primary = format!("{image}/primary");
    let (stale, stale_product) = (tag(&server, &image), tag(&server, PRODUCT_PATH));
    let _ = server.admin().patch(&image, r#"{"caption": "by Ann"}"#).expect(200);
    let _ = server.admin().put_json(PRODUCT_PATH, r#"{"name": "By Ann"}"#).expect(200);
    let read = || [&image, PRODUCT_PATH].map(|path| server.anyone().get(path).expect(200).text());
    let before = read();
    let weak = format!("W/{}", tag(&server, &image));
    for field in [
        ("if-match", stale.as_str()),
        ("if-match", r#""nope", "nor this""#),
        ("if-match", weak.as_str()),
        ("if-none-match", "*"),
        ("if-unmodified-since", LONG_AGO),
    ] {
        failed(&write(&server, "PATCH", &image, Some(&json!({ "caption": "by Bob" })), &[field]), &image);
        failed(&write(&server, "PATCH", &primary, None, &[field]), &primary);
        failed(&write(&server, "DELETE", &image, None, &[field]), &image);
    }
    for field in [("if-match", stale_product.as_str()), ("if-none-match", "*"), ("if-unmodified-since", LONG_AGO)] {
        failed(&write(&server, "PUT", PRODUCT_PATH, Some(&json!({ "name": "By Bob" })), &[field]), PRODUCT_PATH);
        failed(&write(&server, "DELETE", PRODUCT_PATH, None, &[field]), PRODUCT_PATH);
    }
    // The precondition comes before what is wrong with the content.
    failed(&write(&server, "PATCH", &image, Some(&json!({ "order": -1 })), &[("if-match", &stale)]), &image);
    failed(&write(&server, "PUT", PRODUCT_PATH, Some(&json!({ "name": "" })), &[("if-match", &stale)]), PRODUCT_PATH);
    assert_eq!(read(), before);
}

#[on_every_backend]
fn a_write_of_what_the_client_saw_tells_the_new_tag(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    let primary = format!("{image}/primary");
    let writes = [
        ("PATCH", &image, &image, Some(json!({ "caption": "new" }))),
        ("PATCH", &primary, &image, None),
        ("PUT", &PRODUCT_PATH.to_owned(), &PRODUCT_PATH.to_owned(), Some(json!({ "name": "New" }))),
    ];
    for (method, path, shown, body) in writes {
        let seen = format!("\"other\", {}", tag(&server, shown));
        let answer = write(&server, method, path, body.as_ref(), &[("if-match", &seen)]).expect(200);
        let new = answer.header("etag").expect("a tag");
        assert_eq!(new, tag(&server, shown));
        let again = server.anyone().get_with(shown, &[("if-none-match", new)]);
        assert_eq!((again.status, again.text().as_str()), (304, ""));
        let fields = [("if-match", "*"), ("if-unmodified-since", LONG_AGO)];
        let _ = write(&server, method, path, body.as_ref(), &fields).expect(200);
        let _ = write(&server, method, path, body.as_ref(), &[("if-unmodified-since", FAR_AHEAD)]).expect(200);
        let _ = write(&server, method, path, body.as_ref(), &[("if-unmodified-since", "yesterday")]).expect(200);
        let unread = write(&server, method, path, body.as_ref(), &[("if-match", "unquoted")]);
        let _ = unread.problem(400, "bad-request", &path["/api".len()..], &[]);
    }
    let _ = write(&server, "DELETE", &image, None, &[("if-match", &tag(&server, &image))]).expect(204);
    let _ = write(&server, "DELETE", PRODUCT_PATH, None, &[("if-match", &tag(&server, PRODUCT_PATH))]).expect(204);
}

#[on_every_backend]
fn a_star_asks_whether_it_is_there(backends: Backends) {
    let server = Server::start_on(backends);
    let body = json!({ "name": "New" });
    failed(&write(&server, "PUT", "/api/products/new", Some(&body), &[("if-match", "*")]), "/products/new");
    assert_eq!(server.anyone().get("/api/products/new").status, 404);
    let made = write(&server, "PUT", "/api/products/new", Some(&body), &[("if-none-match", "*")]).expect(201);
    assert_eq!(made.header("etag"), Some(tag(&server, "/api/products/new").as_str()));
    failed(&write(&server, "PUT", "/api/products/new", Some(&body), &[("if-none-match", "*")]), "/products/new");
    // Where the answer without it is no success, a precondition counts for nothing (RFC 9110, 13.2.1).
    let missing = "/api/files/img_12345678-1234-5678-1234-567812345678";
    for (method, path) in [("PATCH", missing), ("DELETE", missing), ("DELETE", "/api/products/none")] {
        let body = (method == "PATCH").then(|| json!({}));
        assert_eq!(write(&server, method, path, body.as_ref(), &[("if-match", "*")]).status, 404, "{method} {path}");
    }
    let anonymous = server.anyone().request("DELETE", PRODUCT_PATH).header("if-match", "\"nope\"");
    assert_eq!(send(anonymous).status, 401);
}

#[on_every_backend]
fn reads_ask_their_preconditions_too(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    for path in [image.as_str(), PRODUCT_PATH, "/api/files", "/api/products"] {
        let answer = server.anyone().get(path).expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let tag = answer.header("etag").expect("a tag");
        let weak = format!("W/{tag}");
        for (field, status) in [
            (("if-match", tag), 200),
            (("if-match", weak.as_str()), 412),
            (("if-match", "\"nope\""), 412),
            (("if-none-match", tag), 304),
            (("if-none-match", weak.as_str()), 304),
            (("if-none-match", "\"nope\""), 200),
            (("if-none-match", "unquoted"), 200),
            (("if-match", "unquoted"), 400),
        ] {
            let answer = server.anyone().get_with(path, &[field]);
            assert_eq!(answer.status, status, "{path} {field:?}: {}", answer.shown());
            let head = send(server.anyone().request("HEAD", path).header(field.0, field.1));
            assert_eq!((head.status, head.text().as_str()), (status, ""), "{path} {field:?}");
        }
    }
    for path in [image.as_str(), PRODUCT_PATH] {
        failed(&server.anyone().get_with(path, &[("if-unmodified-since", LONG_AGO)]), path);
        let _ = server.anyone().get_with(path, &[("if-unmodified-since", FAR_AHEAD)]).expect(200);
    }
}

#[on_every_backend]
fn a_tag_changes_with_whatever_is_shown(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload_with(&server, "true");
    let paths = [first.as_str(), PRODUCT_PATH, "/api/files", "/api/products"];
    let tags = || paths.map(|path| tag(&server, path));
    // What happens, and which of the four show it.
    let mut before = tags();
    let mut after = |what: &str, changed: [bool; 4]| {
        let now = tags();
        let differs: Vec<bool> = before.iter().zip(&now).map(|(before, now)| before != now).collect();
        assert_eq!(differs, changed, "{what}");
        before = now;
    };
    after("nothing", [false; 4]);
    let second = upload(&server);
    after("another image", [false, true, true, false]);
    let _ = server.admin().make_primary(&second).expect(200);
    after("another becomes primary", [true, true, true, false]);
    let _ = server.admin().make_primary(&second).expect(200);
    after("it is already", [false; 4]);
    let _ = server.admin().patch(&second, r#"{"caption": "new"}"#).expect(200);
    after("the primary is edited", [false, true, true, false]);
    let _ = server.admin().patch(&first, r#"{"metadata": {"n": 1.0}}"#).expect(200);
    after("it is edited", [true, false, true, false]);
    let _ = server.admin().patch(&first, r#"{"metadata": {"n": 1.00}}"#).expect(200);
    after("a number is written otherwise", [true, false, true, false]);
    let _ = server.admin().put_json(PRODUCT_PATH, r#"{"name": "New"}"#).expect(200);
    after("the product is renamed", [true; 4]);
    let _ = server.admin().delete(&second).expect(204);
    after("the other is deleted", [false, true, true, false]);
}

#[on_every_backend]
fn an_upload_tells_the_tag_of_the_image(backends: Backends) {
    let server = Server::start_on(backends);
    let form = || Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"));
    let upload = || server.admin().upload_with(form(), &[("idempotency-key", "key-1")]).expect(201);
    let first = upload();
    let path = format!("/api/files/{}", first.json()["id"].as_str().expect("an id"));
    assert_eq!(first.header("etag"), Some(tag(&server, &path).as_str()));
    assert_eq!(upload().header("etag"), first.header("etag"));
    let fields = [("if-match", first.header("etag").expect("a tag"))];
    let _ = write(&server, "PATCH", &path, Some(&json!({ "caption": "new" })), &fields).expect(200);
    // What is told again is not what is there now.
    assert_eq!(upload().header("etag"), None);
}

#[on_every_backend]
fn of_many_writers_that_saw_the_same_one_wins(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server);
    for (method, path, member) in [("PATCH", image.as_str(), "caption"), ("PUT", PRODUCT_PATH, "name")] {
        for round in 0..3 {
            let seen = tag(&server, path);
            let race = |number: usize| {
                let body = json!({ member: format!("{round} by {number}") });
                write(&server, method, path, Some(&body), &[("if-match", &seen)])
            };
            let answers: Vec<Answer> = scope(|scope| {
                let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || race(number))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
            assert_eq!(won.len(), 1);
            lost.iter().for_each(|answer| failed(answer, path));
            assert_eq!(server.anyone().get(path).expect(200).json()[member], won[0].json()[member]);
        }
    }
    let body = json!({ "name": "New" });
    let make = || write(&server, "PUT", "/api/products/new", Some(&body), &[("if-none-match", "*")]).status;
    let made: Vec<u16> = scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!((made.iter().filter(|status| **status == 201).count(), made.len()), (1, 8), "{made:?}");
    assert!(made.iter().all(|status| [201, 412].contains(status)), "{made:?}");
}
