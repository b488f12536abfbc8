//! `/healthz` and `/readyz`.

use packshot_tests::client::send;
use packshot_tests::{Backends, Server, on_every_backend};
use std::time::Duration;

#[on_every_backend]
fn a_server_that_listens_is_alive_and_ready(backends: Backends) {
    let server = Server::builder_on(backends).start();
    for path in ["/healthz", "/readyz", "/api/healthz", "/api/readyz"] {
        let answer = server.anyone().get(path).expect(200);
        assert_ne!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(send(server.anyone().request("HEAD", path)).status == 200, "HEAD {path}");
    }
}

#[test]
fn without_its_pictures_it_is_alive_but_not_ready() {
    let server = Server::builder().start();
    let images = server.folder().join("data/images");
    let aside = server.folder().join("data/aside");
    std::fs::rename(&images, &aside).unwrap();
    std::fs::write(&images, "a file where the folder was").unwrap();

    let answer = server.anyone().get("/readyz").expect(503);
    assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
    let text = answer.text();
    assert!(text.contains("stor") && !text.contains("database\":\"fail"), "{text}");
    assert!(!text.contains(server.folder().to_str().unwrap()), "{text}");
    let _ = server.anyone().get("/healthz").expect(200);

    std::fs::remove_file(&images).unwrap();
    std::fs::rename(&aside, &images).unwrap();
    // A finding is kept for a second.
    let ready = || server.anyone().get("/readyz").status == 200;
    assert!((0..100).any(|_| ready() || {
        std::thread::sleep(Duration::from_millis(100));
        false
    }));
}
