//! Where the server's binary is: built once per test process, or handed over ready.
//!
//! Owns the agreement with `cargo xtask test`, which builds it together with the tests and names it in
//! `PACKSHOT_BIN`; without that, cargo is asked, which is quick when nothing changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of `packshot`.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn packshot() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(ready) = std::env::var_os("PACKSHOT_BIN") {
            return ready.into();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--package", "packshot-server", "--bin", "packshot"];
        let status = Command::new(cargo).args(build).status().expect("cargo can be started");
        assert!(status.success(), "the server does not build");
        // This program is TARGET/PROFILE/deps/api-HASH.
        let here = std::env::current_exe().expect("a program knows where it is");
        let profile = here.parent().and_then(Path::parent).expect("test programs lie two folders deep");
        profile.join("packshot")
    })
}
