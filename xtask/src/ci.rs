//! `cargo xtask ci`: everything that must hold, in one command, with the time that each step took.
//!
//! Owns the order: what costs seconds first, so that a small slip is known at once. Every step runs,
//! also after a failure. Refuses to pass flags through `RUSTFLAGS`: they would make cargo compile the
//! dependencies once for the lints and once for the tests.

mod licences;

use crate::process::{cargo, check};
use crate::{bench, fuzz, layers, machine, test, tidy};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

type Step = fn() -> Result<()>;

/// Runs every step and fails when one of them did.
pub(crate) fn run() -> Result<()> {
    machine::ensure_build_tools()?;
    let steps: [(&str, Step); 9] = [
        ("format", || {
            check(&mut cargo(["fmt", "--all", "--check"]))?;
            check(&mut cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
        }),
        ("tidy", tidy::run),
        ("layers", layers::run),
        ("lints", || {
            check(&mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
        }),
        ("docs", || {
            let mut doc = cargo(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
            check(doc.env("RUSTDOCFLAGS", "--deny warnings"))
        }),
        ("licences", licences::run),
        ("fuzz", || fuzz::run(&[])),
        // The README's test command.
        ("tests", || test::run(&[])),
        ("bench", bench::imaging::smoke),
    ];
    let mut done: Vec<(&str, bool, Duration)> = Vec::new();
    for (name, step) in steps {
        println!("== {name}");
        let start = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("{name}: {error:#}");
        }
        done.push((name, result.is_ok(), start.elapsed()));
    }
    println!();
    for (name, passed, took) in &done {
        println!("{name:<10}{:<8}{:>7.1} s", if *passed { "ok" } else { "FAILED" }, took.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, _, took)| *took).sum();
    println!("{:<18}{:>7.1} s", "in all", total.as_secs_f64());
    let failed: Vec<&str> = done.iter().filter(|(_, passed, _)| !passed).map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}
