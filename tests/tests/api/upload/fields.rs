//! The form's text fields: what is taken, and what is 422 with the field's name.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use serde_json::{Value, json};

fn form() -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))
}

#[track_caller]
fn created(server: &Server, form: Form) -> Value {
    server.admin().upload(form).expect(201).json()
}

#[track_caller]
fn refused(server: &Server, form: Form) -> Vec<String> {
    server.admin().upload(form).invalid_fields("/files")
}

#[on_every_backend]
fn parts_may_come_in_any_order(backends: Backends) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    let orders = [
        Form::new().text("caption", "c").text("productId", PRODUCT).file("a.jpg", "image/jpeg", &picture),
        Form::new().file("a.jpg", "image/jpeg", &picture).text("productId", PRODUCT).text("caption", "c"),
        Form::new().text("caption", "c").file("a.jpg", "image/jpeg", &picture).text("productId", PRODUCT),
    ];
    for form in orders {
        assert_eq!(created(&server, form)["caption"], "c");
    }
}

#[on_every_backend]
fn unknown_parts_are_ignored(backends: Backends) {
    let server = Server::start_on(backends);
    let head = "Content-Disposition: form-data; name=\"extra\"; filename=\"x.bin\"";
    let _ = created(&server, form().text("csrf", "x").text("csrf", "y").part(head, b"\0\x01\x02"));
}

#[on_every_backend]
fn is_primary_has_four_spellings(backends: Backends) {
    let server = Server::start_on(backends);
    for (text, flag) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        assert_eq!(created(&server, form().text("is_primary", text))["isPrimary"], flag, "{text}");
    }
    for bad in ["yes", "TRUE", "2", "on", ""] {
        assert_eq!(refused(&server, form().text("is_primary", bad)), ["is_primary"], "{bad:?}");
    }
}

#[on_every_backend]
fn texts_are_limited_in_characters_not_in_bytes(backends: Backends) {
    let server = Server::start_on(backends);
    let (alt, caption) = ("é".repeat(255), "🐝".repeat(500));
    let image = created(&server, form().text("alt_text", &alt).text("caption", &caption));
    assert_eq!((&image["altText"], &image["caption"]), (&json!(alt), &json!(caption)));
    assert_eq!(refused(&server, form().text("alt_text", &"x".repeat(256))), ["alt_text"]);
    assert_eq!(refused(&server, form().text("caption", &"x".repeat(501))), ["caption"]);
}

#[on_every_backend]
fn texts_are_kept_as_sent_but_without_control_characters(backends: Backends) {
    let server = Server::start_on(backends);
    let text = "  <b>\"quoted\"</b> & ünïcode \u{200d} ' ; --  ";
    let image = created(&server, form().text("alt_text", text).text("caption", text));
    assert_eq!((&image["altText"], &image["caption"]), (&json!(text), &json!(text)));
    for bad in ["a\u{7}b", "a\nb", "a\u{0}b", "\u{85}"] {
        assert_eq!(refused(&server, form().text("alt_text", bad)), ["alt_text"], "{bad:?}");
        assert_eq!(refused(&server, form().text("caption", bad)), ["caption"], "{bad:?}");
    }
}

#[on_every_backend]
fn an_order_is_a_whole_number_from_0_to_2147483647(backends: Backends) {
    let server = Server::start_on(backends);
    for (text, order) in [("0", 0), ("7", 7), ("2147483647", 2_147_483_647)] {
        assert_eq!(created(&server, form().text("order", text))["order"], order);
    }
    for bad in ["-1", "2147483648", "99999999999999999999999", "1.5", "1e3", "0x10", "one", ""] {
        assert_eq!(refused(&server, form().text("order", bad)), ["order"], "{bad:?}");
    }
}

#[on_every_backend]
fn tags_come_under_either_name_trimmed_and_once(backends: Backends) {
    let server = Server::start_on(backends);
    let form = form().text("tags", " desk ").text("tags[]", "keyboard").text("tags", "").text("tags[]", "desk");
    assert_eq!(created(&server, form.text("tags", "Desk"))["tags"], json!(["desk", "keyboard", "Desk"]));
}

#[on_every_backend]
fn there_are_at_most_ten_tags_of_fifty_characters(backends: Backends) {
    let server = Server::start_on(backends);
    let tagged = |tags: &[String]| tags.iter().fold(form(), |form, tag| form.text("tags", tag));
    let ten: Vec<String> = (0..10).map(|n| format!("{n}{}", "ü".repeat(49))).collect();
    assert_eq!(created(&server, tagged(&ten))["tags"], json!(ten));
    // An eleventh that says nothing new is none.
    let repeated = [ten.clone(), vec![ten[0].clone(), " ".to_owned()]].concat();
    assert_eq!(created(&server, tagged(&repeated))["tags"], json!(ten));
    assert_eq!(refused(&server, tagged(&[ten, vec!["eleventh".to_owned()]].concat())), ["tags"]);
    assert_eq!(refused(&server, form().text("tags[]", &"x".repeat(51))), ["tags"]);
    assert_eq!(refused(&server, form().text("tags", "a\tb")), ["tags"]);
}

#[on_every_backend]
fn metadata_is_kept_with_the_colour_profile_added(backends: Backends) {
    let server = Server::start_on(backends);
    let sent = json!({"z": 1, "a": [true, null, {"deep": "ü"}], "n": 1.5});
    let mut kept = created(&server, form().text("metadata", &sent.to_string()))["metadata"].take();
    assert_eq!(kept.as_object_mut().and_then(|object| object.remove("colorProfile")), Some(json!("sRGB")));
    assert_eq!(kept, sent);
}

#[on_every_backend]
fn a_colour_profile_that_the_client_sent_stays(backends: Backends) {
    let server = Server::start_on(backends);
    let image = created(&server, form().text("metadata", r#"{"colorProfile": "mine"}"#));
    assert_eq!(image["metadata"], json!({"colorProfile": "mine"}));
}

#[on_every_backend]
fn the_colour_profile_is_the_embedded_ones_description(backends: Backends) {
    let server = Server::start_on(backends);
    let image = created(&server, Form::upload(PRODUCT, &fixture("sideways_1280x960.jpg")));
    assert_eq!(image["metadata"], json!({"colorProfile": "c2"}));
}

#[on_every_backend]
fn metadata_is_an_object_of_limited_size_and_depth(backends: Backends) {
    let server = Server::start_on(backends);
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let _ = created(&server, form().text("metadata", &nested(8)));
    let _ = created(&server, form().text("metadata", &sized(16 * 1024)));
    let _ = created(&server, form().text("metadata", "{}"));
    for bad in
        ["", "x", "[]", "null", "\"text\"", "{\"a\":}", "{} {}", "{\"a\":NaN}", &nested(9), &sized(16 * 1024 + 1)]
    {
        let fields = refused(&server, form().text("metadata", bad));
        assert_eq!(fields, ["metadata"], "{}", bad.chars().take(40).collect::<String>());
    }
    // Deep enough to overflow the stack of a careless parser.
    assert_eq!(refused(&server, form().text("metadata", &"[".repeat(16_000))), ["metadata"]);
}

#[on_every_backend]
fn all_faulty_fields_are_named_at_once(backends: Backends) {
    let server = Server::start_on(backends);
    let form = form()
        .text("metadata", "[]")
        .text("order", "-1")
        .text("caption", &"x".repeat(501))
        .text("alt_text", &"x".repeat(256))
        .text("is_primary", "maybe")
        .text("tags", &"x".repeat(51));
    let mut fields = refused(&server, form);
    fields.sort_unstable();
    assert_eq!(fields, ["alt_text", "caption", "is_primary", "metadata", "order", "tags"]);
}

#[on_every_backend]
fn nothing_of_the_clients_file_name_but_its_last_part_is_kept(backends: Backends) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    for (sent, kept) in [
        ("product-image.jpg", "product-image.jpg"),
        ("../../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\Pictures\\a b.jpg", "a b.jpg"),
        ("/var/www/ü 🐝.jpeg", "ü 🐝.jpeg"),
        ("no-ending", "no-ending"),
        ("shell.php", "shell.php"),
    ] {
        let form = Form::new().text("productId", PRODUCT).file(sent, "image/jpeg", &picture);
        let image = created(&server, form);
        assert_eq!(image["originalName"], kept);
        assert!(image["filename"].as_str().is_some_and(|name| name.ends_with(".jpg")), "{image}");
    }
}

#[on_every_backend]
fn a_very_long_file_name_is_cut(backends: Backends) {
    let server = Server::start_on(backends);
    let name = format!("{}.jpg", "ü".repeat(300));
    let form = Form::new().text("productId", PRODUCT).file(&name, "image/jpeg", &fixture("tiny_300x300.jpg"));
    let image = created(&server, form);
    assert_eq!(image["originalName"].as_str().map(|name| name.chars().count()), Some(255));
}
