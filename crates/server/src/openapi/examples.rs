//! What a request, an answer and a problem of each operation looks like, and where an answer leads.
//!
//! Owns the samples, which are the customer's own where there is one; the end-to-end tests hold each
//! against its schema.

use crate::http::preconditions::failed;
use crate::problem::{Problem, Slug};
use serde_json::{Map, Value, json};

const TYPE_BASE: &str = "https://example.com/errors";
const IMAGE: &str = "img_12345678-1234-5678-1234-567812345678";

/// The body of a request.
pub(super) fn request(operation: &str) -> Option<Value> {
    match operation {
        // JSON has no place for the bytes of `file`.
        "uploadImage" => Some(json!({
            "productId": "prod_789",
            "is_primary": true,
            "alt_text": "Premium wireless keyboard on wooden desk",
            "caption": "Main product shot showing design details",
            "order": 0,
            "tags": ["lifestyle", "desk", "keyboard"],
            "metadata": { "camera": "Canon EOS R5", "lens": "RF 24-70mm f/2.8" },
        })),
        "editImage" => Some(json!({ "altText": "Keyboard, seen from above", "caption": null, "order": 2 })),
        "putProduct" => Some(json!({ "name": "Wireless keyboard" })),
        _ => None,
    }
}

/// The body of an answer that is no problem.
pub(super) fn answer(operation: &str, status: u16) -> Option<Value> {
    let example = match (operation, status) {
        ("uploadImage", 201) => image(),
        ("getImage" | "editImage" | "setPrimaryImage", 200) => whole_image(),
        ("listImages", 200) => {
            let filters = json!({
                "applied": { "productId": "prod_789", "is_primary": true },
                "available": { "tags": ["desk", "keyboard", "lifestyle"], "mimeTypes": ["image/jpeg"] },
            });
            let mut item = image();
            item["productName"] = "Wireless keyboard".into();
            let mut page = page(item);
            page["filters"] = filters;
            page
        }
        ("listProducts", 200) => {
            page(json!({ "id": "prod_789", "name": "Wireless keyboard", "createdAt": "2024-01-15T10:00:00Z" }))
        }
        ("getProduct" | "putProduct", 200) => product(1, image()),
        ("putProduct", 201) => product(0, Value::Null),
        ("isAlive", 200) => json!({ "status": "ok" }),
        ("isReady", 200) => json!({ "status": "ok", "database": "ok", "store": "ok" }),
        _ => return None,
    };
    Some(example)
}

/// The body of an error of this operation at `path`; `None` for a status that is none.
pub(super) fn problem(operation: &str, path: &str, status: u16) -> Option<Value> {
    let instance = path.replace("{id}", if path.starts_with("/products") { "prod_789" } else { IMAGE });
    let instance = instance.replace("{productId}", "prod_789").replace("{folder}", "thumb");
    let instance = instance.replace("{filename}", "prod_789_abc123def456.jpg").replace("{file}", "no-such-file");
    let problem = match (operation, status) {
        ("uploadImage", 400) => Problem::new(Slug::BadRequest, "Missing required field: productId."),
        ("uploadImage", 404) => Problem::new(Slug::NotFound, "Product with ID 'prod_999' not found."),
        (_, 412) => failed(),
        (_, 409) => Problem::new(Slug::Conflict, "The first request with this Idempotency-Key is still running."),
        ("uploadImage", 413) => Problem::new(Slug::FileTooLarge, "File size exceeds maximum allowed size of 5MB.")
            .with("maxSize", 5_242_880)
            .with("actualSize", 6_291_456),
        ("uploadImage", 415) => {
            Problem::new(Slug::UnsupportedMediaType, "Only JPEG, PNG, and WebP images are supported.")
                .with("allowedTypes", vec!["image/jpeg", "image/png", "image/webp"])
                .with("receivedType", "application/pdf")
        }
        ("uploadImage", 422) => Problem::fields(
            Slug::Validation,
            "Image dimensions too small. Minimum: 300x300 pixels.",
            [("file", "Image dimensions must be at least 300x300 pixels")],
        ),
        (_, 429) => Problem::new(Slug::RateLimited, "Too many uploads by this user. Try again in 120 seconds."),
        ("getImage" | "getProduct" | "setPrimaryImage" | "deleteImage" | "deleteProduct", 400) => {
            Problem::new(Slug::BadRequest, "if-match must be `*` or a list of entity tags in quotes.")
        }
        ("listImages" | "listProducts", 400) => Problem::fields(
            Slug::BadRequest,
            "Invalid query parameters: page_size.",
            [("page_size", "must be an integer from 1 to 100")],
        ),
        (_, 400) => Problem::new(Slug::BadRequest, "The request's body is not as it should be: expected value."),
        ("getProduct" | "deleteProduct" | "listImages", 404) => {
            Problem::new(Slug::NotFound, "Product with ID 'prod_789' not found.")
        }
        ("getImage" | "editImage" | "setPrimaryImage" | "deleteImage", 404) => {
            Problem::new(Slug::NotFound, format!("Image with ID '{IMAGE}' not found."))
        }
        (_, 413) => Problem::new(Slug::PayloadTooLarge, "The request's body is too large.").with("maxSize", 131_072),
        (_, 415) => Problem::new(Slug::UnsupportedMediaType, "The request's body must be application/json.")
            .with("allowedTypes", vec!["application/json"]),
        (_, 416) => Problem::new(Slug::RangeNotSatisfiable, "The range lies outside the file."),
        ("putProduct", 422) => {
            let message = "Product name must be 1 to 200 characters without control characters";
            Problem::fields(Slug::Validation, format!("{message}."), [("name", message)])
        }
        (_, 422) => {
            let message = "Caption must be at most 500 characters";
            Problem::fields(Slug::Validation, "Invalid fields: caption.", [("caption", message)])
        }
        ("isReady", 503) => {
            Problem::new(Slug::Unavailable, "Not ready: the database does not answer.").with("failed", vec!["database"])
        }
        _ => {
            let slug = Slug::ALL.into_iter().find(|slug| slug.status().as_u16() == status)?;
            Problem::new(slug, slug.explanation())
        }
    };
    Some(problem.body(TYPE_BASE, &instance))
}

/// The body of an error that many operations can answer.
pub(super) fn shared_problem(slug: Slug) -> Value {
    let detail = match slug {
        Slug::Unauthorized => "Missing or invalid Authorization header.",
        Slug::Forbidden => "Insufficient permissions to upload product images.",
        Slug::MethodNotAllowed => "This address answers GET, HEAD, POST only.",
        Slug::Internal => "Failed to process uploaded image.",
        Slug::Unavailable => "The service is temporarily unavailable. Try again later.",
        other => other.explanation(),
    };
    Problem::new(slug, detail).body(TYPE_BASE, "/files")
}

/// What can be done next with what an answer names.
pub(super) fn links(operation: &str, status: u16) -> Option<Value> {
    let mut links = Map::new();
    let mut lead = |to: &str, parameters: Value| {
        links.insert(to.to_owned(), json!({ "operationId": to, "parameters": parameters }));
    };
    let id = "$response.body#/id";
    match (operation, status) {
        ("uploadImage", 201) | ("editImage" | "setPrimaryImage", 200) => {
            for to in ["getImage", "getImageHead", "editImage", "setPrimaryImage", "deleteImage"] {
                lead(to, json!({ "id": id }));
            }
            let file = json!({ "productId": "$response.body#/productId", "filename": "$response.body#/filename" });
            let mut variant = file.clone();
            variant["folder"] = "thumb".into();
            for (original, variant_to) in
                [("getOriginalFile", "getVariantFile"), ("getOriginalFileHead", "getVariantFileHead")]
            {
                lead(original, file.clone());
                lead(variant_to, variant.clone());
            }
        }
        ("putProduct", 200 | 201) => {
            for to in ["getProduct", "getProductHead", "deleteProduct"] {
                lead(to, json!({ "id": id }));
            }
            lead("listImages", json!({ "productId": id }));
            let upload = json!({ "operationId": "uploadImage", "requestBody": { "productId": id } });
            links.insert("uploadImage".to_owned(), upload);
        }
        ("deleteImage", 204) => lead("getImage", json!({ "id": "$request.path.id" })),
        ("deleteProduct", 204) => lead("getProduct", json!({ "id": "$request.path.id" })),
        _ => return None,
    }
    Some(Value::Object(links))
}

fn image() -> Value {
    json!({
        "id": IMAGE,
        "productId": "prod_789",
        "filename": "prod_789_abc123def456.jpg",
        "originalName": "product-image.jpg",
        "mimeType": "image/jpeg",
        "size": 2_457_600,
        "dimensions": { "width": 1200, "height": 800, "aspectRatio": "3:2" },
        "variants": {
            "original": "/static/img/products/prod_789/prod_789_abc123def456.jpg",
            "large": "/static/img/products/prod_789/large/prod_789_abc123def456.jpg",
            "medium": "/static/img/products/prod_789/medium/prod_789_abc123def456.jpg",
            "thumbnail": "/static/img/products/prod_789/thumb/prod_789_abc123def456.jpg",
            "webp": "/static/img/products/prod_789/webp/prod_789_abc123def456.webp",
        },
        "isPrimary": true,
        "altText": "Premium wireless keyboard on wooden desk",
        "caption": "Main product shot showing design details",
        "order": 0,
        "tags": ["lifestyle", "desk", "keyboard"],
        "metadata": { "camera": "Canon EOS R5", "lens": "RF 24-70mm f/2.8", "colorProfile": "sRGB" },
        "uploadedAt": "2024-01-15T10:30:00Z",
        "uploadedBy": "admin_user",
        "processingStatus": "completed",
        "storage": { "location": "s3://product-images/prod_789/", "bucket": "product-images", "region": "us-east-1" },
    })
}

fn whole_image() -> Value {
    let mut image = image();
    image["productName"] = "Wireless keyboard".into();
    image["url"] = image["variants"]["original"].clone();
    image
}

fn product(image_count: u64, primary_image: Value) -> Value {
    json!({
        "id": "prod_789",
        "name": "Wireless keyboard",
        "createdAt": "2024-01-15T10:00:00Z",
        "imageCount": image_count,
        "primaryImage": primary_image,
    })
}

fn page(item: Value) -> Value {
    json!({
        "items": [item],
        "total": 1,
        "page": 1,
        "pageSize": 20,
        "totalPages": 1,
        "hasNext": false,
        "hasPrev": false,
    })
}
