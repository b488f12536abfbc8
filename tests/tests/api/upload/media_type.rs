//! 415: decided by what the bytes are, whatever anybody calls them.

use crate::pictures::{jpeg, png, webp};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server};
use serde_json::json;

#[track_caller]
fn unsupported(server: &Server, filename: &str, declared: &str, bytes: &[u8]) -> String {
    let form = Form::new().text("productId", PRODUCT).file(filename, declared, bytes);
    let answer = server.admin().upload(form);
    let problem = answer.problem(415, "unsupported-media-type", "/files", &["allowedTypes", "receivedType"]);
    assert_eq!(problem["title"], "Unsupported Media Type");
    assert_eq!(problem["detail"], "Only JPEG, PNG, and WebP images are supported.");
    assert_eq!(problem["allowedTypes"], json!(["image/jpeg", "image/png", "image/webp"]));
    problem["receivedType"].as_str().unwrap().to_owned()
}

#[test]
fn what_the_bytes_are_is_said() {
    let server = Server::start();
    let gif = b"GIF89a\x2c\x01\x2c\x01\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x2c\x01\x2c\x01\0\x02\x02D\x01\0;";
    let bmp = [b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".as_slice(), &[0; 60]].concat();
    let zip = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0; 60]].concat();
    for (bytes, received) in [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n".as_slice(), "application/pdf"),
        (gif, "image/gif"),
        (&bmp, "image/bmp"),
        (&zip, "application/zip"),
    ] {
        // Neither the name nor the declared type is believed.
        assert_eq!(unsupported(&server, "photo.jpg", "image/jpeg", bytes), received);
    }
}

#[test]
fn unknown_bytes_are_what_the_client_declared() {
    let server = Server::start();
    assert_eq!(unsupported(&server, "notes.txt", "text/plain", b"just some words"), "text/plain");
    assert_eq!(
        unsupported(&server, "x.psd", "image/vnd.adobe.photoshop", b"\x01\x02\x03"),
        "image/vnd.adobe.photoshop"
    );
}

#[test]
fn unknown_bytes_that_nobody_declared_are_octets() {
    let server = Server::start();
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"x\"";
    let form = Form::new().text("productId", PRODUCT).part(head, b"\x01\x02\x03\x04");
    let problem =
        server.admin().upload(form).problem(415, "unsupported-media-type", "/files", &["allowedTypes", "receivedType"]);
    assert_eq!(problem["receivedType"], "application/octet-stream");
}

#[test]
fn a_few_bytes_of_a_signature_are_not_enough() {
    let server = Server::start();
    for bytes in [b"\xff\xd8".as_slice(), b"\x89PN", b"RIFF\x04\0\0\0WAVE", b""] {
        let _ = unsupported(&server, "photo.jpg", "application/octet-stream", bytes);
    }
}

#[test]
fn a_good_picture_under_a_wrong_name_is_taken_for_what_it_is() {
    let server = Server::start();
    for (name, declared, bytes, mime_type) in [
        ("photo.png", "image/png", jpeg(400, 400), "image/jpeg"),
        ("document.pdf", "application/pdf", png(400, 400), "image/png"),
        ("photo.jpg", "image/jpeg", webp(400, 400), "image/webp"),
        ("photo", "application/octet-stream", jpeg(400, 400), "image/jpeg"),
    ] {
        let form = Form::new().text("productId", PRODUCT).file(name, declared, &bytes);
        let image = server.admin().upload(form).expect(201).json();
        assert_eq!(image["mimeType"], mime_type);
        assert_eq!(image["originalName"], name);
    }
}
