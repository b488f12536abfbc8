//! 401 and 403: who may upload, and that nobody else costs more than a header.

use packshot_tests::server::PRODUCT;
use packshot_tests::token::{SECRET, admin, now, sign, sign_with, unsigned};
use packshot_tests::{Answer, Client, Form, Server, fixture, raw};
use serde_json::json;

fn form() -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))
}

#[track_caller]
fn unauthorized(answer: &Answer) {
    let problem = answer.problem(401, "unauthorized", "/files", &[]);
    assert_eq!(problem["title"], "Unauthorized");
}

fn with_authorization(client: &Client, value: &str) -> Answer {
    client.upload_with(form(), &[("authorization", value)])
}

#[test]
fn without_a_token_it_is_401_as_the_customer_shows_it() {
    let server = Server::start();
    let answer = server.anyone().upload(form());
    unauthorized(&answer);
    assert_eq!(answer.json()["detail"], "Missing or invalid Authorization header.");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn another_scheme_is_no_token() {
    let server = Server::start();
    for value in ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer ", "token abc", ""] {
        let answer = with_authorization(server.anyone(), value);
        unauthorized(&answer);
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{value:?}");
    }
}

#[test]
fn the_schemes_name_has_no_case() {
    let server = Server::start();
    let _ = with_authorization(server.anyone(), &format!("bearer {}", admin("a"))).expect(201);
}

#[test]
fn a_bad_token_is_401_and_called_invalid() {
    let server = Server::start();
    let good = json!({"sub": "a", "role": "admin", "exp": now() + 60});
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let valid = sign(&good);
    let (input, _) = valid.rsplit_once('.').unwrap();
    let other_claims = unsigned(&hs256, &json!({"sub": "a", "role": "admin", "exp": now() + 61}));
    let signature = valid.rsplit_once('.').unwrap().1;
    let bad = [
        ("garbage", "garbage".to_owned()),
        ("three dots", "a.b.c".to_owned()),
        ("expired", sign(&json!({"sub": "a", "role": "admin", "exp": now() - 3600}))),
        ("without an expiry", sign(&json!({"sub": "a", "role": "admin"}))),
        ("not yet valid", sign(&json!({"sub": "a", "role": "admin", "exp": now() + 7200, "nbf": now() + 3600}))),
        ("another secret", sign_with(&hs256, &good, "another-secret-that-is-long-enough-0123456789")),
        ("no signature", input.to_owned()),
        ("an empty signature", format!("{input}.")),
        ("another payload", format!("{other_claims}.{signature}")),
        ("alg none", format!("{}.", unsigned(&json!({"alg": "none", "typ": "JWT"}), &good))),
        ("alg none, signed", sign_with(&json!({"alg": "none"}), &good, SECRET)),
        ("an alg that is not allowed", sign_with(&json!({"alg": "HS512"}), &good, SECRET)),
        ("an asymmetric alg", sign_with(&json!({"alg": "RS256"}), &good, SECRET)),
        ("an expiry beyond every calendar", sign(&json!({"sub": "a", "role": "admin", "exp": 9_000_000_000_000_u64}))),
        ("an expiry that is text", sign(&json!({"sub": "a", "role": "admin", "exp": "tomorrow"}))),
    ];
    for (what, token) in bad {
        let answer = server.anyone().with_token(&token).upload(form());
        assert_eq!(answer.status, 401, "{what}: {}", answer.shown());
        unauthorized(&answer);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer") && challenge.contains("error=\"invalid_token\""),
            "{what}: {challenge}"
        );
    }
    let _ = server.anyone().with_token(&valid).upload(form()).expect(201);
}

#[test]
fn an_issuer_and_an_audience_are_checked_when_they_are_set() {
    let server = Server::builder().file("[auth]\nissuer = \"https://id.example\"\naudience = \"packshot\"\n").start();
    let claims = |issuer: &str, audience: &str| {
        sign(&json!({"sub": "a", "role": "admin", "exp": now() + 60, "iss": issuer, "aud": audience}))
    };
    for bad in [admin("a"), claims("https://other.example", "packshot"), claims("https://id.example", "other")] {
        unauthorized(&server.anyone().with_token(&bad).upload(form()));
    }
    let good = server.anyone().with_token(&claims("https://id.example", "packshot"));
    let _ = good.put_json("/products/prod_789", r#"{"name": "Lamp"}"#).expect(201);
}

#[test]
fn without_the_role_it_is_403_as_the_customer_shows_it() {
    let server = Server::start();
    for claims in [
        json!({"sub": "u", "exp": now() + 60}),
        json!({"sub": "u", "role": "customer", "exp": now() + 60}),
        json!({"sub": "u", "role": "administrator", "exp": now() + 60}),
        json!({"sub": "admin", "roles": [], "exp": now() + 60}),
    ] {
        let answer = server.anyone().with_token(&sign(&claims)).upload(form());
        let problem = answer.problem(403, "forbidden", "/files", &[]);
        assert_eq!(problem["title"], "Forbidden");
        assert_eq!(problem["detail"], "Insufficient permissions to upload product images.");
    }
}

#[test]
fn the_role_is_found_in_each_of_its_places() {
    let server = Server::start();
    for claims in [
        json!({"sub": "u", "role": "admin", "exp": now() + 60}),
        json!({"sub": "u", "roles": ["editor", "admin"], "exp": now() + 60}),
        json!({"sub": "u", "scope": "read admin write", "exp": now() + 60}),
    ] {
        let _ = server.anyone().with_token(&sign(&claims)).upload(form()).expect(201);
    }
}

#[test]
fn roles_and_their_places_are_settings() {
    let server = Server::builder()
        .file("[auth]\nadmin_roles = [\"shop-admin\"]\nrole_claims = [\"realm_access.roles\"]\n")
        .start();
    let put = |claims: &serde_json::Value| {
        server.anyone().with_token(&sign(claims)).put_json("/products/p", r#"{"name": "P"}"#).status
    };
    assert_eq!(put(&json!({"sub": "u", "exp": now() + 60, "realm_access": {"roles": ["x", "shop-admin"]}})), 201);
    assert_eq!(put(&json!({"sub": "u", "exp": now() + 60, "realm_access": {"roles": ["admin"]}})), 403);
    assert_eq!(put(&json!({"sub": "u", "exp": now() + 60, "role": "shop-admin"})), 403);
}

#[test]
fn a_stranger_is_answered_before_the_body_is_read() {
    let server = Server::start();
    for authorization in ["", "Authorization: Bearer garbage\r\n"] {
        let head = format!(
            "POST /api/files HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: {}\r\nContent-Length: 4000000\r\n\r\n",
            Form::content_type()
        );
        // Not a byte of the body is ever sent.
        unauthorized(&raw::exchange(server.address(), head.as_bytes()).expect("an answer"));
    }
}

#[test]
fn a_stranger_that_waits_for_leave_to_send_hears_401_instead() {
    let server = Server::start();
    let head = format!(
        "POST /api/files HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: {}\r\nContent-Length: 4000000\r\n\r\n",
        Form::content_type()
    );
    let mut connection = raw::Raw::connect(server.address());
    connection.send(head.as_bytes()).unwrap();
    // Leave may be given on the way; the answer comes without a byte of the body all the same.
    let first = connection.answer().expect("an answer");
    unauthorized(&if first.status == 100 { connection.answer().expect("an answer") } else { first });
}
