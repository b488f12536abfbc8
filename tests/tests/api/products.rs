//! `/products` and `/products/{id}`.

use crate::pictures::jpeg;
use packshot_tests::backends::postgres;
use packshot_tests::client::send;
use packshot_tests::token::{now, sign};
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};

fn put(server: &Server, id: &str, name: &str) -> packshot_tests::Answer {
    server.admin().put_json(&format!("/api/products/{id}"), &json!({"name": name}).to_string())
}

#[on_every_backend]
fn a_product_is_made_once_and_renamed_after(backends: Backends) {
    let server = Server::builder_on(backends).start();
    let made = put(&server, "lamp", "Lamp").expect(201).json();
    assert_eq!((&made["id"], &made["name"]), (&json!("lamp"), &json!("Lamp")));
    let renamed = put(&server, "lamp", "  Table lamp ").expect(200).json();
    assert_eq!(renamed["name"], "Table lamp");
    assert_eq!(renamed["createdAt"], made["createdAt"]);
    assert_eq!(server.anyone().get("/products/lamp").expect(200).json(), renamed);
}

#[on_every_backend]
fn a_product_shows_itself_its_images_and_its_primary_one(backends: Backends) {
    let server = Server::start_on(backends);
    let empty = server.anyone().get("/api/products/prod_789").expect(200);
    assert_eq!(empty.header("content-type"), Some("application/json"));
    let mut empty = empty.json();
    let created = empty["createdAt"].take();
    assert!(created.as_str().is_some_and(|time| time.len() == 20 && time.ends_with('Z')), "{created}");
    assert_eq!(
        empty,
        json!({"id": "prod_789", "name": "A product", "createdAt": null, "imageCount": 0, "primaryImage": null})
    );

    let form = Form::upload("prod_789", &fixture("tiny_300x300.jpg")).text("is_primary", "true");
    let image = server.admin().upload(form).expect(201).json();
    let product = server.anyone().get("/products/prod_789").expect(200).json();
    assert_eq!(product["imageCount"], 1);
    for member in ["id", "filename", "variants", "isPrimary"] {
        assert_eq!(product["primaryImage"][member], image[member], "{member}");
    }
}

#[on_every_backend]
fn the_javascript_clients_question_is_answered_with_a_token_or_without(backends: Backends) {
    let server = Server::start_on(backends);
    let _ = server.anyone().get("/api/products/prod_789").expect(200);
    let _ = server.admin().get("/api/products/prod_789").expect(200);
    let _ = server.anyone().with_token("stale").get("/api/products/prod_789").expect(200);
}

#[on_every_backend]
fn an_unknown_product_is_404(backends: Backends) {
    let server = Server::start_on(backends);
    for id in ["prod_999", "a%20b", "..%2f..", "%00", &"x".repeat(65)] {
        let answer = server.anyone().get(&format!("/api/products/{id}"));
        assert_eq!(answer.status, 404, "{id}: {}", answer.shown());
    }
    let problem = server.anyone().get("/api/products/prod_999").problem(404, "not-found", "/products/prod_999", &[]);
    assert_eq!(problem["detail"], "Product with ID 'prod_999' not found.");
}

#[on_every_backend]
fn only_admins_write(backends: Backends) {
    let server = Server::start_on(backends);
    let customer = server.anyone().with_token(&sign(&json!({"sub": "u", "exp": now() + 60})));
    for (client, status, slug) in [(server.anyone(), 401, "unauthorized"), (&customer, 403, "forbidden")] {
        let _ = client.put_json("/products/new", r#"{"name": "x"}"#).problem(status, slug, "/products/new", &[]);
        let _ = client.delete("/products/prod_789").problem(status, slug, "/products/prod_789", &[]);
    }
    assert_eq!(server.anyone().get("/products/new").status, 404);
    let _ = server.anyone().get("/products/prod_789").expect(200);
}

#[on_every_backend]
fn a_name_has_1_to_200_characters(backends: Backends) {
    let server = Server::builder_on(backends).start();
    assert_eq!(put(&server, "p", &"ü".repeat(200)).expect(201).json()["name"], "ü".repeat(200));
    for bad in ["", "   ", &"ü".repeat(201), "a\u{7}b"] {
        assert_eq!(put(&server, "q", bad).invalid_fields("/products/q"), ["name"], "{bad:?}");
    }
    assert_eq!(server.anyone().get("/products/q").status, 404);
}

#[on_every_backend]
fn an_id_has_1_to_64_plain_characters(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for good in ["p", "A-Z_0", &"x".repeat(64)] {
        let _ = put(&server, good, "Good").expect(201);
    }
    for bad in ["a%20b", "a.b", "%C3%A9", &"x".repeat(65)] {
        let answer = put(&server, bad, "Bad");
        assert!((400..500).contains(&answer.status), "{bad}: {}", answer.shown());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}

#[on_every_backend]
fn a_body_that_is_no_json_object_with_a_name_is_refused(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for bad in ["", "{", "null", "[]", "\"Lamp\"", "{\"name\": 5}", "{}", "{\"name\": \"a\"} x"] {
        let answer = server.admin().put_json("/products/p", bad);
        assert!([400, 422].contains(&answer.status), "{bad}: {}", answer.shown());
        let _ = answer.any_problem("/products/p");
    }
    let request = server.admin().request("PUT", "/products/p").header("content-type", "text/plain");
    let answer = send(request.body(r#"{"name": "Lamp"}"#));
    assert!([400, 415].contains(&answer.status), "{}", answer.shown());
    let _ = answer.any_problem("/products/p");
    let answer = server.admin().put_json("/products/p", &json!({"name": "x".repeat(10_000_000)}).to_string());
    assert!([400, 413, 422].contains(&answer.status), "{}", answer.shown());
    let _ = answer.any_problem("/products/p");
}

#[on_every_backend]
fn deleting_a_product_takes_its_images_along(backends: Backends) {
    let server = Server::start_on(backends).with_product("other");
    let picture = jpeg(400, 400);
    let image = server.admin().upload(Form::upload("prod_789", &picture)).expect(201).json();
    let kept = server.admin().upload(Form::upload("other", &picture)).expect(201).json();

    let answer = server.admin().delete("/products/prod_789").expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(server.anyone().get("/products/prod_789").status, 404);
    for url in image["variants"].as_object().unwrap().values() {
        assert_eq!(server.anyone().get(url.as_str().unwrap()).status, 404);
    }
    for url in kept["variants"].as_object().unwrap().values() {
        assert_eq!(server.anyone().get(url.as_str().unwrap()).status, 200);
    }
    let _ = server.admin().delete("/products/prod_789").problem(404, "not-found", "/products/prod_789", &[]);
    assert_eq!(server.admin().upload(Form::upload("prod_789", &picture)).status, 404);
}

#[on_every_backend]
fn a_product_made_again_starts_without_images(backends: Backends) {
    let server = Server::start_on(backends);
    let _ = server.admin().upload(Form::upload("prod_789", &jpeg(400, 400))).expect(201);
    let _ = server.admin().delete("/products/prod_789").expect(204);
    assert_eq!(put(&server, "prod_789", "Again").expect(201).json()["imageCount"], 0);
}

#[on_every_backend]
fn products_are_listed_in_pages(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for n in 0..5 {
        let _ = put(&server, &format!("p{n}"), &format!("Product {n}")).expect(201);
    }
    let page = |query: &str| server.anyone().get(&format!("/api/products{query}")).expect(200).json();
    let all = page("");
    assert_eq!((&all["total"], &all["page"], &all["pageSize"]), (&json!(5), &json!(1), &json!(20)));
    assert_eq!((&all["totalPages"], &all["hasNext"], &all["hasPrev"]), (&json!(1), &json!(false), &json!(false)));

    let mut seen: Vec<String> = Vec::new();
    for number in 1..=3 {
        let page = page(&format!("?page={number}&page_size=2"));
        assert_eq!((&page["totalPages"], &page["hasNext"]), (&json!(3), &json!(number < 3)));
        assert_eq!(page["hasPrev"], number > 1);
        seen.extend(ids(&page));
    }
    seen.sort();
    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4"]);
    assert_eq!(ids(&page("?page=9")), Vec::<String>::new());
}

#[on_every_backend]
fn a_search_looks_at_ids_and_names_and_takes_wildcards_literally(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for (id, name) in [("lamp", "Desk light"), ("chair", "50% Chair"), ("desk_1", "Table"), ("deskx1", "Other")] {
        let _ = put(&server, id, name).expect(201);
    }
    let search = |text: &str| {
        let mut found = ids(&server.anyone().get(&format!("/products?search={text}")).expect(200).json());
        found.sort();
        found
    };
    assert_eq!(search("DESK"), ["desk_1", "deskx1", "lamp"]);
    assert_eq!(search("desk_1"), ["desk_1"]);
    assert_eq!(search("%25"), ["chair"]);
    assert_eq!(search("nothing"), Vec::<String>::new());
}

#[on_every_backend]
fn bad_parameters_of_a_page_are_400_and_all_named(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for (query, fields) in [
        ("page=0", vec!["page"]),
        ("page=x", vec!["page"]),
        ("page_size=0", vec!["page_size"]),
        ("page_size=101", vec!["page_size"]),
        ("page=-1&page_size=1000", vec!["page", "page_size"]),
    ] {
        let answer = server.anyone().get(&format!("/products?{query}"));
        let problem = answer.expect(400).any_problem("/products");
        let found: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!(found, fields, "{query}");
    }
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

/// Rows at once, beside the server.
fn seed(server: &Server, images: u32) {
    let home = server.home();
    if let Some(database) = home.database() {
        postgres().sql(database, &packshot_contract::seed::postgres(images, 1)).unwrap();
        return;
    }
    // Python's own SQLite may be older than that function.
    let script = "import sqlite3, sys\ndatabase = sqlite3.connect(sys.argv[1])\n\
        database.create_function('unhex', 1, bytes.fromhex)\ndatabase.executescript(sys.argv[2])";
    let database = server.folder().join("data/packshot.db");
    let mut python = std::process::Command::new("python3");
    let ran =
        python.args(["-c", script]).arg(database).arg(packshot_contract::seed::sqlite(images, 1)).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[on_every_backend]
fn a_product_of_a_thousand_images_goes_with_all_of_them(backends: Backends) {
    let server = Server::builder_on(backends).start();
    seed(&server, 1200);
    for _ in 0..2 {
        let _ = server.admin().upload(Form::upload("p0", &fixture("tiny_300x300.jpg"))).expect(201);
    }
    assert_eq!(server.stored_files().len(), 10);
    assert_eq!(server.anyone().get("/products/p0").expect(200).json()["imageCount"], 1202);
    let _ = server.admin().delete("/products/p0").expect(204);
    let _ = server.anyone().get("/products/p0").expect(404);
    assert_eq!(server.stored_files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(packshot_tests::rows::read(server.home()), packshot_tests::rows::Rows::default());
}
