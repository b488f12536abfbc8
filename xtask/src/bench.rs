//! `cargo xtask bench WHAT`: the project's measurements, in release builds, printed as tables.
//!
//! Owns the names of the benches; refuses to measure anything itself. No bench runs in CI, where
//! machines are too noisy for figures to mean anything.

use crate::machine::{ensure_build_tools, prepare_test_servers};
use crate::process::{cargo, check};
use anyhow::{Result, bail};

/// Runs one bench; `args` are its name and what it takes.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        bail!("a bench is missing; there is: lists [IMAGES] [PRODUCTS]")
    };
    match name.as_str() {
        "lists" => lists(rest),
        unknown => bail!("no bench `{unknown}`; there is: lists [IMAGES] [PRODUCTS]"),
    }
}

/// Pages of images with a million rows in SQLite and in PostgreSQL.
fn lists(args: &[String]) -> Result<()> {
    ensure_build_tools()?;
    prepare_test_servers();
    let mut bench = cargo(["run", "--release", "--package", "packshot-database", "--example", "listing", "--"]);
    check(bench.args(args))
}
