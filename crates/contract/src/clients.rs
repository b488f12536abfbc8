//! Programs that tests run as clients: packages of Python and Node, and a browser.
//!
//! Owns where they are kept (`target/servers/NAME`, fetched once by pip and npm); refuses to skip: where
//! one cannot be had, the test fails and says what to install. What is fetched is pinned by the caller.

use crate::servers::NoServer;
use crate::servers::supervised::{on_path, output, prepared};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python of its own folder with these packages, such as `requests==2.34.0`. A new list needs a new name.
///
/// # Errors
/// [`NoServer`], which says what to install.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf, NoServer> {
    if !on_path("python3") {
        return Err(NoServer::new(name, "install Python, such as with `apt-get install python3-venv`"));
    }
    // Scripts know the folder that they were installed in, which is renamed; the interpreter does not.
    let interpreter = |folder: &Path| folder.join("bin/python");
    let install = |folder: &Path| {
        output(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        output(Command::new(interpreter(folder)).args(quietly).args(packages)).map(drop)
    };
    prepared(name, install).map(|folder| interpreter(&folder))
}

/// A folder whose `node_modules` has these packages, such as `react@19.3.1`. A new list needs a new name.
///
/// # Errors
/// [`NoServer`], which says what to install.
pub fn node(name: &str, packages: &[&str]) -> Result<PathBuf, NoServer> {
    if !on_path("node") || !on_path("npm") {
        return Err(NoServer::new(name, "install Node.js and npm, such as with `apt-get install nodejs npm`"));
    }
    prepared(name, |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(folder);
        output(npm.args(packages)).map(drop)
    })
}

/// The path of Chromium.
///
/// # Errors
/// [`NoServer`], which says what to install.
pub fn chromium() -> Result<PathBuf, NoServer> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    let missing = || NoServer::new("Chromium", "install it, such as with `apt-get install chromium`");
    found.find(|program| program.is_file()).ok_or_else(missing)
}
