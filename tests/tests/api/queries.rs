//! Query strings as people, programs and nobody in their right mind write them: dates, tags, searches.

use packshot_tests::{Answer, Backends, Client, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};

fn plain() -> Form {
    Form::new().text("productId", "prod_789")
}

fn with_file(form: Form, name: &str) -> Form {
    form.file(name, "image/jpeg", &fixture("tiny_300x300.jpg"))
}

fn ask(client: &Client, parameters: &[(&str, &str)]) -> Answer {
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    client.get(&format!("/api/files?{}", query.join("&")))
}

/// Every byte that is not a letter or a digit, as `%` and two hex digits.
fn escaped(text: &str) -> String {
    let escape =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

fn total(server: &Server, name: &str, value: &str) -> u64 {
    ask(server.anyone(), &[(name, value)]).expect(200).json()["total"].as_u64().expect("a total")
}

#[on_every_backend]
fn a_text_is_found_in_whatever_code_points_it_was_sent(backends: Backends) {
    let server = Server::start_on(backends);
    let name = "Ku\u{308}chenstu\u{308}hle e\u{301}.jpg";
    let form = plain().text("caption", "GROẞE STRAẞE").text("tags", "cafe\u{301}").text("tags", "café");
    let image = server.admin().upload(with_file(form, name)).expect(201).json();
    assert_eq!(
        (&image["originalName"], &image["caption"]),
        (&json!(name), &json!("GROẞE STRAẞE")),
        "as they were sent"
    );
    assert_eq!(image["tags"], json!(["café"]), "one tag");
    for search in ["Küchenstühle", "KÜCHENSTÜHLE", "é.jpg", "straße", "strasse", "STRAẞE", "GROSSE", name] {
        assert_eq!(total(&server, "search", search), 1, "{search}");
    }
    assert_eq!((total(&server, "tags", "café"), total(&server, "tags", "cafe\u{301}")), (1, 1));
    assert_eq!(total(&server, "search", "Kuchen"), 0);

    let _ = server.admin().put_json("/products/tee", r#"{"name": "TEE-WEIẞ é"}"#).expect(201);
    let found = server.anyone().get(&format!("/products?search={}", escaped("weiss e\u{301}"))).expect(200).json();
    assert_eq!((&found["total"], &found["items"][0]["name"]), (&json!(1), &json!("TEE-WEIẞ é")));
}

#[on_every_backend]
fn whatever_tag_is_offered_can_be_asked_for(backends: Backends) {
    let server = Server::start_on(backends);
    let sent = ["red, blue", "red", "blue", ",", r"a\,b", r"a\\b", r"\", "100%", "a&b=c#d", "a+b", "é"];
    for tag in sent {
        let _ = server.admin().upload(with_file(plain().text("tags", tag), "a.jpg")).expect(201);
    }
    let page = server.anyone().get("/api/files").expect(200).json();
    let offered = page["filters"]["available"]["tags"].as_array().expect("tags").clone();
    assert_eq!(offered.len(), sent.len());
    for tag in offered.iter().filter_map(Value::as_str) {
        assert!(total(&server, "tags", tag) > 0, "{tag}");
        // Escaped, it is that tag and no other.
        let exactly =
            ask(server.anyone(), &[("tags", &tag.replace('\\', r"\\").replace(',', r"\,"))]).expect(200).json();
        assert_eq!(exactly["total"], 1, "{tag}");
        assert_eq!(exactly["items"][0]["tags"], json!([tag]));
        assert_eq!(exactly["filters"]["applied"]["tags"], json!([tag]));
    }
}

#[on_every_backend]
fn a_list_takes_ten_tags_and_no_more(backends: Backends) {
    let server = Server::start_on(backends);
    let listed = |count: usize| (0..count).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(",");
    let _ = ask(server.anyone(), &[("tags", &listed(10))]).expect(200);
    for count in [11, 500, 1001, 5000] {
        let answer = server.anyone().get(&format!("/api/files?tags={}", listed(count)));
        let problem = answer.problem(400, "bad-request", "/files", &["errors"]);
        assert_eq!(problem["errors"], json!([{"field": "tags", "message": "must be at most 10 tags"}]), "{count}");
    }
}

#[on_every_backend]
fn a_moment_is_taken_as_people_write_it(backends: Backends) {
    let server = Server::start_on(backends);
    let _ = server.admin().upload(with_file(plain(), "a.jpg")).expect(201);
    for text in [
        "2024-01-15T10:30",
        "2024-01-15T10:30Z",
        "2024-01-15T10:30+02:00",
        "2024-01-15T10:30:00+0200",
        "2024-01-15T10:30:00+02",
        "20240115T103000Z",
        "2024-01-15t10:30:00,5z",
        "2024-01-15 10:30:00 02:00",
        "2024-W03-1",
        "2024-015",
        "0001-01-01",
    ] {
        assert_eq!((total(&server, "uploaded_after", text), total(&server, "uploaded_before", text)), (1, 0), "{text}");
    }
    // A plus that was not escaped.
    let page = server.anyone().get("/api/files?uploaded_after=2024-01-15T10:30:00+02:00").expect(200).json();
    assert_eq!(page["filters"]["applied"]["uploaded_after"], "2024-01-15T08:30:00Z");
    assert_eq!(total(&server, "uploaded_before", "9999-12-31T23:59:59Z"), 1);
    for text in ["-9999-01-01", "-4714-01-01", "-262143-01-01", "10000-01-01", "0000-01-01", "yesterday", "2024-01", ""]
    {
        let problem =
            ask(server.anyone(), &[("uploaded_before", text)]).problem(400, "bad-request", "/files", &["errors"]);
        assert_eq!(problem["errors"][0]["field"], "uploaded_before", "{text}");
        assert!(problem["errors"][0]["message"].as_str().is_some_and(|message| message.contains("2024-01-15T10:30")));
    }
}

const NAMES: [&str; 14] = [
    "search",
    "tags",
    "productId",
    "uploaded_after",
    "uploaded_before",
    "sort_by",
    "sort_order",
    "mime_type",
    "is_primary",
    "min_width",
    "page",
    "page_size",
    "include_variants",
    "other",
];

/// Parts of query strings, as they are sent.
const VALUES: [&str; 48] = [
    "",
    "%00",
    "a%00b",
    "%",
    "%zz",
    "%F",
    "%FF",
    "%C3%28",
    "%ED%A0%80",
    "%0A",
    "%01",
    "%02",
    "%7F",
    "%C2%85",
    "%E2%80%AE",
    "%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80",
    "'",
    "%27%3B--",
    "%22",
    "%5C",
    "%5C%5C",
    "%5C%2C",
    "_",
    "%25",
    "+",
    "%2B",
    "null",
    "-1",
    "0",
    "1e9",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "NaN",
    "e%CC%81",
    "%C4%B0",
    "%C4%B1",
    "%EF%AC%81",
    "%E1%BA%9E",
    "2024-02-30",
    "-9999-01-01",
    "-262143-01-01",
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    ",",
    "a,a,",
    "prod_789",
];

/// What of an answer is the same on servers of their own.
fn essence(answer: &Answer) -> Value {
    let body = answer.json();
    let names = |item: &Value| json!([item["originalName"], item["id"].as_str().filter(|id| id.starts_with("prod"))]);
    match body["items"].as_array() {
        Some(items) => json!([
            answer.status,
            body["total"],
            body["page"],
            body["pageSize"],
            body["totalPages"],
            body["hasNext"],
            body["filters"],
            items.iter().map(names).collect::<Vec<_>>(),
        ]),
        None => json!([answer.status, body]),
    }
}

#[test]
fn whatever_is_asked_both_databases_answer_alike_and_never_with_a_fault() {
    let servers = [Backends::SQLITE_AND_DISK, Backends::POSTGRES_AND_DISK].map(Server::start_on);
    for server in &servers {
        for (name, tag) in [("e\u{301}.jpg", "a"), ("İ ß_%.jpg", "%"), ("b.jpg", ",")] {
            let _ = server.admin().upload(with_file(plain().text("tags", tag), name)).expect(201);
        }
    }
    let long = "x".repeat(5000);
    for path in ["/api/files", "/api/products"] {
        for name in NAMES {
            for value in VALUES.into_iter().chain([long.as_str()]) {
                // The server's own file names hold random hex digits.
                if name == "search" && !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    continue;
                }
                let target = format!("{path}?{name}={value}");
                let [one, other] = servers.each_ref().map(|server| server.anyone().get(&target));
                assert!(one.status < 500, "{target}: {}", one.shown());
                assert_eq!(essence(&one), essence(&other), "{target}");
            }
        }
    }
}
