//! What a person or a program reads about the API: the OpenAPI document and a page for each problem.

use packshot_tests::Server;
use serde_json::Value;

#[test]
fn the_openapi_document_describes_the_upload() {
    let server = Server::builder().start();
    let answer = server.anyone().get("/openapi.json").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let upload = &document["paths"]["/files"]["post"];
    for status in ["201", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500"] {
        assert!(upload["responses"][status].is_object(), "{status} is not described");
    }
    assert!(upload["requestBody"]["content"]["multipart/form-data"].is_object());
    assert_eq!(server.anyone().get("/api/openapi.json").expect(200).json(), document);
}

#[test]
fn the_command_prints_the_same_document() {
    let server = Server::builder().start();
    let printed: Value = serde_json::from_str(&server.run(&["openapi"]).ok()).expect("JSON");
    assert_eq!(printed, server.anyone().get("/openapi.json").expect(200).json());
}

#[test]
fn every_problem_has_a_page() {
    let server = Server::builder().start();
    for slug in [
        "bad-request",
        "unauthorized",
        "forbidden",
        "not-found",
        "file-too-large",
        "unsupported-media-type",
        "validation",
        "rate-limited",
        "internal",
    ] {
        let answer = server.anyone().get(&format!("/errors/{slug}")).expect(200);
        let media_type = answer.header("content-type").unwrap();
        assert!(media_type.starts_with("text/html"), "{media_type}");
        assert!(answer.text().contains(slug), "{slug}");
    }
    let _ = server.anyone().get("/errors/no-such-slug").problem(404, "not-found", "/errors/no-such-slug", &[]);
}
