//! What throwaway servers have in common: where their programs are kept, how they end, and how a test
//! knows that they answer.
//!
//! The surprising rule: a shell stands between the test and the servers and waits at a pipe from the
//! test. However the test ends, killed or not, the pipe closes, and the shell ends the servers and
//! removes their files.

use super::NoServer;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// A server may take this long to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Servers that a shell watches over.
pub(super) struct Supervised {
    folder: PathBuf,
    /// Closing it ends the servers.
    lifeline: Option<ChildStdin>,
    shell: Child,
}

impl Supervised {
    /// Runs `script` in `folder`, which is `$1`, with `arguments` from `$2` on. The script starts the servers, waits
    /// at its standard input, ends them and removes the folder; where it fails before, it leaves a
    /// file `failed` that says why.
    pub(super) fn start(script: &str, folder: PathBuf, arguments: &[&OsStr]) -> Result<Self, NoServer> {
        let mut shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&folder)
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| NoServer::new("cannot run sh", error))?;
        let lifeline = shell.stdin.take();
        Ok(Self { folder, lifeline, shell })
    }

    /// Where the servers keep their files while they run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until something answers HTTP there.
    pub(super) fn wait_for(&self, name: &str, port: u16) -> Result<(), NoServer> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if request(port, &format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")).is_ok()
            {
                return Ok(());
            }
            if let Ok(log) = fs::read_to_string(self.folder.join("failed")) {
                return Err(NoServer::new(&format!("{name} does not start"), log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(5).collect();
        Err(NoServer::new(&format!("{name} does not answer"), end.join(" | ")))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // It ends by itself; a failure leaves at worst a folder among temporary files.
        let _ = self.shell.wait();
    }
}

/// A new folder for a server's files, in memory where the system has a place for that.
pub(super) fn server_folder(name: &str) -> Result<PathBuf, NoServer> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(name);
    let folder = builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir());
    Ok(folder.map_err(|error| NoServer::new("a folder", error))?.keep())
}

/// A port of this machine that nobody listened on a moment ago.
pub(super) fn free_port() -> Result<u16, NoServer> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| NoServer::new("a port", error))?;
    Ok(listener.local_addr().map_err(|error| NoServer::new("a port", error))?.port())
}

/// Sends one HTTP request to a port of this machine; gives the answer's status and the whole of it.
pub(super) fn request(port: u16, text: &str) -> std::io::Result<(u16, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    connection.write_all(text.as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.map(|status| (status, answer)).ok_or_else(|| std::io::Error::other("no HTTP answer"))
}

/// The folder `servers/name` of the build's target folder, filled by `prepare` when it is not there yet.
/// Of several tests that need it at once one prepares it, and an attempt that failed leaves nothing.
pub(crate) fn prepared(name: &str, prepare: impl FnOnce(&Path) -> Result<(), NoServer>) -> Result<PathBuf, NoServer> {
    let fault = |error: std::io::Error| NoServer::new(name, error);
    let servers = target_folder()?.join("servers");
    let (folder, partial) = (servers.join(name), servers.join(format!("{name}.partial")));
    fs::create_dir_all(&servers).map_err(fault)?;
    let lock = File::create(servers.join(format!("{name}.lock"))).map_err(fault)?;
    lock.lock().map_err(fault)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(fault)?;
    }
    fs::create_dir(&partial).map_err(fault)?;
    prepare(&partial)?;
    fs::rename(&partial, &folder).map_err(fault)?;
    Ok(folder)
}

/// Cargo marks its target folder, in which the test's program lies.
fn target_folder() -> Result<PathBuf, NoServer> {
    let program = std::env::current_exe().map_err(|error| NoServer::new("this program's path", error))?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map(Path::to_owned).ok_or_else(|| NoServer::new("servers", "no target folder of cargo above this program"))
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, NoServer> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| NoServer::new(&name, error))?;
    if !output.status.success() {
        return Err(NoServer::new(&name, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether that program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The moment of a request to be signed.
pub(super) fn now() -> chrono::DateTime<chrono::Utc> {
    std::time::SystemTime::now().into()
}

/// HMAC with SHA-256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    // HMAC takes keys of any length.
    Hmac::<sha2::Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        },
    )
}
