//! Sweeps while servers are at work: what a client was told of stays.

use super::outages::{form, wait_until};
use super::over::OnDrop;
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Server};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;

const CLIENTS: usize = 4;
const SWEEPS: usize = 10;

/// What clients were told while sweeps ran.
struct Told {
    kept: BTreeSet<String>,
    /// Uploads that were refused because a sweep had given them up.
    swept: usize,
}

/// Lets clients upload and delete at two servers, while `sweeps` runs sweeps from outside.
fn under_load(servers: &[Server], sweeps: impl FnOnce(&AtomicUsize)) -> Told {
    let (kept, swept, over) = (Mutex::new(BTreeSet::new()), AtomicUsize::new(0), AtomicBool::new(false));
    let work = |number: usize| {
        let client = servers[number % servers.len()].admin();
        for count in 0.. {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let answer = client.upload(form(PRODUCT));
            if answer.status != 201 {
                answer.unavailable("/files");
                swept.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let image = id(&answer.json()).to_owned();
            if count % 3 == 0 {
                let _ = client.delete(&format!("/files/{image}")).expect(204);
            } else {
                kept.lock().expect("no client panicked").insert(image);
            }
        }
    };
    scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || work(number))).collect();
        let end = OnDrop(&over);
        sweeps(&swept);
        drop(end);
        clients.into_iter().for_each(|client| client.join().expect("a client found a fault"));
    });
    Told { kept: kept.into_inner().expect("no client panicked"), swept: swept.into_inner() }
}

fn two() -> [Server; 2] {
    let builder = Server::builder_on(Backends::POSTGRES_AND_S3);
    [builder.clone().start().with_product(PRODUCT), builder.start()]
}

#[track_caller]
fn exactly(kept: &BTreeSet<String>, servers: &[Server]) {
    for server in servers {
        let found: BTreeSet<String> = every_image(server).iter().map(|image| id(image).to_owned()).collect();
        assert_eq!(&found, kept);
        assert_rows_and_files_agree(server);
    }
}

#[test]
fn a_sweep_with_a_grace_period_costs_no_upload() {
    let servers = two();
    let told = under_load(&servers, |_| {
        for _ in 0..SWEEPS {
            let _ = servers[0].run(&["sweep", "--grace", "600"]).ok();
        }
    });
    assert_eq!(told.swept, 0);
    assert!(!told.kept.is_empty());
    exactly(&told.kept, &servers);
}

#[test]
fn a_sweep_without_one_costs_uploads_in_work_and_nothing_that_a_client_was_told_of() {
    let servers = two();
    let told = under_load(&servers, |swept| {
        wait_until("an upload is swept while it is in work", || {
            let _ = servers[0].run(&["sweep", "--grace", "0"]).ok();
            swept.load(Ordering::Relaxed) > 0
        });
    });
    assert!(told.swept > 0);
    exactly(&told.kept, &servers);
}
