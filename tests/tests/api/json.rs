//! JSON of clients: what is kept of it, and what is none that is taken.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

fn form(metadata: &str) -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("metadata", metadata)
}

/// As few as find what is wrong with a kind of text: each case is an upload.
pub(crate) fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn string() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| Value::from(text).to_string())
}

fn object(members: impl IntoIterator<Item = (String, String)>) -> String {
    let members = members.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The text of any JSON value, without space between its parts.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![Just("null"), Just("true"), Just("false")].prop_map(str::to_owned);
    // No larger than a client's own numbers can be, or the tests' client could not read the answer.
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?";
    prop_oneof![word, number, string()].prop_recursive(4, 24, 5, |inner| {
        let array = vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![array, hash_map(any::<String>(), inner, 0..5).prop_map(object)]
    })
}

/// What the answer shows as metadata, to the byte; in front of `uploadedAt`, as items have it.
fn shown(body: &str) -> &str {
    let start = body.find(r#""metadata":"#).expect("metadata") + r#""metadata":"#.len();
    let end = body.rfind(r#","uploadedAt":"#).expect("what comes after it");
    &body[start..end]
}

#[on_every_backend]
fn metadata_comes_back_as_it_was_sent(backends: Backends) {
    let server = Server::start_on(backends);
    let metadata = hash_map(any::<String>().prop_map(|name| format!("k{name}")), value(), 1..6);
    let check = |sent: std::collections::HashMap<String, String>| {
        let sent = object(sent);
        let sent = &sent[..sent.len() - 1];
        let created = server.admin().upload(form(&format!("{sent}}}"))).expect(201);
        assert_eq!(shown(&created.text()), format!(r#"{sent},"colorProfile":"sRGB"}}"#));
        let path = format!("/api/files/{}", created.json()["id"].as_str().expect("an id"));
        let read = server.anyone().get(&path).expect(200);
        assert_eq!(shown(&read.text()), shown(&created.text()));
        let patched = server.admin().patch(&path, r#"{"metadata":{"other":1e2}}"#).expect(200);
        assert_eq!(shown(&patched.text()), format!(r#"{sent},"colorProfile":"sRGB","other":1e2}}"#));
        let listed = server.anyone().get("/api/files?page_size=1").expect(200);
        assert_eq!(shown(&listed.text()), shown(&patched.text()));
        Ok(())
    };
    runner(24).run(&metadata, check).unwrap();
}

#[on_every_backend]
fn a_repetition_gets_the_first_answer_to_the_byte(backends: Backends) {
    let server = Server::start_on(backends);
    let metadata = r#"{"gtin":12345678901234567890123,"lat":117.63331139400017,"n":[-0,1.0,1E30],"s":"\u0000é\/"}"#;
    let upload = || server.admin().upload_with(form(metadata), &[("idempotency-key", "key-1")]).expect(201);
    let (first, again) = (upload(), upload());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text(), first.text());
    let expected = r#"{"gtin":12345678901234567890123,"lat":117.63331139400017,"n":[-0,1.0,1E30],"s":"\u0000é/","colorProfile":"sRGB"}"#;
    assert_eq!(shown(&first.text()), expected);
}

#[on_every_backend]
fn what_cannot_be_kept_is_refused(backends: Backends) {
    let server = Server::start_on(backends);
    for bad in
        [r#"{"a":1,"a":2}"#, r#"{"a":{"b":1,"\u0062":1}}"#, r#"{"a":"\ud800"}"#, "[1]", "{\"a\":01}", "{\"a\":NaN}"]
    {
        assert_eq!(server.admin().upload(form(bad)).invalid_fields("/files"), ["metadata"], "{bad}");
    }
}

#[on_every_backend]
fn where_an_object_is_asked_for_nothing_else_is_taken(backends: Backends) {
    let server = Server::start_on(backends);
    let image = server.admin().upload(form("{}")).expect(201).json();
    let (product, path) = ("/api/products/prod_789", format!("/api/files/{}", image["id"].as_str().expect("an id")));
    let before = (server.anyone().get(product).expect(200).json(), server.anyone().get(&path).expect(200).json());
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    for bad in [
        r#"["after"]"#,
        r#"[["name","after"]]"#,
        r#"[{"name":"after"}]"#,
        r#""after""#,
        "1",
        "null",
        "",
        "{",
        r#"{"name":"after","name":"other"}"#,
        r#"{"name":"\ud800"}"#,
        "\u{feff}{}",
        &deep,
    ] {
        let _ = server.admin().put_json(product, bad).problem(400, "bad-request", "/products/prod_789", &[]);
        let answer = server.admin().patch(&path, bad);
        let _ = answer.problem(400, "bad-request", &path["/api".len()..], &[]);
    }
    for bad in [r#"{"name":5}"#, r#"{"name":["after"]}"#, r#"{"name":null}"#, "{}", r#"{"name":"after","id":"x"}"#] {
        let _ = server.admin().put_json(product, bad).problem(400, "bad-request", "/products/prod_789", &[]);
    }
    let after = (server.anyone().get(product).expect(200).json(), server.anyone().get(&path).expect(200).json());
    assert_eq!(after, before);
}

#[on_every_backend]
fn only_what_the_client_sent_counts_against_its_limit(backends: Backends) {
    let server = Server::start_on(backends);
    let largest = format!(r#"{{"a":"{}"}}"#, "x".repeat(16 * 1024 - 8));
    let image = server.admin().upload(form(&largest)).expect(201).json();
    let path = format!("/api/files/{}", image["id"].as_str().expect("an id"));
    for patch in
        [json!({ "metadata": {} }), json!({ "metadata": image["metadata"] }), json!({ "metadata": { "b": null } })]
    {
        assert_eq!(server.admin().patch(&path, &patch.to_string()).expect(200).json()["metadata"], image["metadata"]);
    }
    let more = server.admin().patch(&path, r#"{"metadata":{"b":1}}"#);
    assert_eq!(more.invalid_fields(&path["/api".len()..]), ["metadata"]);
    let emptied = server.admin().patch(&path, r#"{"metadata":null}"#).expect(200).json();
    assert_eq!(emptied["metadata"], json!({ "colorProfile": "sRGB" }));
}
