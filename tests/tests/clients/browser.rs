//! The customer's JavaScript in Chromium, on a page of another origin than the server's.
//!
//! Owns the packages and their versions; what the pages do stands in `tests/customer`.

use crate::page;
use packshot_contract::clients;
use packshot_tests::{Server, token};
use std::path::Path;
use std::process::Command;

const PACKAGES: [&str; 4] = ["playwright-core@1.65.1", "esbuild@0.28.2", "react@19.3.1", "react-dom@19.3.1"];

/// Runs a script of `tests/customer`, with the code below this heading of the page at hand.
fn run(script: &str, heading: &str) {
    let server = Server::start();
    let code = page::write(server.folder(), "customer.js", heading);
    run_with(script, &server, &[("CODE", &code.to_string_lossy())]);
}

/// Runs a script of `tests/customer` against `server`, with these variables besides those that all have.
pub(crate) fn run_with(script: &str, server: &Server, variables: &[(&str, &str)]) {
    let modules = clients::node("customer-react-19.3.1", &PACKAGES).unwrap_or_else(|reason| panic!("{reason}"));
    let chromium = clients::chromium().unwrap_or_else(|reason| panic!("{reason}"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new("node")
        .arg(here.join("customer").join(script))
        .env("SERVER", server.address())
        .env("TOKEN", token::admin("admin_user"))
        .env("CHROMIUM", chromium)
        .env("MODULES", modules)
        .env("FIXTURES", here.join("fixtures"))
        .envs(variables.iter().copied())
        .output()
        .expect("node can be started");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(run.status.success(), "{}\n{}", said(&run.stdout), said(&run.stderr));
}

const CLASS: &str = "JavaScript (Fetch) with Progress Tracking";

#[test]
fn every_method_of_the_javascript_class_works_from_another_origin() {
    run("javascript.mjs", CLASS);
}

#[test]
fn the_react_component_uploads_what_was_chosen() {
    run("react.mjs", "React Component for Image Upload");
}

#[test]
fn a_refusal_reaches_a_browser_that_still_sends() {
    run("refusals.mjs", CLASS);
}
