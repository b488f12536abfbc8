//! Patches of everything: an item sent back whole, and the space of what else can be sent.

use crate::json::{runner, value};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

fn text(characters: usize) -> impl Strategy<Value = String> {
    // No control characters, as the fields have it.
    vec(any::<char>().prop_filter("control", |c| !c.is_control()), 0..characters).prop_map(String::from_iter)
}

fn upload(server: &Server, form: Form) -> String {
    let image = server.admin().upload(form).expect(201).json();
    format!("/api/files/{}", image["id"].as_str().expect("an id"))
}

fn plain() -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))
}

/// Another value of the same kind.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => json!("x"),
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap_or_default() + 1),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(_) => json!(["x"]),
        Value::Object(members) => {
            let (name, value) = members.iter().next().expect("a member");
            json!({ name: other(value) })
        }
    }
}

#[on_every_backend]
fn an_item_sent_back_changes_what_is_changed_in_it(backends: Backends) {
    let server = Server::start_on(backends);
    let metadata = prop::collection::hash_map("[a-d]", value(), 0..4);
    let item = (option::of(text(40)), option::of(text(40)), 0..i32::MAX, vec("[a-z ]{1,8}", 0..4), metadata);
    let check = |(alt_text, caption, order, tags, metadata): (Option<String>, Option<String>, i32, Vec<String>, _)| {
        let members: std::collections::HashMap<String, String> = metadata;
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let mut form =
            plain().text("order", &order.to_string()).text("metadata", &format!("{{{}}}", members.join(",")));
        for tag in &tags {
            form = form.text("tags", tag);
        }
        for (name, text) in [("alt_text", &alt_text), ("caption", &caption)] {
            if let Some(text) = text {
                form = form.text(name, text);
            }
        }
        let path = upload(&server, form);
        let read = server.anyone().get(&path).expect(200);
        let sent_back = server.admin().patch(&path, &read.text()).expect(200);
        assert_eq!((sent_back.text(), sent_back.header("etag")), (read.text(), read.header("etag")));

        let listed = server.anyone().get("/api/files?page_size=1").expect(200).text();
        let listed =
            &listed[listed.find(r#"{"id":"#).expect("an item")..=listed.rfind(r#"}],"total""#).expect("its end")];
        assert_eq!(server.admin().patch(&path, listed).expect(200).text(), read.text());

        let changed = read.text().replacen(&format!("\"order\":{order}"), "\"order\":7,\"x\":1", 1);
        assert_eq!(server.admin().patch(&path, &changed).invalid_fields(&path["/api".len()..]), ["x"]);
        let changed = read.text().replacen(&format!("\"order\":{order}"), "\"order\":7", 1);
        assert_eq!(server.admin().patch(&path, &changed).expect(200).text(), changed);
        let _ = server.admin().delete(&path).expect(204);
        Ok(())
    };
    runner(12).run(&item, check).unwrap();
}

#[on_every_backend]
fn a_member_that_cannot_be_changed_is_named(backends: Backends) {
    let server = Server::start_on(backends);
    let path = upload(&server, plain().text("alt_text", "old"));
    let instance = &path["/api".len()..];
    let read = server.anyone().get(&path).expect(200);
    let item = read.json();
    for (name, value) in item.as_object().expect("an item") {
        if ["altText", "caption", "order", "tags", "metadata"].contains(&name.as_str()) {
            continue;
        }
        for bad in [other(value), Value::Null] {
            let mut changed = item.clone();
            changed["altText"] = json!("new");
            changed[name] = bad;
            let answer = server.admin().patch(&path, &changed.to_string());
            assert_eq!(answer.invalid_fields(instance), [name.as_str()]);
            changed["order"] = json!(-1);
            let mut named = server.admin().patch(&path, &changed.to_string()).invalid_fields(instance);
            named.sort();
            let mut both = vec![name.clone(), "order".to_owned()];
            both.sort();
            assert_eq!(named, both);
        }
    }
    assert_eq!(server.anyone().get(&path).expect(200).text(), read.text());
    let mut part = item.clone();
    for name in ["variants", "url", "productName", "storage"] {
        part.as_object_mut().expect("an item").remove(name);
    }
    part["altText"] = json!("new");
    // As a client writes it that reads numbers and times into types of its own.
    part["size"] = json!(part["size"].as_f64());
    part["uploadedAt"] = json!(part["uploadedAt"].as_str().expect("a time").replace('Z', ".000+00:00"));
    assert_eq!(server.admin().patch(&path, &part.to_string()).expect(200).json()["altText"], "new");
    // An item that another write has changed in the meantime is not what is there.
    let _ = server.admin().make_primary(&path).expect(200);
    assert_eq!(server.admin().patch(&path, &item.to_string()).invalid_fields(instance), ["isPrimary"]);
}

/// What databases, readers of JSON and types of machines stumble over.
const ODD: [&str; 24] = [
    "null",
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\ud83d\ude00""#,
    r#""\uffff\ufffe""#,
    "1e400",
    "-1e400",
    "1e-400",
    "2147483647",
    "2147483648",
    "-1",
    "-0",
    "2.0",
    "2.5",
    "9223372036854775808",
    "123456789012345678901234567890",
    r#"["a\u0000"]"#,
    r#"["a","a"," a "]"#,
    r#"[1]"#,
    r#"[null]"#,
    r#"{"\u0000":"\u0000"}"#,
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}"#,
];

fn any_value() -> impl Strategy<Value = String> {
    let long = (1_usize..600).prop_map(|length| format!("\"{}\"", "é".repeat(length)));
    let large = (16_000_usize..17_000).prop_map(|length| format!("{{\"a\":\"{}\"}}", "x".repeat(length)));
    let many = vec("\"[a-z]{1,3}\"", 0..14).prop_map(|tags| format!("[{}]", tags.join(",")));
    prop_oneof![4 => select(ODD.to_vec()).prop_map(str::to_owned), 3 => value(), 1 => long, 1 => large, 1 => many]
}

/// What an answer says that does not depend on where it was given.
fn gist(answer: &Answer) -> (u16, String) {
    let shown = if answer.status < 400 {
        let text = answer.text();
        let of = |from: &str, to: &str| {
            text.find(from).zip(text.find(to)).map_or(String::new(), |(from, to)| text[from..to].to_owned())
        };
        of("\"isPrimary\"", ",\"uploadedAt\"")
    } else {
        answer.json()["errors"].to_string() + answer.json()["detail"].as_str().unwrap_or_default()
    };
    (answer.status, shown)
}

#[test]
fn whatever_is_sent_is_taken_or_refused_alike_on_both_databases() {
    let servers = [Backends::SQLITE_AND_DISK, Backends::POSTGRES_AND_DISK].map(Server::start_on);
    let paths = servers.each_ref().map(|server| upload(server, plain()));
    let names = ["altText", "caption", "order", "tags", "metadata", "isPrimary", "size", "a\0b", ""];
    let body = subsequence(names.to_vec(), 1..4).prop_flat_map(|names| {
        let count = names.len();
        (Just(names), vec(any_value(), count))
    });
    let mut seen = std::collections::BTreeMap::new();
    let check = |(names, values): (Vec<&str>, Vec<String>)| {
        let members = names.iter().zip(&values).map(|(name, value)| format!("{}:{value}", json!(name)));
        let body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let answers = [0, 1].map(|at| servers[at].admin().patch(&paths[at], &body));
        let gists = answers.each_ref().map(gist);
        prop_assert_eq!(&gists[0], &gists[1], "{}", body);
        prop_assert!([200, 400, 422].contains(&gists[0].0), "{}: {}", body, answers[0].shown());
        let puts = servers.each_ref().map(|server| {
            let answer = server.admin().put_json("/api/products/prod_789", &format!("{{\"name\":{}}}", values[0]));
            (answer.status, answer.json()["name"].clone(), answer.json()["detail"].clone())
        });
        prop_assert_eq!(&puts[0], &puts[1], "{}", values[0]);
        prop_assert!([200, 400, 422].contains(&puts[0].0), "{}", values[0]);
        Ok(())
    };
    runner(150).run(&body, check).unwrap();
    // Each odd value as each member, which chance may leave out.
    for name in ["altText", "caption", "order", "tags", "metadata"] {
        for odd in ODD {
            check((vec![name], vec![odd.to_owned()])).unwrap();
            let status = servers[0].admin().patch(&paths[0], &format!("{{\"{name}\":{odd}}}")).status;
            *seen.entry(status).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<u16>>(), [200, 400, 422]);
}
