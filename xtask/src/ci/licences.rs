//! The licence, ban and source checks of cargo-deny, and its advisories where they can be had.
//!
//! Owns cargo-deny's version and where it is installed (inside the target folder, never in the user's
//! own); refuses to pass over advisories in silence.

use crate::process::{cargo, check, succeeds, target_dir};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

const VERSION: &str = "0.20.2";
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Runs the checks, installing cargo-deny first where it is missing.
pub(crate) fn run() -> Result<()> {
    let tools = target_dir()?.join("tools");
    let deny = tools.join("bin/cargo-deny");
    if !is_current(&deny) {
        // Unoptimised: it runs for seconds, and optimising it takes minutes.
        let install = ["install", "cargo-deny", "--debug", "--locked", "--version", VERSION, "--root"];
        check(cargo(install).arg(&tools))?;
    }
    let run = |checks: &[&str]| {
        let mut command = Command::new(&deny);
        command.current_dir(crate::process::root()).arg("check").args(checks);
        check(&mut command)
    };
    run(&["bans", "licenses", "sources"])?;
    if advisories_can_be_had() {
        return run(&["advisories"]);
    }
    println!("advisories: not checked, {ADVISORIES} cannot be reached from here");
    Ok(())
}

fn is_current(deny: &Path) -> bool {
    let version = Command::new(deny).arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(VERSION))
}

fn advisories_can_be_had() -> bool {
    // Slower than this is as good as not there.
    let patience = ["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=10"];
    succeeds(Command::new("git").args(patience).args(["ls-remote", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0"))
}
