//! `packshot backup` and `packshot restore`: everything, while the server runs, and back.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn upload(server: &Server) -> Value {
    server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_taken_under_load_is_whole_and_comes_back_in_an_empty_place() {
    let server = Server::builder().unset("PACKSHOT_AUTH__HS256_SECRET").start();
    let token = server.run(&["token", "--subject", "ada", "--role", "admin"]).ok();
    let admin = server.anyone().with_token(token.trim());
    let _ = admin.put_json(&format!("/products/{PRODUCT}"), r#"{"name": "P"}"#).expect(201);
    let form = || Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"));
    let before: Vec<Value> = (0..4).map(|_| admin.upload(form()).expect(201).json()).collect();

    let done = AtomicBool::new(false);
    let backup = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let image = admin.upload(form()).expect(201).json();
                let _ = admin.delete(&format!("/files/{}", image["id"].as_str().unwrap())).expect(204);
            }
        });
        let printed = server.run(&["backup", "kept"]);
        done.store(true, Ordering::Relaxed);
        printed.ok()
    });
    assert!(backup.contains("differences 0") && backup.contains("backed up "), "{backup}");
    let kept = server.folder().join("kept");
    assert_eq!(mode(&kept), 0o700);
    for private in ["packshot.db", "hs256.secret"] {
        assert_eq!(mode(&kept.join(private)), 0o600, "{private}");
    }
    let originals: Vec<Vec<u8>> = before
        .iter()
        .map(|image| server.anyone().get(image["variants"]["webp"].as_str().unwrap()).expect(200).body)
        .collect();
    // A second backup into the same folder is refused.
    let again = server.run(&["backup", "kept"]);
    assert!(again.one_line_of_failure().contains("not empty"), "{again:?}");
    // So is a restore over what is there.
    let over = server.run(&["restore", "kept"]);
    assert!(over.one_line_of_failure().contains("empty place"), "{over:?}");

    let stopped = server.terminate();
    std::fs::rename(stopped.folder().join("data"), stopped.folder().join("lost")).unwrap();
    let restored = stopped.run(&["restore", "kept"]).ok();
    assert!(restored.contains("differences 0") && restored.contains("restored "), "{restored}");
    let server = stopped.start();
    for (image, bytes) in before.iter().zip(originals) {
        let path = format!("/files/{}", image["id"].as_str().unwrap());
        let back = server.anyone().get(&path).expect(200).json();
        assert_eq!(back["uploadedAt"], image["uploadedAt"]);
        assert_eq!(server.anyone().get(image["variants"]["webp"].as_str().unwrap()).expect(200).body, bytes);
    }
    // The secret came back too: an old token is still good.
    let _ = server.anyone().with_token(token.trim()).upload(form()).expect(201);
    let verified = server.run(&["verify"]).ok();
    assert!(verified.contains("differences 0"), "{verified}");
}

#[test]
fn a_backup_that_lacks_an_object_says_so() {
    let server = Server::start();
    let image = upload(&server);
    let url = image["variants"]["large"].as_str().unwrap();
    let file = server.folder().join("data/images").join(url.strip_prefix("/static/img/products/").unwrap());
    std::fs::remove_file(file).unwrap();
    let failed = server.run(&["backup", "kept"]);
    assert!(failed.one_line_of_failure().contains("has lost objects"), "{failed:?}");
}
