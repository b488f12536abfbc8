//! What a person or a program reads about the API: the OpenAPI document and a page for each problem.

use packshot_tests::client::send;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, described, fixture};
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
fn every_example_is_as_its_schema_says() {
    let mut examples = 0;
    for (path, item) in described::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if let Some(example) = parameter.get("example") {
                    let name = &parameter["name"];
                    assert!(described::validator(&parameter["schema"]).is_valid(example), "{method} {path} {name}");
                    examples += 1;
                }
            }
            let contents = operation["responses"].as_object().unwrap().values().map(|response| &response["content"]);
            for content in contents.chain([&operation["requestBody"]["content"]]) {
                for (kind, content) in content.as_object().into_iter().flatten() {
                    if let Some(example) = content.get("example") {
                        let mut example = example.clone();
                        if kind == "multipart/form-data" {
                            // Bytes have no place in JSON.
                            example["file"] = "".into();
                        }
                        let faults: Vec<String> = described::validator(&content["schema"])
                            .iter_errors(&example)
                            .map(|fault| format!("{fault} at {}", fault.instance_path()))
                            .collect();
                        assert!(faults.is_empty(), "{method} {path} {kind}: {faults:?}");
                        examples += 1;
                    }
                }
            }
        }
    }
    assert!(examples > 60, "only {examples} examples");
}

#[test]
fn head_answers_as_get_does_without_a_body() {
    let server = Server::start();
    let image = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201).json();
    let id = image["id"].as_str().unwrap();
    let original = image["variants"]["original"].as_str().unwrap();
    for path in [
        "/files".to_owned(),
        format!("/api/files/{id}"),
        "/files/img_none".to_owned(),
        "/products".to_owned(),
        format!("/products/{PRODUCT}"),
        original.to_owned(),
        "/healthz".to_owned(),
        "/openapi.json".to_owned(),
        "/docs".to_owned(),
        "/docs/".to_owned(),
        "/api/docs/swagger-ui.css".to_owned(),
        "/errors/validation".to_owned(),
    ] {
        let (get, head) = (server.anyone().get(&path), send(server.anyone().request("HEAD", &path)));
        assert_eq!(head.status, get.status, "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control", "location"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        assert!(head.body.is_empty(), "{path}");
    }
}

#[test]
fn the_page_to_browse_it_loads_nothing_from_elsewhere() {
    let server = Server::builder().start();
    let moved = server.anyone().get("/api/docs").expect(308);
    assert_eq!(moved.header("location"), Some("/api/docs/"));
    let page = server.anyone().get("/api/docs/").expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    for part in page.text().split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")) {
        assert!(!part.contains("//"), "{part}");
        let _ = server.anyone().get(&format!("/api/docs/{}", part.trim_start_matches("./"))).expect(200);
    }
    let _ = server.anyone().get("/docs/nothing.js").problem(404, "not-found", "/docs/nothing.js", &[]);
    let wrong = send(server.admin().request("DELETE", "/docs/")).expect(405);
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
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
