//! `cargo xtask test`: every test of the workspace, and an account of what was not run.
//!
//! Owns what tests need to be told (the server's binary, where to write down a skipped suite); refuses
//! to know any suite. Its surprising rule: a suite that cannot run still passes, writes its name and
//! reason to the file that `PACKSHOT_SKIPPED_SUITES` names, and is read out at the end; with `CI=true`
//! that is a failure.

mod summary;

use crate::machine::{ensure_build_tools, prepare_test_servers};
use crate::process::{cargo, check, target_dir};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use summary::Summary;

/// Runs the tests; `args` are those of `cargo test`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure_build_tools()?;
    let target = target_dir()?;
    let skips = target.join("skipped-suites.txt");
    remove(&skips)?;

    let whole = !args.iter().any(|arg| arg == "-p" || arg.starts_with("--package"));
    let mut test = cargo(["test", "--no-fail-fast"]);
    if whole {
        prepare_test_servers();
        // One build for the binary and the tests: the same features, so nothing is compiled twice.
        check(&mut cargo(["build", "--workspace", "--lib", "--bins", "--tests"]))?;
        test.arg("--workspace").env("PACKSHOT_BIN", target.join("debug/packshot"));
    }
    test.args(args).env("PACKSHOT_SKIPPED_SUITES", &skips);

    let mut summary = Summary::default();
    let passed = tee(&mut test, |line| summary.read(line))?;
    summary.skipped = read_skips(&skips)?;
    println!("\n{summary}");
    if !passed {
        bail!("{}", summary.failure());
    }
    if summary.ran_nothing() {
        bail!("no test ran");
    }
    if summary.has_skips() && std::env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("suites were skipped, which CI does not allow");
    }
    Ok(())
}

/// Runs `command`, passing on each line of its stdout and showing it to `each`; says whether it ended well.
fn tee(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no stdout")?;
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).context("cannot read the tests' output")? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        each(text.trim_end());
        line.clear();
    }
    Ok(child.wait().context("cannot wait for cargo test")?.success())
}

fn read_skips(file: &Path) -> Result<Vec<String>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let mut skips: Vec<String> = text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    skips.sort();
    skips.dedup();
    Ok(skips)
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
