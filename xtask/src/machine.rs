//! What a machine must have beyond the Rust toolchain, and how it gets there.
//!
//! Owns the list of native programs, how each is recognised and which Debian package brings it;
//! installs them with apt-get where it may and says the one line that does where it may not. Refuses
//! to let a build without SIMD happen: a codec without an assembler is several times slower.

use crate::process::{check, root, succeeds};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// A program outside the Rust world.
struct Program {
    /// Its Debian package.
    package: &'static str,
    /// What it is for, as said to somebody who is asked to install it.
    purpose: &'static str,
    /// It is needed when this crate is in the lock file; empty for always.
    needed_by: &'static str,
    /// Whether it is here.
    present: fn() -> bool,
}

const BUILD_TOOLS: &[Program] = &[
    Program { package: "build-essential", purpose: "C and C++ compiler", needed_by: "", present: has_compilers },
    Program { package: "make", purpose: "builds of C libraries", needed_by: "", present: || on_path("make") },
    Program { package: "cmake", purpose: "JPEG codec", needed_by: "cmake", present: || on_path("cmake") },
    Program { package: "nasm", purpose: "JPEG codec's SIMD", needed_by: "turbojpeg-sys", present: has_assembler },
    Program { package: "perl", purpose: "OpenSSL's configuration", needed_by: "openssl-src", present: has_perl },
];

/// What the starters and clients of `packshot-contract` run; packages of Python and Node they fetch themselves,
/// and the S3 server.
const TEST_PROGRAMS: &[Program] = &[
    Program {
        package: "postgresql",
        purpose: "PostgreSQL's server programs, for throwaway clusters",
        needed_by: "packshot-database",
        present: has_postgres,
    },
    Program {
        package: "openssl",
        purpose: "certificates for PostgreSQL over TLS",
        needed_by: "packshot-database",
        present: || on_path("openssl"),
    },
    Program {
        package: "npm",
        purpose: "Azurite, the emulator of Azure Blob Storage",
        needed_by: "packshot-store",
        present: || on_path("node") && on_path("npm"),
    },
    Program {
        package: "chromium",
        purpose: "the customer's pages",
        needed_by: "packshot-tests",
        present: has_chromium,
    },
    Program {
        package: "python3-venv",
        purpose: "the customer's scripts",
        needed_by: "packshot-tests",
        present: has_venv,
    },
    Program {
        package: "curl",
        purpose: "the customer's commands",
        needed_by: "packshot-tests",
        present: || on_path("curl"),
    },
];

/// Sees to everything that a build needs.
///
/// # Errors
/// One line with the command to run, when something is missing and may not be installed from here.
pub(crate) fn ensure_build_tools() -> Result<()> {
    let missing = missing(BUILD_TOOLS);
    if missing.is_empty() || install(&missing) {
        return Ok(());
    }
    bail!("{}", advice(&missing))
}

/// Sees to the programs that tests start, servers and clients; the other tests run also where they cannot be had.
pub(crate) fn prepare_test_servers() {
    let missing = missing(TEST_PROGRAMS);
    if !missing.is_empty() && !install(&missing) {
        eprintln!("xtask: {}; the tests that need it will fail", advice(&missing));
    }
}

fn missing(programs: &'static [Program]) -> Vec<&'static Program> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap_or_default();
    let needed = |crate_name: &str| crate_name.is_empty() || lock.contains(&format!("name = \"{crate_name}\"\n"));
    programs.iter().filter(|program| needed(program.needed_by) && !(program.present)()).collect()
}

/// One line that says what is missing, what for, and how to get it.
fn advice(missing: &[&Program]) -> String {
    let purposes: Vec<String> =
        missing.iter().map(|program| format!("{} ({})", program.package, program.purpose)).collect();
    format!("missing: {}; install with: {}", purposes.join(", "), install_line(missing))
}

fn install_line(missing: &[&Program]) -> String {
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    format!("sudo apt-get install -y {}", packages.join(" "))
}

/// Installs with apt-get as root or through a `sudo` that asks nothing; says whether all are here now.
fn install(missing: &[&Program]) -> bool {
    if !on_path("apt-get") {
        return false;
    }
    let apt_get = |args: &[&str]| {
        let mut command = if is_root() { Command::new("env") } else { Command::new("sudo") };
        if !is_root() {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]).args(args);
        command
    };
    if !is_root() && !succeeds(Command::new("sudo").args(["-n", "true"])) {
        return false;
    }
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    eprintln!("xtask: installing {}", packages.join(", "));
    // Lists that cannot be renewed may still be good enough to install from.
    let _ = check(&mut apt_get(&["update"]));
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(&packages);
    check(&mut apt_get(&args)).is_ok() && missing.iter().all(|program| (program.present)())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn has_compilers() -> bool {
    on_path("cc") && on_path("c++")
}

fn has_assembler() -> bool {
    // Other processors' SIMD is written in what the C compiler assembles.
    !cfg!(target_arch = "x86_64") || on_path("nasm") || on_path("yasm")
}

fn has_perl() -> bool {
    // A bare Debian has a perl without the modules that OpenSSL's configuration loads.
    succeeds(Command::new("perl").args(["-MFindBin", "-MIPC::Cmd", "-MFile::Compare", "-e", "1"]))
}

fn has_postgres() -> bool {
    on_path("initdb")
        || std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
            versions.flatten().any(|version| Path::new(&version.path()).join("bin/initdb").is_file())
        })
}

fn has_chromium() -> bool {
    on_path("chromium") || on_path("chromium-browser") || on_path("google-chrome")
}

fn has_venv() -> bool {
    // Debian's Python comes without what its own `venv` needs.
    succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_one_line_that_can_be_pasted() {
        let missing: Vec<&Program> = BUILD_TOOLS.iter().filter(|program| program.package.len() == 5).collect();
        assert_eq!(install_line(&missing), "sudo apt-get install -y cmake");
        let missing: Vec<&Program> = BUILD_TOOLS[1..4].iter().collect();
        assert_eq!(install_line(&missing), "sudo apt-get install -y make cmake nasm");
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
