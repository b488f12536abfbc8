//! `packshot verify` and `packshot sweep --dry-run`: looking without touching.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture, token};
use serde_json::Value;

fn upload(server: &Server) -> Value {
    server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201).json()
}

/// Where the file of that variant lies.
fn file(server: &Server, image: &Value, variant: &str) -> std::path::PathBuf {
    let url = image["variants"][variant].as_str().unwrap();
    server.folder().join("data/images").join(url.strip_prefix("/static/img/products/").unwrap())
}

#[test]
fn a_healthy_store_has_no_differences() {
    let server = Server::start();
    let _ = upload(&server);
    let _ = upload(&server);
    let printed = server.run(&["verify"]).ok();
    let lines: Vec<String> =
        printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["images 2", "objects 10", "unfinished 0", "foreign 0", "differences 0"]);
}

#[test]
fn every_difference_is_named() {
    let server = Server::start();
    let image = upload(&server);
    let folder = server.folder().join("data/images").join(PRODUCT);
    std::fs::remove_file(file(&server, &image, "large")).unwrap();
    std::fs::write(file(&server, &image, "medium"), "shorter").unwrap();
    std::fs::write(folder.join(format!("{PRODUCT}_0123456789ab.jpg")), "nobody's").unwrap();
    std::fs::write(folder.join("notes.txt"), "not packshot's").unwrap();

    let finished = server.run(&["verify"]);
    assert_eq!(finished.code, Some(1));
    let (id, name) = (image["id"].as_str().unwrap(), image["filename"].as_str().unwrap());
    let size = image["variants"].as_object().unwrap().len();
    assert_eq!(size, 5);
    for expected in [
        format!("missing     {PRODUCT}/large/{name} of {id}"),
        format!("wrong size  {PRODUCT}/medium/{name} of {id}: 7 bytes instead of"),
        format!("orphan      {PRODUCT}/{PRODUCT}_0123456789ab.jpg"),
        format!("foreign     {PRODUCT}/notes.txt"),
        "differences 3".to_owned(),
    ] {
        assert!(finished.stdout.lines().any(|line| line.starts_with(&expected)), "{expected}\n{}", finished.stdout);
    }
}

#[test]
fn an_object_that_cannot_be_deleted_is_named_and_holds_up_no_other() {
    let server = Server::start();
    // A folder where a file was cannot be deleted as a file.
    let block = |image: &Value| {
        let stuck = file(&server, image, "large");
        std::fs::remove_file(&stuck).unwrap();
        std::fs::create_dir(&stuck).unwrap();
        std::fs::write(stuck.join("inside"), "").unwrap();
        let _ = server.admin().delete(&format!("/files/{}", image["id"].as_str().unwrap())).expect(204);
        stuck
    };
    let (first, second) = (upload(&server), upload(&server));
    let (stuck, mended) = (block(&first), block(&second));
    std::fs::remove_dir_all(&mended).unwrap();
    let swept = server.run(&["sweep"]);
    assert_eq!(swept.code, Some(1), "{swept:?}");
    let id = first["id"].as_str().unwrap();
    assert!(swept.stdout.contains("unfinished deletions  1\n"), "{swept:?}");
    assert!(swept.stdout.contains("could not be deleted  1\n") && swept.stdout.contains(id), "{swept:?}");
    std::fs::remove_dir_all(&stuck).unwrap();
    // Whoever mended it does not wait for the next attempt.
    let swept = server.run(&["sweep"]).ok();
    assert!(swept.contains("unfinished deletions  1\n"), "{swept}");
    assert_eq!(server.stored_files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn names_of_others_do_nothing_to_the_terminal() {
    let server = Server::start();
    let folder = server.folder().join("data/images");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a\u{1b}[2J\n\u{9b}2J\u{202e}gpj.txt"), "not packshot's").unwrap();
    let printed = server.run(&["verify"]).ok();
    let expected = r"foreign     a\u{1b}[2J\n\u{9b}2J\u{202e}gpj.txt";
    assert!(printed.lines().any(|line| line == expected), "{printed:?}");

    // A request's own id is anybody's text, and so is a user's name.
    let client = server.anyone().with_token(&token::admin("ada\u{202e}\u{2066}"));
    let _ = client.put_json("/products/lamp", r#"{"name": "Lamp"}"#).expect(201);
    let line = server.run(&["audit", "--product", "lamp"]).ok();
    assert!(line.contains(r"  ada\u{202e}\u{2066}  "), "{line:?}");
    let line = server.run(&["audit", "--product", "lamp", "--json"]).ok();
    assert!(line.is_ascii(), "{line:?}");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["user"], "ada\u{202e}\u{2066}");
}

#[test]
fn a_dry_run_names_what_a_sweep_removes_and_removes_nothing() {
    let server = Server::start();
    let image = upload(&server);
    // A folder where a file was cannot be deleted as a file.
    let stuck = file(&server, &image, "large");
    std::fs::remove_file(&stuck).unwrap();
    std::fs::create_dir(&stuck).unwrap();
    std::fs::write(stuck.join("inside"), "").unwrap();
    let id = image["id"].as_str().unwrap();
    let _ = server.admin().delete(&format!("/files/{id}")).expect(204);

    let key = format!("{PRODUCT}/large/{}", image["filename"].as_str().unwrap());
    for _ in 0..2 {
        let printed = server.run(&["sweep", "--dry-run"]).ok();
        let line = format!("would remove {key} (unfinished deletion {id})");
        assert!(printed.lines().any(|printed| printed == line), "{printed}");
        assert!(printed.contains("unfinished deletions  1\nobjects named         5\n"), "{printed}");
    }
    std::fs::remove_dir_all(&stuck).unwrap();
    let swept = server.run(&["sweep"]).ok();
    assert!(swept.contains("unfinished deletions  1\n"), "{swept}");
    let nothing = server.run(&["sweep", "--dry-run"]).ok();
    assert!(nothing.contains("unfinished deletions  0\nobjects named         0\n"), "{nothing}");
}
