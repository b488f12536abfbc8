//! Readers of lists, which are public: however many ask for what costs most, everybody else is served.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, rows};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;

/// Enough rows and readers that whoever waited for the readers' turn would wait past every patience.
const IMAGES: u32 = 40_000;
const READERS: usize = 100;
const UPLOADS: usize = 12;

/// Lets the readers end, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn picture() -> Form {
    Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))
}

fn starve_nobody(backends: Backends) {
    let server = Server::start_on(backends);
    rows::fill(server.home(), IMAGES, 100);
    let known = server.admin().upload(picture()).expect(201).json();
    let item = format!("/files/{}", known["id"].as_str().unwrap());
    let file = known["variants"]["thumbnail"].as_str().unwrap();
    let (over, begun, answered) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|scope| {
        for reader in 0..READERS {
            let (server, over, begun, answered) = (&server, &over, &begun, &answered);
            scope.spawn(move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let client = server.anyone();
                while !over.load(Ordering::Relaxed) {
                    let answer = client.get(&format!("/files?search=nothing-at-all-{reader}"));
                    if answer.status != 200 {
                        let problem = answer.problem(503, "unavailable", "/files", &[]);
                        assert_ne!(problem["detail"], "The service is temporarily unavailable. Try again later.");
                        assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _over = Over(&over);
        while begun.load(Ordering::Relaxed) < READERS {
            std::thread::yield_now();
        }
        for _ in 0..UPLOADS {
            let _ = server.admin().upload(picture()).expect(201);
            for path in [item.as_str(), file, "/readyz", "/healthz", "/products/prod_789"] {
                let _ = server.anyone().get(path).expect(200);
            }
        }
    });
    assert!(answered.into_inner() >= READERS);
    // And nothing of the crowd stays.
    let _ = server.anyone().get("/files?search=nothing").expect(200);
}

#[test]
fn a_crowd_that_searches_for_what_is_not_there_holds_up_no_upload_on_sqlite() {
    starve_nobody(Backends::SQLITE_AND_DISK);
}

#[test]
fn a_crowd_that_searches_for_what_is_not_there_holds_up_no_upload_on_postgres() {
    starve_nobody(Backends::POSTGRES_AND_DISK);
}

#[test]
fn a_search_past_its_time_is_told_so() {
    for backends in [Backends::SQLITE_AND_DISK, Backends::POSTGRES_AND_DISK] {
        let server = Server::builder_on(backends).set("PACKSHOT_DATABASE__READ_TIMEOUT_MS", "1").start();
        rows::fill(server.home(), IMAGES, 100);
        let answer = server.anyone().get("/files?search=nothing-at-all");
        let problem = answer.problem(503, "unavailable", "/files", &[]);
        assert!(problem["detail"].as_str().unwrap().contains("takes longer than it may"), "{problem}");
        assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
    }
}
