//! The customer's curl commands.
//!
//! Owns what stands for the placeholders of the page: a token and a picture. Its surprising rule: curl is
//! told where `localhost:8000` is, so that the commands run as they are written.

use crate::page;
use packshot_tests::{Server, fixture, token};
use serde_json::{Value, json};
use std::process::Command;

fn run(server: &Server, command: &str) -> Value {
    let folder = server.folder();
    let settings = format!("silent\nshow-error\nconnect-to = \"localhost:8000:{}\"\n", server.address());
    std::fs::write(folder.join(".curlrc"), settings).unwrap();
    std::fs::write(folder.join("keyboard-main.jpg"), fixture("small_640x640.jpg")).unwrap();
    let command = command
        .replace("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", &token::admin("admin_user"))
        .replace("/path/to/image.jpg", "keyboard-main.jpg");
    let run = Command::new("sh").args(["-c", &command]).env("HOME", folder).current_dir(folder).output();
    let run = run.expect("sh can be started");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).expect("JSON")
}

#[test]
fn the_basic_command_uploads() {
    let server = Server::start();
    let image = run(&server, &page::code("Basic cURL Request"));
    assert_eq!(image["productId"], "prod_789");
    assert_eq!(image["originalName"], "keyboard-main.jpg");
}

#[test]
fn the_complete_command_uploads_with_all_that_it_says() {
    let server = Server::start();
    let image = run(&server, &page::code("Complete cURL Request"));
    assert_eq!(image["isPrimary"], true);
    assert_eq!(image["altText"], "Premium wireless keyboard on wooden desk");
    assert_eq!(image["caption"], "Main product shot showing design details");
    assert_eq!(image["order"], 0);
    assert_eq!(image["tags"], json!(["lifestyle", "desk", "keyboard"]));
    assert_eq!(image["metadata"]["lens"], "RF 24-70mm f/2.8");
}
