//! The customer's Python class, with `requests` and Pillow.
//!
//! Owns the packages and their versions; what is done with the class stands in `tests/customer/uploader.py`.

use crate::page;
use packshot_contract::clients;
use packshot_tests::{Server, token};
use std::path::Path;
use std::process::Command;

const PACKAGES: [&str; 2] = ["requests==2.34.2", "pillow==13.0.0"];

fn run(how: &str) -> Server {
    let python = clients::python("customer-requests-2.34.2", &PACKAGES).unwrap_or_else(|reason| panic!("{reason}"));
    let server = Server::start();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(python)
        .arg(here.join("customer/uploader.py"))
        .arg(how)
        .env("API", format!("http://{}/api", server.address()))
        .env("TOKEN", token::admin("admin_user"))
        .env("FIXTURES", here.join("fixtures"))
        .env("CODE", page::write(server.folder(), "customer.py", "Python with Advanced Image Processing"))
        .output()
        .expect("python can be started");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(run.status.success(), "{}\n{}", said(&run.stdout), said(&run.stderr));
    server
}

fn images(server: &Server) -> u64 {
    server.anyone().get("/files").expect(200).json()["total"].as_u64().unwrap()
}

#[test]
fn the_python_class_as_it_is_written_closes_its_file_before_it_sends_to_any_server() {
    assert_eq!(images(&run("unchanged")), 0);
}

#[test]
fn every_method_of_the_python_class_works_once_it_reads_the_file_in_time() {
    assert_eq!(images(&run("repaired")), 12);
}
