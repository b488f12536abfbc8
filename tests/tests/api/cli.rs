//! The commands of the binary besides `serve`.

use packshot_tests::command::{command, finish};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Finished, Form, Server, fixture, on_every_backend, token};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

fn empty() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn packshot(folder: &TempDir, args: &[&str]) -> Finished {
    finish(command(folder.path(), []).args(args))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[test]
fn a_token_stands_alone_on_stdout_and_opens_the_door() {
    let server = Server::builder().unset("PACKSHOT_AUTH__HS256_SECRET").start();
    let printed = server.run(&["token", "--subject", "admin_user", "--role", "admin"]).ok();
    let token = printed.strip_suffix('\n').expect("one line");
    assert!(!token.contains(char::is_whitespace), "{printed:?}");
    let claims = token::claims(token);
    assert_eq!(claims["sub"], "admin_user");
    let hour = claims["exp"].as_u64().unwrap() - token::now();
    assert!((3500..=3600).contains(&hour), "{claims}");

    let client = server.anyone().with_token(token);
    let _ = client.put_json("/products/prod_789", r#"{"name": "Lamp"}"#).expect(201);
    let image = client.upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json();
    assert_eq!(image["uploadedBy"], "admin_user");
}

#[test]
fn a_token_without_a_role_opens_nothing() {
    let server = Server::builder().start();
    let printed = server.run(&["token", "--subject", "u", "--ttl", "10m"]).ok();
    let left = token::claims(&printed)["exp"].as_u64().unwrap() - token::now();
    assert!((500..=600).contains(&left), "{left}");
    assert_eq!(server.anyone().with_token(printed.trim()).put_json("/products/p", r#"{"name": "P"}"#).status, 403);
}

#[test]
fn a_token_carries_the_issuer_and_the_audience_that_the_server_asks_for() {
    let server = Server::builder().file("[auth]\nissuer = \"https://id.example\"\naudience = \"packshot\"\n").start();
    let printed = server.run(&["token", "--subject", "a", "--role", "admin"]).ok();
    let _ = server.anyone().with_token(printed.trim()).put_json("/products/p", r#"{"name": "P"}"#).expect(201);
}

#[test]
fn no_token_is_signed_where_tokens_come_from_a_jwks() {
    let folder = empty();
    std::fs::write(folder.path().join("jwks.json"), r#"{"keys": []}"#).unwrap();
    let settings = [("PACKSHOT_AUTH__JWKS", "jwks.json")];
    let finished = finish(command(folder.path(), settings).args(["token", "--subject", "a", "--role", "admin"]));
    let line = finished.one_line_of_failure();
    assert!(line.to_lowercase().contains("jwks"), "{line}");
    assert_eq!(finished.stdout, "");
}

#[test]
fn the_data_folder_and_the_secret_are_the_owners_alone() {
    let folder = empty();
    let _ = packshot(&folder, &["token", "--subject", "a", "--role", "admin"]).ok();
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    assert_eq!(mode(&folder.path().join("data/hs256.secret")), 0o600);

    let server = Server::builder().unset("PACKSHOT_AUTH__HS256_SECRET").start();
    assert_eq!(mode(&server.folder().join("data")), 0o700);
    assert_eq!(mode(&server.folder().join("data/hs256.secret")), 0o600);
}

#[on_every_backend]
fn a_product_is_put_from_the_command_line(backends: Backends) {
    let server = Server::builder_on(backends).start();
    let _ = server.run(&["product", "put", "lamp", "--name", "Lamp"]).ok();
    assert_eq!(server.anyone().get("/products/lamp").expect(200).json()["name"], "Lamp");
    let _ = server.run(&["product", "put", "lamp", "--name", "Table lamp"]).ok();
    assert_eq!(server.anyone().get("/products/lamp").expect(200).json()["name"], "Table lamp");
    for args in [["product", "put", "a b", "--name", "x"], ["product", "put", "p", "--name", " "]] {
        let finished = server.run(&args);
        assert!(finished.code == Some(1) || finished.code == Some(2), "{finished:?}");
        assert!(!finished.stderr.is_empty() && !finished.stderr.contains("panicked"), "{finished:?}");
    }
}

#[test]
fn migrations_can_be_applied_ahead_and_again() {
    let folder = empty();
    let _ = packshot(&folder, &["migrate"]).ok();
    assert!(folder.path().join("data/packshot.db").is_file());
    let _ = packshot(&folder, &["migrate"]).ok();
}

#[test]
fn a_check_says_what_it_found() {
    let folder = empty();
    let _ = packshot(&folder, &["migrate"]).ok();
    let said = packshot(&folder, &["check"]).ok().to_lowercase();
    assert!(said.contains("database") && said.contains("stor"), "{said}");
}

#[test]
fn a_check_fails_on_a_fault() {
    let folder = empty();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let settings = [("PACKSHOT_STORAGE__URL", "file://file/images")];
    let finished = finish(command(folder.path(), settings).arg("check"));
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(format!("{}{}", finished.stdout, finished.stderr).contains("storage"), "{finished:?}");
}

#[on_every_backend]
fn a_check_does_not_print_secrets(backends: Backends) {
    let server = Server::builder_on(backends).start();
    let finished = server.run(&["check"]);
    assert!(!finished.stdout.contains(token::SECRET) && !finished.stderr.contains(token::SECRET), "{finished:?}");
    let _ = finished.ok();
}

#[on_every_backend]
fn a_sweep_counts_what_it_removed(backends: Backends) {
    let server = Server::start_on(backends);
    let image = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201).json();
    let said = server.run(&["sweep", "--grace", "0"]).ok();
    assert!(said.chars().any(|c| c.is_ascii_digit()), "{said}");
    // What is in order stays.
    for url in image["variants"].as_object().unwrap().values() {
        let _ = server.anyone().get(url.as_str().unwrap()).expect(200);
    }
}

#[test]
fn help_and_version_are_there_and_a_wrong_word_is_not() {
    let folder = empty();
    let help = packshot(&folder, &["--help"]).ok();
    for name in ["serve", "token", "product", "migrate", "sweep", "check", "openapi"] {
        assert!(help.contains(name), "{name}: {help}");
    }
    assert!(packshot(&folder, &["--version"]).ok().starts_with("packshot "));
    assert_eq!(packshot(&folder, &["swerve"]).code, Some(2));
    assert!(!folder.path().join("data").exists());
}
