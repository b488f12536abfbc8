//! `Idempotency-Key`: the same request twice is one upload.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend, token};
use std::thread::scope;

fn form() -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("caption", "one")
}

fn upload(server: &Server, form: Form, key: &str) -> Answer {
    server.admin().upload_with(form, &[("idempotency-key", key)])
}

fn images(server: &Server) -> serde_json::Value {
    server.anyone().get("/products/prod_789").expect(200).json()["imageCount"].clone()
}

#[on_every_backend]
fn a_repetition_gets_the_first_answer_again(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload(&server, form(), "key-1").expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    for _ in 0..2 {
        let again = upload(&server, form(), "key-1").expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.json(), first.json());
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("x-image-id"), first.header("x-image-id"));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(images(&server), 1);
}

#[on_every_backend]
fn a_repetition_is_known_after_a_restart(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload(&server, form(), "key-1").expect(201);
    let server = server.terminate().start();
    let again = upload(&server, form(), "key-1").expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
}

#[on_every_backend]
fn without_a_key_the_same_request_is_another_upload(backends: Backends) {
    let server = Server::start_on(backends);
    let first = server.admin().upload(form()).expect(201).json();
    let second = server.admin().upload(form()).expect(201).json();
    assert_ne!(first["id"], second["id"]);
    assert_eq!(images(&server), 2);
}

#[on_every_backend]
fn a_key_is_good_for_one_request_alone(backends: Backends) {
    let server = Server::start_on(backends);
    let _ = upload(&server, form(), "key-1").expect(201);
    let others = [
        Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("caption", "two"),
        Form::upload(PRODUCT, &fixture("cutout_400x400.png")).text("caption", "one"),
        form().text("tags", "x"),
        Form::upload("prod_999", &fixture("tiny_300x300.jpg")).text("caption", "one"),
    ];
    for other in others {
        let answer = upload(&server, other, "key-1");
        assert_eq!(answer.status, 422, "{}", answer.shown());
        let _ = answer.any_problem("/files");
    }
    assert_eq!(images(&server), 1);
}

#[on_every_backend]
fn a_key_belongs_to_its_user(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload(&server, form(), "key-1").expect(201).json();
    let other = server.anyone().with_token(&token::admin("somebody_else"));
    let second = other.upload_with(form(), &[("idempotency-key", "key-1")]).expect(201);
    assert_eq!(second.header("idempotent-replayed"), None);
    assert_ne!(second.json()["id"], first["id"]);
}

#[on_every_backend]
fn a_failed_request_gives_its_key_back(backends: Backends) {
    let server = Server::start_on(backends);
    let broken = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")[..9000]).text("caption", "one");
    assert_eq!(upload(&server, broken, "key-1").invalid_fields("/files"), ["file"]);
    let answer = upload(&server, form(), "key-1").expect(201);
    assert_eq!(answer.header("idempotent-replayed"), None);
}

#[on_every_backend]
fn a_key_is_visible_ascii(backends: Backends) {
    let server = Server::start_on(backends);
    for bad in ["", &"k".repeat(256), "clé"] {
        let answer = upload(&server, form(), bad);
        let _ = answer.expect(400).any_problem("/files");
    }
    let _ = upload(&server, form(), &"k".repeat(255)).expect(201);
}

#[on_every_backend]
fn of_many_at_once_one_uploads_and_the_others_hear_of_it(backends: Backends) {
    let server = Server::start_on(backends);
    let answers: Vec<Answer> = scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| upload(&server, form(), "key-1"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let replayed = |answer: &&Answer| answer.header("idempotent-replayed") == Some("true");
    let (done, running): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(done.iter().filter(|answer| !replayed(answer)).count(), 1);
    for answer in running {
        assert_eq!(answer.status, 409, "{}", answer.shown());
        let _ = answer.any_problem("/files");
    }
    assert_eq!(images(&server), 1);
    // Whoever was told to wait gets the same image afterwards.
    let again = upload(&server, form(), "key-1").expect(201);
    assert!(done.iter().all(|answer| answer.json()["id"] == again.json()["id"]));
}
