//! `cargo xtask demo`: a server with an empty folder, the sample photographs, and what it answers.
//!
//! Owns the show; refuses to be a test. The server is stopped at the end, the pictures stay to be
//! looked at, and the next demo removes them.

mod http;

use crate::process::{output, root, target_dir};
use crate::run::build_server;
use anyhow::{Context as _, Result, bail};
use http::{Part, post_form};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PRODUCT: &str = "demo";

/// Runs the show.
pub(crate) fn run() -> Result<()> {
    let photographs = photographs(&root().join("tests/fixtures"))?;
    let binary = build_server()?;
    let folder = target_dir()?.join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let server = Server::start(&binary, &folder)?;
    output(packshot(&binary, &folder).args(["product", "put", PRODUCT, "--name", "The demo's product"]))?;
    let token = output(packshot(&binary, &folder).args(["token", "--subject", "demo", "--role", "admin"]))?;
    println!("server: http://{}", server.address);

    let mut refused = Vec::new();
    for photograph in &photographs {
        let name = photograph.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(photograph).with_context(|| format!("cannot read {name}"))?;
        let parts = [
            Part { name: "productId", filename: None, bytes: PRODUCT.as_bytes() },
            Part { name: "file", filename: Some(&name), bytes: &bytes },
        ];
        let answer = post_form(&server.address, "/api/files", token.trim(), &parts)?;
        println!("\n{name}: {}", answer.status);
        let body: Value = serde_json::from_slice(&answer.body).context("the server answered no JSON")?;
        println!("{body:#}");
        if answer.status == 201 {
            show_files(&folder, &body);
        } else {
            refused.push(name);
        }
    }
    if refused.is_empty() { Ok(()) } else { bail!("not taken: {}", refused.join(", ")) }
}

fn photographs(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let picture =
        |path: &PathBuf| path.extension().is_some_and(|ending| ["jpg", "png", "webp"].iter().any(|e| ending == *e));
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(picture).collect();
    found.sort();
    if found.is_empty() {
        bail!("no photographs in {}", folder.display());
    }
    Ok(found)
}

/// Where the answer's pictures are on disk, and how many bytes each has.
fn show_files(folder: &Path, body: &Value) {
    for (variant, url) in body["variants"].as_object().into_iter().flatten() {
        let key = url.as_str().and_then(|url| url.strip_prefix("/static/img/products/")).unwrap_or_default();
        let file = folder.join("data/images").join(key);
        let bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
        println!("{variant:<10}{bytes:>9} bytes  {}", file.display());
    }
}

fn packshot(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder).env("PACKSHOT_SERVER__BIND", "127.0.0.1:0");
    command
}

/// A running server; stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let log = folder.join("server.log");
        let file = File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let mut command = packshot(binary, folder);
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().context("cannot start the server")?;
        let mut stdout = BufReader::new(child.stdout.take().context("the server has no stdout")?);
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        while stdout.read_line(&mut line).context("cannot read what the server says")? > 0 {
            if let Some(address) = line.trim().strip_prefix("Listening on http://") {
                server.address = address.to_owned();
                // Whatever it says from now on is read, or it would block on a full pipe.
                std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
                return Ok(server);
            }
            line.clear();
        }
        bail!("the server ended before it listened; {} says why", log.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
