//! `packshot audit`: every write, with who made it, when and from where.

use packshot_tests::client::send;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use serde_json::{Value, json};

fn entries(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let printed = server.run(&[&["audit", "--json"], arguments].concat()).ok();
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_write_is_told_with_its_user_address_and_request() {
    let server =
        Server::builder().set("PACKSHOT_SERVER__TRUSTED_PROXIES", "127.0.0.1/32").start().with_product(PRODUCT);
    let headers = [("X-Request-Id", "the-upload"), ("X-Forwarded-For", "203.0.113.9")];
    let form = Form::upload(PRODUCT, &fixture("small_640x640.jpg"));
    let image = server.admin().upload_with(form, &headers).expect(201).json();
    let id = image["id"].as_str().unwrap();
    let path = format!("/files/{id}");
    let patch = server.admin().request("PATCH", &path).header("content-type", "application/merge-patch+json");
    let _ = send(patch.body(r#"{"caption": "Not told", "order": 3}"#)).expect(200);
    let _ = send(server.admin().request("PATCH", &format!("{path}/primary"))).expect(200);
    let _ = server.admin().delete(&path).expect(204);
    // None of these is a write.
    let _ = server.admin().delete(&path).expect(404);
    let _ = server.anyone().delete(&path).expect(401);
    let _ = server.run(&["product", "put", PRODUCT, "--name", "New name"]).ok();

    let entries = entries(&server, &[]);
    let told: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected =
        ["product.rename", "image.delete", "image.set_primary", "image.edit", "image.upload", "product.create"];
    assert_eq!(told, expected);
    let upload = &entries[4];
    assert_eq!(upload["user"], "admin_user");
    assert_eq!(upload["address"], "203.0.113.9");
    assert_eq!(upload["requestId"], "the-upload");
    assert_eq!((&upload["productId"], &upload["imageId"]), (&PRODUCT.into(), &id.into()));
    assert!(upload["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(entries[3]["detail"], json!({ "fields": ["caption", "order"] }));
    assert_eq!((&entries[0]["user"], &entries[0]["address"]), (&"command line".into(), &Value::Null));
}

#[test]
fn entries_are_chosen_by_product_image_and_user() {
    let server = Server::start().with_product("other");
    let form = Form::upload("other", &fixture("small_640x640.jpg"));
    let image = server.admin().upload(form).expect(201).json();
    let of_image = entries(&server, &["--image", image["id"].as_str().unwrap()]);
    assert_eq!(of_image.len(), 1, "{of_image:?}");
    assert_eq!(entries(&server, &["--product", "other"]).len(), 2);
    assert_eq!(entries(&server, &["--user", "admin_user", "--limit", "2"]).len(), 2);
    assert_eq!(entries(&server, &["--user", "nobody"]).len(), 0);
    let lines = server.run(&["audit", "--product", "other"]).ok();
    assert!(lines.lines().all(|line| line.contains("  admin_user  127.0.0.1  ")), "{lines}");
}
