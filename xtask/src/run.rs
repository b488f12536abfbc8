//! `cargo xtask run`: the release binary, built with everything it needs and started.
//!
//! Owns that the tools are there before the build; refuses to set anything for the server, which runs
//! on its own defaults. Its surprising rule: xtask becomes the server, so signals reach it directly.

use crate::machine::ensure_build_tools;
use crate::process::{cargo, check, target_dir};
use anyhow::{Context as _, Result};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// Builds the server and starts it with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let binary = build_server()?;
    let error = Command::new(&binary).args(args).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}

/// Builds the release binary and says where it is.
pub(crate) fn build_server() -> Result<PathBuf> {
    ensure_build_tools()?;
    check(&mut cargo(["build", "--release", "--package", "packshot-server", "--bin", "packshot"]))?;
    Ok(target_dir()?.join("release/packshot"))
}
