//! `/files` and `/files/{id}` besides the upload: listing, reading, editing, deleting.

use packshot_tests::client::send;
use packshot_tests::token::{now, sign};
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};

const SMALL: &str = "tiny_300x300.jpg";

fn upload(server: &Server, form: Form) -> Value {
    server.admin().upload(form).expect(201).json()
}

fn plain() -> Form {
    Form::upload("prod_789", &fixture(SMALL))
}

fn patch(server: &Server, image: &Value, body: &Value) -> Answer {
    let request = server.admin().request("PATCH", &path(image));
    send(request.header("content-type", "application/merge-patch+json").body(body.to_string()))
}

fn path(image: &Value) -> String {
    format!("/api/files/{}", image["id"].as_str().expect("an id"))
}

fn list(server: &Server, query: &str) -> Value {
    server.anyone().get(&format!("/api/files?{query}")).expect(200).json()
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[on_every_backend]
fn an_image_is_read_with_its_url_and_its_products_name(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server, plain().text("alt_text", "A thing"));
    let answer = server.anyone().get(&path(&image)).expect(200);
    let mut read = answer.json();
    assert_eq!(read["url"], image["variants"]["original"]);
    assert_eq!(read["productName"], "A product");
    for member in ["url", "productName"] {
        let _ = read.as_object_mut().expect("an object").remove(member);
    }
    assert_eq!(read, image);
    let etag = answer.header("etag").expect("a tag").to_owned();
    let again = server.anyone().get_with(&path(&image), &[("if-none-match", &etag)]);
    assert_eq!((again.status, again.text().as_str()), (304, ""));
    let _ = patch(&server, &image, &json!({"caption": "new"})).expect(200);
    let _ = server.anyone().get_with(&path(&image), &[("if-none-match", &etag)]).expect(200);
}

#[on_every_backend]
fn what_is_not_there_is_404(backends: Backends) {
    let server = Server::start_on(backends);
    for id in ["img_12345678-1234-5678-1234-567812345678", "x", "img_", "%00"] {
        let target = format!("/api/files/{id}");
        assert_eq!(server.anyone().get(&target).status, 404, "{id}");
        assert_eq!(server.admin().delete(&target).status, 404, "{id}");
        assert_eq!(send(server.admin().request("PATCH", &format!("{target}/primary"))).status, 404, "{id}");
    }
}

#[on_every_backend]
fn only_admins_edit_and_delete(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server, plain());
    let customer = server.anyone().with_token(&sign(&json!({"sub": "u", "exp": now() + 60})));
    for (client, status) in [(server.anyone(), 401), (&customer, 403)] {
        assert_eq!(client.delete(&path(&image)).status, status);
        assert_eq!(send(client.request("PATCH", &format!("{}/primary", path(&image)))).status, status);
        let edit = client.request("PATCH", &path(&image)).header("content-type", "application/json").body("{}");
        assert_eq!(send(edit).status, status);
    }
    let _ = server.anyone().get(&path(&image)).expect(200);
}

#[on_every_backend]
fn a_merge_patch_changes_what_it_names(backends: Backends) {
    let server = Server::start_on(backends);
    let form = plain().text("alt_text", "old").text("caption", "old").text("order", "4").text("tags", "a");
    let image = upload(&server, form.text("metadata", r#"{"camera": {"make": "C", "model": "R5"}}"#));
    let body = json!({"altText": "new", "caption": null, "tags": ["b", "c", "b"], "metadata": {"camera": {"model": null}, "x": 1}});
    let edited = patch(&server, &image, &body).expect(200).json();
    assert_eq!(edited["altText"], "new");
    assert_eq!(edited["caption"], Value::Null);
    assert_eq!(edited["order"], 4);
    assert_eq!(edited["tags"], json!(["b", "c"]));
    assert_eq!(edited["metadata"], json!({"camera": {"make": "C"}, "colorProfile": "sRGB", "x": 1}));
    assert_eq!(server.anyone().get(&path(&image)).expect(200).json(), edited);
}

#[on_every_backend]
fn a_bad_patch_changes_nothing_and_names_every_member(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server, plain().text("alt_text", "old"));
    let body = json!({"altText": "new", "caption": "x".repeat(501), "order": -1, "isPrimary": true});
    let instance = format!("/files/{}", image["id"].as_str().expect("an id"));
    let mut faulty = patch(&server, &image, &body).invalid_fields(&instance);
    // A JSON object has no order.
    faulty.sort();
    assert_eq!(faulty, ["caption", "isPrimary", "order"]);
    assert_eq!(server.anyone().get(&path(&image)).expect(200).json()["altText"], "old");
    assert_eq!(patch(&server, &image, &json!([1])).status, 400);
    let text = server.admin().request("PATCH", &path(&image)).header("content-type", "text/plain").body("{}");
    let _ = send(text).problem(415, "unsupported-media-type", &instance, &["allowedTypes"]);
}

#[on_every_backend]
fn a_primary_image_takes_the_place_of_another(backends: Backends) {
    let server = Server::start_on(backends);
    let first = upload(&server, plain().text("is_primary", "true"));
    let second = upload(&server, plain());
    for _ in 0..2 {
        let answer = send(server.admin().request("PATCH", &format!("{}/primary", path(&second)))).expect(200).json();
        assert_eq!((&answer["id"], &answer["isPrimary"]), (&second["id"], &json!(true)));
    }
    assert_eq!(server.anyone().get(&path(&first)).expect(200).json()["isPrimary"], false);
    let primaries = list(&server, "is_primary=true");
    assert_eq!(ids(&primaries), [second["id"].as_str().expect("an id")]);
}

#[on_every_backend]
fn a_deleted_image_is_gone_with_its_files(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server, plain());
    let url = image["variants"]["large"].as_str().expect("a URL").to_owned();
    let _ = server.anyone().get(&url).expect(200);
    let gone = server.admin().delete(&path(&image)).expect(204);
    assert_eq!(gone.text(), "");
    assert_eq!(server.admin().delete(&path(&image)).status, 404);
    assert_eq!(server.anyone().get(&url).status, 404);
    assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
}

#[on_every_backend]
fn lists_are_filtered_sorted_and_paged(backends: Backends) {
    let server = Server::start_on(backends).with_product("other");
    let red = upload(
        &server,
        plain().text("tags", "red").text("tags", "both").text("order", "2").text("caption", "100% wool_"),
    );
    let blue = upload(&server, plain().text("tags", "blue").text("tags", "both").text("order", "1"));
    let webp = Form::new().text("productId", "other").file("p.webp", "image/webp", &fixture("photo_1000x750.webp"));
    let other = upload(&server, webp);
    let id = |image: &Value| image["id"].as_str().expect("an id").to_owned();
    let (red, blue, other) = (id(&red), id(&blue), id(&other));

    let all = list(&server, "");
    assert_eq!(ids(&all), [&other, &blue, &red]);
    assert_eq!((&all["total"], &all["page"], &all["pageSize"]), (&json!(3), &json!(1), &json!(20)));
    assert_eq!(all["filters"]["available"]["tags"], json!(["blue", "both", "red"]));
    assert_eq!(all["filters"]["available"]["mimeTypes"], json!(["image/jpeg", "image/webp"]));
    assert!(all["items"][0].get("variants").is_none() && all["items"][0]["productName"].is_string());
    assert!(list(&server, "include_variants=true")["items"][0]["variants"]["large"].is_string());

    for (query, expected) in [
        ("productId=prod_789", vec![&blue, &red]),
        ("tags=both,red", vec![&red]),
        ("tags=both&tags=blue", vec![&blue]),
        ("mime_type=image/webp", vec![&other]),
        ("min_width=700", vec![&other]),
        ("search=100%25", vec![&red]),
        ("search=WOOL_", vec![&red]),
        ("search=wool%25", vec![]),
        ("search=P.WEBP", vec![&other]),
        ("sort_by=order&sort_order=desc&productId=prod_789", vec![&red, &blue]),
        ("sort_by=width&sort_order=desc&page_size=1", vec![&other]),
        ("uploaded_after=2100-01-01", vec![]),
        ("uploaded_before=2100-01-01&is_primary=false&tags=red", vec![&red]),
    ] {
        assert_eq!(ids(&list(&server, query)), expected, "{query}");
    }
    let second = list(&server, "page=2&page_size=2");
    assert_eq!(ids(&second), [&red]);
    assert_eq!(
        (&second["totalPages"], &second["hasNext"], &second["hasPrev"]),
        (&json!(2), &json!(false), &json!(true))
    );
}

#[on_every_backend]
fn a_bad_query_is_400_and_every_parameter_is_named(backends: Backends) {
    let server = Server::start_on(backends);
    let answer =
        server.anyone().get("/api/files?page=0&page_size=101&sort_by=id&mime_type=x&is_primary=x&min_width=-1");
    let problem = answer.problem(400, "bad-request", "/files", &["errors"]);
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(6));
    let _ = server.anyone().get("/api/files?productId=prod_999").problem(404, "not-found", "/files", &[]);
}
