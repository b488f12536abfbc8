//! `cargo xtask bench overload`: a hundred clients upload pictures of 5000 by 5000 pixels at once.
//!
//! Owns the load and what is printed of it: throughput at each number of clients, what was answered, the
//! server's peak memory, and how long others waited for `/healthz`, a list and a file meanwhile.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Client, Form, Server, fixture};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SIDE: u32 = 5000;
const ROUND: Duration = Duration::from_secs(30);

fn main() {
    let seconds = std::env::args().nth(1).map_or(ROUND, |text| Duration::from_secs(text.parse().unwrap()));
    let picture = picture();
    println!("picture      {SIDE}x{SIDE} JPEG, {} bytes; {} s a round", picture.len(), seconds.as_secs());
    for clients in [1, 2, 4, 8, 100] {
        round(clients, &picture, seconds);
    }
}

/// A smooth picture with a little grain, well below 5 MiB.
fn picture() -> Vec<u8> {
    let mut grain = 0x2545_f491_u32;
    let mut samples = Vec::with_capacity((SIDE * SIDE * 3) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            grain ^= grain << 13;
            grain ^= grain >> 17;
            grain ^= grain << 5;
            let noise = (grain % 7) as u8;
            samples.extend([(x / 24) as u8 + noise, (y / 24) as u8 + noise, ((x + y) / 48) as u8 + noise]);
        }
    }
    let mut coded = Vec::new();
    JpegEncoder::new_with_quality(&mut coded, 80).encode(&samples, SIDE, SIDE, ExtendedColorType::Rgb8).unwrap();
    assert!(coded.len() < 5 << 20, "{} bytes are too many", coded.len());
    coded
}

/// One number of clients against a fresh server.
fn round(clients: usize, picture: &[u8], length: Duration) {
    let server = Server::start();
    let small = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201).json();
    let file = small["variants"]["thumbnail"].as_str().unwrap().to_owned();
    let answers: Mutex<BTreeMap<u16, u64>> = Mutex::default();
    let waits: Mutex<Vec<Duration>> = Mutex::default();
    let over = AtomicBool::new(false);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let client = server.admin();
                while start.elapsed() < length {
                    let answer = client.upload(Form::upload(PRODUCT, picture));
                    *answers.lock().unwrap().entry(answer.status).or_default() += 1;
                    if answer.status == 503 {
                        // As `Retry-After` asks, but never beyond the round.
                        let asked = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or(1);
                        std::thread::sleep(Duration::from_secs(asked).min(length.saturating_sub(start.elapsed())));
                    }
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for path in ["/healthz", "/files", &file] {
                    let asked = Instant::now();
                    let _ = Client::get(server.anyone(), path).expect(200);
                    waits.lock().unwrap().push(asked.elapsed());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        std::thread::sleep(length);
        over.store(true, Ordering::Relaxed);
    });
    let took = start.elapsed().as_secs_f64();
    let answers = answers.into_inner().unwrap();
    let mut waits = waits.into_inner().unwrap();
    waits.sort();
    let wait = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    let created = answers.get(&201).copied().unwrap_or(0);
    println!(
        "{clients:>3} clients  {:>5.2} uploads/s  answers {answers:?}  peak {:>4} MiB  reads p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        created as f64 / took,
        server.peak_memory_bytes() >> 20,
        wait(0.5),
        wait(0.99),
        wait(1.0),
    );
}
