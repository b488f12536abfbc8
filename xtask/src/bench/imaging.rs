//! `cargo xtask bench imaging`: the upload job by packshot and its peers, side by side.
//!
//! Owns getting the peers, by name from their registries, into the target folder; refuses to know the job. A peer
//! that cannot be had is left out, and said.

use crate::machine::ensure_build_tools;
use crate::process::{cargo, check, root, target_dir};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Measures; `args` are handed on.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure_build_tools()?;
    let work = target_dir()?.join("bench");
    std::fs::create_dir_all(&work)?;
    let mut bench = cargo(["run", "--release", "--package", "packshot-imaging", "--example", "upload_job", "--"]);
    bench.arg("--work").arg(&work).args(args);
    if let Some(folder) = fetched("sharp", sharp(&work)) {
        bench.arg("--sharp").arg(folder);
    }
    if let Some(program) = fetched("oximg", oximg(&work)) {
        bench.arg("--oximg").arg(program);
    }
    check(&mut bench)
}

/// One small picture through packshot alone, in the tests' build: the bench still works.
pub(crate) fn smoke() -> Result<()> {
    // Of the whole workspace, so that nothing is compiled with other features than for the tests.
    check(&mut cargo(["build", "--workspace", "--examples", "--locked"]))?;
    check(Command::new(target_dir()?.join("debug/examples/upload_job")).arg("--smoke"))
}

fn fetched(name: &str, result: Result<PathBuf>) -> Option<PathBuf> {
    result.inspect_err(|error| eprintln!("xtask: without {name}: {error:#}")).ok()
}

/// The folder of sharp's job, with the newest sharp.
fn sharp(work: &Path) -> Result<PathBuf> {
    let folder = work.join("sharp");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(root().join("crates/imaging/bench/sharp/job.mjs"), folder.join("job.mjs"))?;
    let mut npm = Command::new("npm");
    check(npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder).arg("sharp@latest"))?;
    Ok(folder)
}

/// The program that does oximg's job, with the newest oximg.
fn oximg(work: &Path) -> Result<PathBuf> {
    let target = work.join("oximg");
    let mut build = cargo(["build", "--release", "--manifest-path", "crates/imaging/bench/oximg/Cargo.toml"]);
    check(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release/oximg-job"))
}
