//! `cargo xtask bench WHAT`: the project's measurements, in release builds, printed as tables.
//!
//! Owns the names of the benches; refuses to measure anything itself. No bench runs in CI, where
//! machines are too noisy for figures to mean anything; only whether the one of imaging still works is seen there.

pub(crate) mod imaging;

use crate::machine::{ensure_build_tools, prepare_test_servers};
use crate::process::{cargo, check};
use crate::run::build_server;
use anyhow::{Result, bail};

const BENCHES: &str = "imaging [--rounds N] [--photos DIR], lists [IMAGES] [PRODUCTS], overload [SECONDS], \
     readers [IMAGES] [READERS], sweep [FILES]";

/// Runs one bench; `args` are its name and what it takes.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else { bail!("a bench is missing; there is: {BENCHES}") };
    match name.as_str() {
        "imaging" => imaging::run(rest),
        "lists" => lists(rest),
        "overload" => example("overload", rest),
        "readers" => example("readers", rest),
        "sweep" => example("sweep", rest),
        unknown => bail!("no bench `{unknown}`; there is: {BENCHES}"),
    }
}

/// What needs the binary: a hundred clients with the largest pictures at once; a sweep beside a million files.
fn example(name: &str, args: &[String]) -> Result<()> {
    let server = build_server()?;
    let mut bench = cargo(["run", "--release", "--package", "packshot-tests", "--example", name, "--"]);
    check(bench.args(args).env("PACKSHOT_BIN", server))
}

/// Pages of images with a million rows in SQLite and in PostgreSQL.
fn lists(args: &[String]) -> Result<()> {
    ensure_build_tools()?;
    prepare_test_servers();
    let mut bench = cargo(["run", "--release", "--package", "packshot-database", "--example", "listing", "--"]);
    check(bench.args(args))
}
