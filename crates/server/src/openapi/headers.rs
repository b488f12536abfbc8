//! The header fields of answers: what each says, and which answers carry it.
//!
//! Owns the table; refuses to know any operation's body.

use serde_json::{Map, Value, json};

const DIGEST: &str = "^\"[0-9a-f-]+\"$";

/// `components.headers`.
pub(super) fn components() -> Value {
    let text = json!({ "type": "string" });
    let field = |required: bool, description: &str, schema: Value| json!({ "description": description, "required": required, "schema": schema });
    json!({
        "X-Request-Id": field(true, "The request's id, in the log too: the client's, when it sent a sane one", json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" })),
        "X-Content-Type-Options": field(true, "Nothing is what it is not declared to be", json!({ "const": "nosniff" })),
        "Content-Security-Policy": field(true, "What a page may do; nothing, but for the documentation", text),
        "X-Frame-Options": field(true, "No page of another site shows this one", json!({ "const": "DENY" })),
        "Referrer-Policy": field(true, "Whom to tell where a reader came from", json!({ "const": "no-referrer" })),
        "Access-Control-Allow-Origin": field(false, "When the request names an `Origin` that may call", json!({ "type": "string" })),
        "Access-Control-Expose-Headers": field(false, "What a page of that origin may read", json!({ "type": "string" })),
        "Vary": field(false, "The request's header fields that this answer depends on", json!({ "type": "string" })),
        "Location": field(true, "Where it is", json!({ "type": "string", "format": "uri-reference" })),
        "X-Image-ID": field(true, "The image's id", json!({ "type": "string", "pattern": "^img_[0-9a-f-]{36}$" })),
        "Idempotent-Replayed": field(false, "When this answer was given before, to the first request with the same key", json!({ "const": "true" })),
        "Retry-After": field(true, "Seconds after which to try again", json!({ "type": "integer", "minimum": 0 })),
        "WWW-Authenticate": field(true, "`Bearer`, with `error=\"invalid_token\"` when a bad token was sent (RFC 6750)", json!({ "type": "string", "pattern": "^Bearer" })),
        "Accept-Encoding": field(false, "The codings of a request's body that are taken, when it came in another one", json!({ "type": "string" })),
        "Allow": field(true, "The methods that the address answers", json!({ "type": "string" })),
        "ETag": field(true, "Strong: the same tag means the same bytes", json!({ "type": "string", "pattern": DIGEST })),
        "Cache-Control": field(true, "How long the answer is good for", json!({ "type": "string" })),
        "Last-Modified": field(true, "HTTP date", json!({ "type": "string" })),
        "Accept-Ranges": field(true, "Ranges of bytes can be asked for", json!({ "const": "bytes" })),
        "Content-Range": field(true, "Which bytes of how many", json!({ "type": "string", "pattern": "^bytes " })),
        "Cross-Origin-Resource-Policy": field(true, "Pages of every origin may show the picture", json!({ "const": "cross-origin" })),
    })
}

/// `headers` of the answer with this status of this operation.
pub(super) fn of(operation: &str, status: u16) -> Map<String, Value> {
    const ALWAYS: &[&str] = &[
        "X-Request-Id",
        "X-Content-Type-Options",
        "Content-Security-Policy",
        "X-Frame-Options",
        "Referrer-Policy",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Vary",
    ];
    const FILE: &[&str] = &["ETag", "Cache-Control", "Last-Modified", "Accept-Ranges", "Cross-Origin-Resource-Policy"];
    let file = matches!(operation, "getVariantFile" | "getOriginalFile");
    let own: &[&str] = match (operation, status) {
        ("uploadImage", 201) => &["Location", "X-Image-ID", "Idempotent-Replayed"],
        ("putProduct", 201) => &["Location", "ETag"],
        (_, 308) => &["Location"],
        ("readMetrics", 200) => &["Cache-Control"],
        ("getImage" | "getProduct" | "listImages" | "listProducts", 200 | 304) => &["ETag", "Cache-Control"],
        ("editImage" | "setPrimaryImage" | "putProduct", 200) => &["ETag"],
        (_, 200 | 304) if file => FILE,
        (_, 206) => &[
            "ETag",
            "Cache-Control",
            "Last-Modified",
            "Accept-Ranges",
            "Cross-Origin-Resource-Policy",
            "Content-Range",
        ],
        (_, 415) => &["Accept-Encoding"],
        (_, 416) => &["Content-Range"],
        (_, 401) => &["WWW-Authenticate"],
        (_, 405) => &["Allow"],
        (_, 409 | 429 | 503) => &["Retry-After"],
        _ => &[],
    };
    let reference = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    let mut headers: Map<String, Value> = ALWAYS.iter().chain(own).map(reference).collect();
    if (operation, status) == ("uploadImage", 201) {
        headers.insert("ETag".to_owned(), json!({
            "description": "Of the image as `GET /files/{id}` shows it, where it is still what this answer tells of",
            "schema": { "type": "string", "pattern": DIGEST },
        }));
    }
    headers
}
