//! Parts that fail while the server runs: each time a clear 503, nothing half-made, and service goes on by
//! itself when the part is back.

mod database;
mod disk;
mod folder;
mod store;

use packshot_tests::inventory::{assert_rows_and_files_agree, every_image};
use packshot_tests::{Answer, Form, Server, fixture};
use std::time::{Duration, Instant};

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn form(product: &str) -> Form {
    Form::upload(product, &fixture("tiny_300x300.jpg"))
}

fn upload(server: &Server, product: &str) -> Answer {
    server.admin().upload(form(product))
}

/// Asks again and again until `done`, within reason.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Checks that `/readyz` names these parts, and that the process is alive all the same.
#[track_caller]
fn not_ready_for(server: &Server, failed: &[&str]) {
    // A finding is kept for a second.
    wait_until("it is not ready", || server.anyone().get("/readyz").status == 503);
    let answer = server.anyone().get("/readyz");
    let problem = answer.problem(503, "unavailable", "/readyz", &["failed"]);
    assert_eq!(problem["failed"], serde_json::json!(failed));
    assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
    let _ = server.anyone().get("/healthz").expect(200);
}

/// Checks that there are so many images, that a sweep leaves their files and no others, and that uploads work.
#[track_caller]
fn sound_with(server: &Server, product: &str, images: usize) {
    let _ = server.run(&["sweep", "--grace", "0"]).ok();
    assert_rows_and_files_agree(server);
    assert_eq!(every_image(server).len(), images);
    let _ = upload(server, product).expect(201);
    ready_again(server);
}

/// Waits until `/readyz` says that nothing is amiss, which it keeps for a second.
pub(crate) fn ready_again(server: &Server) {
    wait_until("it is ready again", || server.anyone().get("/readyz").status == 200);
}

/// Waits until the process has no more open than `before`: connections end a moment after their use.
#[track_caller]
fn no_more_open_than(server: &Server, before: usize) {
    let what = format!("more than {before} files and connections stay open");
    wait_until(&what, || server.open_handles() <= before);
}
