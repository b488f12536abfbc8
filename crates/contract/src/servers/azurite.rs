//! A throwaway Azure Blob Storage: Microsoft's emulator Azurite, in memory.
//!
//! Owns its version; npm fetches it into the target folder, see [`prepare`].

use super::NoServer;
use super::supervised::{Supervised, free_port, hmac, now, on_path, output, prepared, request, server_folder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "3.35.0";
const API_VERSION: &str = "2021-12-02";

/// A running emulator on a port of this machine; stopped and removed when dropped, or when the process
/// ends.
pub struct AzuriteServer {
    port: u16,
    endpoint: String,
    _server: Supervised,
}

impl AzuriteServer {
    /// The account that every emulator has.
    pub const ACCOUNT: &str = "packshot";
    /// The account's key, in base64.
    pub const ACCESS_KEY: &str = "cGFja3Nob3QgdGhyb3dhd2F5IGF6dXJpdGUga2V5";

    /// Starts an emulator, and sees to its programs first where that has not been done.
    ///
    /// # Errors
    /// [`NoServer`], which says what to install.
    pub fn start() -> Result<Self, NoServer> {
        let program = program()?;
        let port = free_port()?;
        let folder = server_folder("packshot-az-")?;
        let number = port.to_string();
        let accounts = format!("{}:{}", Self::ACCOUNT, Self::ACCESS_KEY);
        let arguments = [program.as_os_str(), accounts.as_ref(), number.as_ref()];
        let server = Supervised::start(SUPERVISOR, folder, &arguments)?;
        server.wait_for("Azurite", port)?;
        let endpoint = format!("http://127.0.0.1:{port}/{}", Self::ACCOUNT);
        Ok(Self { port, endpoint, _server: server })
    }

    /// Where the account is, such as `http://127.0.0.1:43210/packshot`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What `[storage.options]` needs for it.
    #[must_use]
    pub fn options(&self) -> BTreeMap<String, String> {
        let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        BTreeMap::from([
            option("endpoint", &self.endpoint),
            option("account_name", Self::ACCOUNT),
            option("access_key", Self::ACCESS_KEY),
        ])
    }

    /// Makes a container.
    ///
    /// # Errors
    /// [`NoServer`] with the server's answer.
    pub fn create_container(&self, name: &str) -> Result<(), NoServer> {
        let fault = |error: &dyn std::fmt::Display| NoServer::new("create a container", error);
        let (account, port) = (Self::ACCOUNT, self.port);
        let date = now().format("%a, %d %b %Y %H:%M:%S GMT");
        // https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
        let headers = format!("x-ms-date:{date}\nx-ms-version:{API_VERSION}");
        let resource = format!("/{account}/{account}/{name}\nrestype:container");
        let key = STANDARD.decode(Self::ACCESS_KEY).map_err(|error| fault(&error))?;
        let to_sign = format!("PUT{}{headers}\n{resource}", "\n".repeat(12));
        let signature = STANDARD.encode(hmac(&key, to_sign.as_bytes()));
        let text = format!(
            "PUT /{account}/{name}?restype=container HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nx-ms-date: {date}\r\n\
             x-ms-version: {API_VERSION}\r\nAuthorization: SharedKey {account}:{signature}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        match request(port, &text).map_err(|error| fault(&error))? {
            (201, _) => Ok(()),
            (_, answer) => Err(fault(&answer)),
        }
    }
}

/// Sees to the emulator's programs, so that the first [`AzuriteServer::start`] need not.
///
/// # Errors
/// [`NoServer`], which says what to install.
pub fn prepare() -> Result<(), NoServer> {
    program().map(drop)
}

fn program() -> Result<PathBuf, NoServer> {
    if !on_path("node") || !on_path("npm") {
        return Err(NoServer::new("Azurite", "install Node.js and npm, such as with `apt-get install nodejs npm`"));
    }
    let folder = prepared(&format!("azurite-{VERSION}"), install)?;
    Ok(folder.join("node_modules/.bin/azurite-blob"))
}

fn install(folder: &Path) -> Result<(), NoServer> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(folder);
    output(npm.arg(format!("azurite@{VERSION}"))).map(drop)
}

/// Runs the emulator, waits for the end of its standard input, cleans up.
const SUPERVISOR: &str = r#"
folder=$1 program=$2 port=$4
# An interrupt ends the tests, and with them this script, but not before it has cleaned up.
trap : INT TERM HUP
AZURITE_ACCOUNTS=$3 "$program" --silent --inMemoryPersistence --skipApiVersionCheck --disableTelemetry \
    --blobHost 127.0.0.1 --blobPort "$port" >log 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -KILL "$server"
wait
cd /
rm -rf "$folder"
"#;
