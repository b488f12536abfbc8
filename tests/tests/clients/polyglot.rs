//! A picture that is a page too, in Chromium: served from here, its script never runs.
//!
//! Owns the pictures; what the browser does with them stands in `tests/customer/polyglot.mjs`.

use crate::browser::run_with;
use packshot_tests::png::gray;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use serde_json::{Value, json};

const PAGE: &[u8] = b"<!doctype html><html><body><script>document.title='ran';fetch('/ran')</script></body></html>";

/// A grey PNG of 320x320 whose rows are the page over and over, not compressed: the original is kept byte for
/// byte, so nothing but how it is served stands between it and a browser.
fn spelt_in_pixels() -> Vec<u8> {
    let row: Vec<u8> = [0].into_iter().chain(PAGE.iter().copied().cycle().take(320)).collect();
    gray(320, 320, &row.repeat(320))
}

#[test]
fn a_picture_that_is_a_page_never_runs_its_script() {
    let server = Server::start();
    let spelt = spelt_in_pixels();
    let hidden = [&fixture("tiny_300x300.jpg"), PAGE].concat();
    let mut urls: Vec<String> = Vec::new();
    for (upload, name) in [(&spelt, "page.html"), (&hidden, "page.jpg.html")] {
        let form = Form::new().text("productId", PRODUCT).file(name, "text/html", upload);
        let image: Value = server.admin().upload(form).expect(201).json();
        let url =
            |variant: &str| format!("http://{}{}", server.address(), image["variants"][variant].as_str().unwrap());
        urls.extend(["original", "thumbnail", "webp"].map(url));
    }
    let original = server.anyone().get(urls[0].strip_prefix(&format!("http://{}", server.address())).unwrap());
    assert!(original.body == spelt, "the page is in what is served");
    let polyglot = server.folder().join("polyglot");
    std::fs::write(&polyglot, &spelt).unwrap();
    run_with("polyglot.mjs", &server, &[("URLS", &json!(urls).to_string()), ("POLYGLOT", &polyglot.to_string_lossy())]);
}
