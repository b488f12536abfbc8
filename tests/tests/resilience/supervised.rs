//! `server.supervise`: a process that a codec's C has killed is followed by another, on the same socket.
//!
//! Owns the signals that C dies of; what is left after a death is the business of `kills`.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use std::process::Command;

fn supervised() -> Server {
    Server::builder().set("PACKSHOT_SERVER__SUPERVISE", "true").start().with_product(PRODUCT)
}

/// The process that serves, which the one that was started has started.
fn serving(server: &Server) -> Option<String> {
    let id = server.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("the supervisor runs");
    children.split_whitespace().next().map(str::to_owned)
}

fn send(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().expect("kill can be started").success());
}

#[test]
fn a_death_by_a_signal_is_followed_by_service_on_the_same_socket() {
    let server = supervised();
    let picture = fixture("tiny_300x300.jpg");
    let mut uploads = Vec::new();
    // Rust's own handlers let the first SIGSEGV and SIGBUS pass that no bad access of its own repeats.
    for signal in ["-ABRT", "-ILL", "-FPE", "-KILL"] {
        let before = serving(&server).expect("a process serves");
        let image = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201).json();
        uploads.push(image["variants"]["original"].as_str().unwrap().to_owned());
        send(signal, &before);
        // Nobody answers until the next one serves; the socket is open all the time, so a connection waits.
        let answers = (0..20).map(|_| std::net::TcpStream::connect(server.address()));
        assert!(answers.into_iter().all(|connected| connected.is_ok()), "{signal}: refused");
        let fresh = packshot_tests::Client::new(&format!("http://{}", server.address()));
        for path in &uploads {
            assert!(fresh.get(path).expect(200).body == picture, "{signal}");
        }
        assert_ne!(serving(&server), Some(before), "{signal}");
    }
    let ended = server.terminate();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert_eq!(ended.log.matches("a signal killed the serving process").count(), uploads.len(), "{}", ended.log);
    let _ = ended.run(&["verify"]).ok();
}

#[test]
fn what_ends_the_supervisor_ends_all_of_it() {
    let server = supervised();
    let process = serving(&server).expect("a process serves");
    // Returns when nobody holds the log any more: the serving process does as long as it lives.
    let ended = server.kill();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(9));
    let left = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    assert!(left.is_empty(), "{left}");
    // And the next start has the place to itself.
    let again = ended.start();
    let _ = again.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
    assert_eq!(again.terminate().status.code(), Some(0));
}

/// As systemd does, and a terminal.
#[test]
fn a_signal_to_both_is_no_haste() {
    for signal in ["-TERM", "-INT"] {
        let server = supervised();
        send(signal, &serving(&server).expect("a process serves"));
        let _ = server.anyone().get("/healthz").expect(200);
        let supervisor = server.id().to_string();
        send(signal, &supervisor);
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
        assert!(!ended.log.contains("at once"), "{}", ended.log);
    }
}

#[test]
fn a_start_that_fails_is_not_tried_again() {
    let builder = Server::builder()
        .set("PACKSHOT_SERVER__SUPERVISE", "true")
        .set("PACKSHOT_AUTH__JWKS", "/no/such/file.json")
        .unset("PACKSHOT_AUTH__HS256_SECRET");
    let finished = builder.start_and_fail();
    assert_eq!(finished.code, Some(1), "{finished:?}");
}
