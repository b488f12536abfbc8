//! `cargo xtask bench readers [IMAGES] [READERS]`: uploads while a crowd searches for what is not there.
//!
//! Owns the load and what is printed of it: for SQLite and PostgreSQL, how long an upload takes alone and beside
//! 20 readers in a database of a million images, the ratio of the two, and what everybody was answered.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Client, Form, Server, fixture, rows};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const UPLOADS: usize = 60;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let (images, readers) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(20));
    println!("{images} images, {readers} readers, {UPLOADS} uploads");
    for (name, backends) in [("SQLite", Backends::SQLITE_AND_DISK), ("PostgreSQL", Backends::POSTGRES_AND_DISK)] {
        round(name, backends, images, readers);
    }
}

/// One database, filled: uploads alone, then beside the readers.
fn round(name: &str, backends: Backends, images: u32, readers: u32) {
    let server = Server::start_on(backends);
    rows::fill(server.home(), images, images / 10);
    let alone = uploads(&server);
    let (over, answers) = (AtomicBool::new(false), Mutex::new(BTreeMap::<(&str, u16), u64>::new()));
    let count = |what, status| *answers.lock().unwrap().entry((what, status)).or_default() += 1;
    let beside = std::thread::scope(|scope| {
        for reader in 0..readers {
            let (server, over, count) = (&server, &over, &count);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    count("search", server.anyone().get(&format!("/files?search=nothing-{reader}")).status);
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for path in ["/readyz", "/products/p1", "/files?page_size=1&productId=p1"] {
                    count(path, Client::get(server.anyone(), path).status);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let beside = uploads(&server);
        over.store(true, Ordering::Relaxed);
        beside
    });
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{name:<11} p95 of uploads: alone {:.0} ms, beside the readers {:.0} ms, {:.2} times",
        milliseconds(alone),
        milliseconds(beside),
        beside.as_secs_f64() / alone.as_secs_f64()
    );
    println!("{name:<11} answers: {:?}", answers.into_inner().unwrap());
}

/// The p95 of so many uploads, one after the other, each of which must be answered 201.
fn uploads(server: &Server) -> Duration {
    let client = server.admin();
    let picture = fixture("camera_with_gps_1600x1200.jpg");
    let mut times: Vec<Duration> = (0..UPLOADS)
        .map(|_| {
            let start = Instant::now();
            let _ = client.upload(Form::upload(PRODUCT, &picture)).expect(201);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[(UPLOADS - 1) * 95 / 100]
}
