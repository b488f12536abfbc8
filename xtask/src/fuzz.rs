//! `cargo xtask fuzz [TARGET] [--runs N]`: the fuzz targets of `fuzz/`, on the stable toolchain.
//!
//! Owns how they are instrumented and how often each is run by default; refuses to judge: what must hold
//! stands in each target. Its surprising rule: without `--runs` it does what CI does, the same executions
//! each time; with it, each run begins elsewhere and what it finds is kept for the next, in `target/fuzz`.

use crate::machine::ensure_build_tools;
use crate::process::{cargo, check, output, root, target_dir};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A target and how often CI runs it: some seconds each.
struct Target {
    name: &'static str,
    runs: u32,
}

const TARGETS: [Target; 6] = [
    Target { name: "sniff", runs: 50_000 },
    Target { name: "header", runs: 50_000 },
    Target { name: "original", runs: 20_000 },
    Target { name: "profile", runs: 2_000 },
    Target { name: "process", runs: 2_000 },
    Target { name: "multipart", runs: 20_000 },
];

/// What cargo-fuzz tells the compiler, as far as stable takes it: counters, a table of places, comparisons.
/// A sanitiser would need a nightly compiler; `cargo fuzz run TARGET` uses one.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The most memory that an execution may take: a picture of 512x512, many times over.
const MAX_MEBIBYTES: u32 = 1024;
/// The longest that an execution may take, in seconds of a busy machine.
const MAX_SECONDS: u32 = 60;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    target: Option<String>,
    runs: Option<u32>,
}

/// Builds the targets and runs the one that `args` names, or each.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let plan = parse(args)?;
    ensure_build_tools()?;
    let folder = target_dir()?.join("fuzz");
    let binaries = build(&folder)?;
    let wanted = |target: &&Target| plan.target.as_deref().is_none_or(|name| name == target.name);
    for target in TARGETS.iter().filter(wanted) {
        println!("-- {}", target.name);
        execute(target, plan.runs, &binaries, &folder)?;
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Plan> {
    let mut plan = Plan { target: None, runs: None };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--runs" {
            let count = args.next().context("--runs needs a number")?;
            plan.runs = Some(count.parse().with_context(|| format!("--runs {count}: no number"))?);
        } else if TARGETS.iter().any(|target| target.name == arg) && plan.target.is_none() {
            plan.target = Some(arg.clone());
        } else {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            bail!("no target `{arg}`; there is: {}", names.join(", "));
        }
    }
    Ok(plan)
}

/// The folder of the binaries.
fn build(folder: &Path) -> Result<PathBuf> {
    // With a target named, flags are for what runs there, and not for build scripts.
    let version = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let mut build = cargo(["build", "--manifest-path", "fuzz/Cargo.toml", "--release", "--locked", "--bins"]);
    build.args(["--target", host, "--target-dir"]).arg(folder).env("RUSTFLAGS", RUSTFLAGS);
    check(&mut build)?;
    Ok(folder.join(host).join("release"))
}

fn execute(target: &Target, runs: Option<u32>, binaries: &Path, folder: &Path) -> Result<()> {
    let finds = if runs.is_some() { "corpus" } else { "thrown-away" };
    let (finds, faults) = (folder.join(finds).join(target.name), folder.join("faults").join(target.name));
    if runs.is_none() && finds.exists() {
        std::fs::remove_dir_all(&finds).with_context(|| format!("cannot empty {}", finds.display()))?;
    }
    for folder in [&finds, &faults] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut fuzz = Command::new(binaries.join(target.name));
    fuzz.current_dir(root()).args([
        format!("-runs={}", runs.unwrap_or(target.runs)),
        // Nothing is a random number, too.
        format!("-seed={}", u32::from(runs.is_none())),
        format!("-rss_limit_mb={MAX_MEBIBYTES}"),
        format!("-timeout={MAX_SECONDS}"),
        format!("-artifact_prefix={}/", faults.display()),
        "-verbosity=1".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    // libFuzzer writes what it finds into the first folder.
    fuzz.arg(&finds).arg(root().join("fuzz/corpus").join(target.name));
    check(&mut fuzz).with_context(|| format!("the input that did it is in {}", faults.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Plan> {
        parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_target_and_a_number_may_be_named() {
        assert_eq!(parsed(&[]).unwrap(), Plan { target: None, runs: None });
        let both = Plan { target: Some("header".to_owned()), runs: Some(7) };
        assert_eq!(parsed(&["header", "--runs", "7"]).unwrap(), both);
        for wrong in [&["headers"][..], &["--runs"], &["--runs", "many"], &["header", "sniff"]] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_target_has_a_binary_and_a_small_corpus() {
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        let binaries = manifest.matches("[[bin]]").count();
        assert_eq!(binaries, TARGETS.len());
        let mut bytes = 0;
        for target in TARGETS {
            assert!(manifest.contains(&format!("path = \"targets/{}.rs\"", target.name)));
            let corpus = std::fs::read_dir(root().join("fuzz/corpus").join(target.name)).unwrap();
            let sizes: Vec<u64> = corpus.map(|file| file.unwrap().metadata().unwrap().len()).collect();
            assert!(!sizes.is_empty(), "{}", target.name);
            bytes += sizes.iter().sum::<u64>();
        }
        assert!(bytes < 1 << 20, "{bytes} bytes");
    }

    /// What is fuzzed is what is shipped, and `deny.toml` has judged it.
    #[test]
    fn the_targets_are_built_with_the_crates_of_the_workspace() {
        let packages = |lock: &str| -> Vec<String> {
            let lock = std::fs::read_to_string(root().join(lock)).unwrap();
            let names = lock.split("[[package]]").skip(1).map(|package| package.lines().skip(1).take(2));
            names.map(|lines| lines.collect::<Vec<_>>().join(" ")).collect()
        };
        let (ours, theirs) = (packages("Cargo.lock"), packages("fuzz/Cargo.lock"));
        let only: Vec<&String> = theirs.iter().filter(|package| !ours.contains(package)).collect();
        let expected = ["arbitrary", "libfuzzer-sys", "packshot-fuzz"];
        assert_eq!(only.len(), expected.len(), "{only:#?}");
        for (package, name) in only.iter().zip(expected) {
            assert!(package.starts_with(&format!("name = \"{name}\"")), "{package}");
        }
    }
}
