//! 201: headers and body, member by member as the customer's page shows them.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};

const MEMBERS: [&str; 18] = [
    "id",
    "productId",
    "filename",
    "originalName",
    "mimeType",
    "size",
    "dimensions",
    "variants",
    "isPrimary",
    "altText",
    "caption",
    "order",
    "tags",
    "metadata",
    "uploadedAt",
    "uploadedBy",
    "processingStatus",
    "storage",
];

#[on_every_backend]
fn the_customers_complete_request_gets_the_customers_answer(backends: Backends) {
    let server = Server::start_on(backends);
    let form = Form::new()
        .file("keyboard-main.jpg", "image/jpeg", &fixture("camera_with_gps_1600x1200.jpg"))
        .text("productId", PRODUCT)
        .text("is_primary", "true")
        .text("alt_text", "Premium wireless keyboard on wooden desk")
        .text("caption", "Main product shot showing design details")
        .text("order", "0")
        .text("tags", "lifestyle")
        .text("tags", "desk")
        .text("tags", "keyboard")
        .text("metadata", r#"{"camera": "Canon EOS R5", "lens": "RF 24-70mm f/2.8"}"#);
    let answer = server.admin().upload(form).expect(201);
    let image = answer.json();

    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("location"), Some(format!("/files/{}", text(&image["id"])).as_str()));
    assert_eq!(answer.header("x-image-id"), Some(text(&image["id"])));

    let mut members: Vec<&str> = image.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let mut expected = MEMBERS.to_vec();
    expected.sort_unstable();
    assert_eq!(members, expected);

    assert_eq!(image["productId"], PRODUCT);
    assert_eq!(image["originalName"], "keyboard-main.jpg");
    assert_eq!(image["mimeType"], "image/jpeg");
    assert_eq!(image["dimensions"], json!({"width": 1600, "height": 1200, "aspectRatio": "4:3"}));
    assert_eq!(image["isPrimary"], true);
    assert_eq!(image["altText"], "Premium wireless keyboard on wooden desk");
    assert_eq!(image["caption"], "Main product shot showing design details");
    assert_eq!(image["order"], 0);
    assert_eq!(image["tags"], json!(["lifestyle", "desk", "keyboard"]));
    assert_eq!(
        image["metadata"],
        json!({"camera": "Canon EOS R5", "lens": "RF 24-70mm f/2.8", "colorProfile": "sRGB"})
    );
    assert_eq!(image["uploadedBy"], "admin_user");
    assert_eq!(image["processingStatus"], "completed");
}

#[on_every_backend]
fn the_basic_request_gets_the_defaults(backends: Backends) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    let image = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201).json();
    assert_eq!(image["isPrimary"], false);
    assert_eq!(image["altText"], Value::Null);
    assert_eq!(image["caption"], Value::Null);
    assert_eq!(image["order"], 0);
    assert_eq!(image["tags"], json!([]));
    assert_eq!(image["metadata"], json!({"colorProfile": "sRGB"}));
    assert_eq!(image["dimensions"], json!({"width": 300, "height": 300, "aspectRatio": "1:1"}));
}

#[on_every_backend]
fn an_id_is_a_uuid_of_version_7(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload_small(&server);
    let id = text(&image["id"]).strip_prefix("img_").expect("the prefix");
    let groups: Vec<&str> = id.split('-').collect();
    assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
    assert!(groups.iter().all(|group| is_lower_hex(group)), "{id}");
    assert!(groups[2].starts_with('7'), "{id}");
}

#[on_every_backend]
fn a_file_name_is_the_product_and_twelve_hex_digits(backends: Backends) {
    let server = Server::start_on(backends);
    for (file, ending) in [("tiny_300x300.jpg", "jpg"), ("cutout_400x400.png", "png"), ("photo_1000x750.webp", "webp")]
    {
        let image = server.admin().upload(Form::upload(PRODUCT, &fixture(file))).expect(201).json();
        let (stem, found) = text(&image["filename"]).rsplit_once('.').expect("an ending");
        let token = stem.strip_prefix("prod_789_").expect("the product");
        assert_eq!(found, ending);
        assert!(token.len() == 12 && is_lower_hex(token), "{stem}");
    }
}

#[on_every_backend]
fn the_urls_of_variants_follow_the_customers_layout(backends: Backends) {
    let server = Server::start_on(backends);
    let image = server.admin().upload(Form::upload(PRODUCT, &fixture("cutout_400x400.png"))).expect(201).json();
    let filename = text(&image["filename"]);
    let stem = filename.strip_suffix(".png").expect("a PNG");
    let base = "/static/img/products/prod_789";
    assert_eq!(
        image["variants"],
        json!({
            "original": format!("{base}/{filename}"),
            "large": format!("{base}/large/{filename}"),
            "medium": format!("{base}/medium/{filename}"),
            "thumbnail": format!("{base}/thumb/{filename}"),
            "webp": format!("{base}/webp/{stem}.webp"),
        })
    );
}

#[on_every_backend]
fn the_time_is_in_utc_and_whole_seconds(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload_small(&server);
    let time = text(&image["uploadedAt"]);
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z", "{time}");
}

#[test]
fn the_storage_never_names_a_path_of_the_disk() {
    let server = Server::start();
    let image = upload_small(&server);
    let storage = &image["storage"];
    assert_eq!(storage.as_object().map(serde_json::Map::len), Some(3), "{storage}");
    let bucket = text(&storage["bucket"]);
    assert!(!bucket.is_empty() && !bucket.contains('/'), "{storage}");
    assert_eq!(storage["location"], format!("file://{bucket}/prod_789/"));
    assert_eq!(storage["region"], "local");
}

#[test]
fn the_storage_names_the_bucket_and_its_region() {
    let server = Server::start_on(Backends::SQLITE_AND_S3);
    let bucket = server.home().bucket().expect("a bucket");
    let storage = json!({"location": format!("s3://{bucket}/prod_789/"), "bucket": bucket, "region": "us-east-1"});
    assert_eq!(upload_small(&server)["storage"], storage);
}

#[on_every_backend]
fn the_uploader_is_the_preferred_user_name_else_the_subject(backends: Backends) {
    let server = Server::start_on(backends);
    let expires = packshot_tests::token::now() + 60;
    for (claims, name) in [
        (json!({"sub": "u-1", "role": "admin", "exp": expires}), "u-1"),
        (json!({"sub": "u-1", "preferred_username": "ada", "role": "admin", "exp": expires}), "ada"),
    ] {
        let client = server.anyone().with_token(&packshot_tests::token::sign(&claims));
        let image = client.upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json();
        assert_eq!(image["uploadedBy"], name);
    }
}

#[on_every_backend]
fn the_same_handler_answers_at_the_root(backends: Backends) {
    let server = Server::start_on(backends);
    let request = server.admin().request("POST", "/files").header("content-type", Form::content_type());
    let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"));
    let answer = packshot_tests::client::send(request.body(form.into_body())).expect(201);
    assert_eq!(answer.json()["productId"], PRODUCT);
}

#[on_every_backend]
fn the_product_counts_its_images(backends: Backends) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    for count in 1..=3 {
        let _ = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201);
        assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], count);
    }
}

fn upload_small(server: &Server) -> Value {
    server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
