//! A throwaway S3 server: Ceph's RADOS Gateway over one storage daemon that keeps everything in memory.
//!
//! Owns its configuration; its programs are the system's, else Debian's or Ubuntu's packages unpacked
//! (not installed) into the target folder, see [`prepare`].

mod ceph;
mod sigv4;

use super::NoServer;
use super::supervised::{Supervised, free_port, request, server_folder};
use std::collections::BTreeMap;
use std::process::Command;

/// A running S3 server on a port of this machine; stopped and removed when dropped, or when the process
/// ends. It is up in about six seconds.
pub struct S3Server {
    port: u16,
    endpoint: String,
    servers: Supervised,
}

impl S3Server {
    /// The id of the access key that every server takes.
    pub const ACCESS_KEY_ID: &str = "packshot";
    /// The secret of the access key that every server takes.
    pub const SECRET_ACCESS_KEY: &str = "packshot-throwaway-secret";
    /// The region that every server is in.
    pub const REGION: &str = "us-east-1";

    /// Starts a server, and sees to its programs first where that has not been done.
    ///
    /// # Errors
    /// [`NoServer`], which says what to install.
    pub fn start() -> Result<Self, NoServer> {
        let programs = ceph::programs()?;
        let (port, monitor_port) = (free_port()?, free_port()?);
        let folder = server_folder("packshot-s3-")?;
        let configuration = ceph::configuration(&programs, &folder, port, monitor_port);
        std::fs::write(folder.join("ceph.conf"), configuration).map_err(|error| NoServer::new("ceph.conf", error))?;
        let monitor = format!("[v2:127.0.0.1:{monitor_port}/0]");
        let arguments = [
            programs.path.as_os_str(),
            programs.libraries.as_os_str(),
            monitor.as_ref(),
            Self::ACCESS_KEY_ID.as_ref(),
            Self::SECRET_ACCESS_KEY.as_ref(),
        ];
        let servers = Supervised::start(ceph::SUPERVISOR, folder, &arguments)?;
        servers.wait_for("the S3 server", port)?;
        Ok(Self { port, endpoint: format!("http://127.0.0.1:{port}"), servers })
    }

    /// Where it listens, such as `http://127.0.0.1:43210`.
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
            option("access_key_id", Self::ACCESS_KEY_ID),
            option("secret_access_key", Self::SECRET_ACCESS_KEY),
            option("region", Self::REGION),
        ])
    }

    /// Makes a bucket; one that is there already stays as it is.
    ///
    /// # Errors
    /// [`NoServer`] with the server's answer.
    pub fn create_bucket(&self, name: &str) -> Result<(), NoServer> {
        self.ask("PUT", &format!("/{name}"), "").map(drop)
    }

    /// The keys of all objects of a bucket, sorted. They are as the server's answer spells them: keys of
    /// packshot have nothing that XML would escape.
    ///
    /// # Errors
    /// [`NoServer`] with the server's answer.
    pub fn keys(&self, bucket: &str) -> Result<Vec<String>, NoServer> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map(|last| format!("&start-after={}", last.replace('/', "%2F")));
            let query = format!("list-type=2{}", after.unwrap_or_default());
            let page = self.ask("GET", &format!("/{bucket}"), &query)?;
            let found = page.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
            keys.extend(found.map(str::to_owned));
            if !page.contains("<IsTruncated>true</IsTruncated>") {
                return Ok(keys);
            }
        }
    }

    fn ask(&self, method: &str, path: &str, query: &str) -> Result<String, NoServer> {
        let what = format!("{method} {path}");
        let signed = sigv4::request(method, &format!("127.0.0.1:{}", self.port), path, query);
        match request(self.port, &signed).map_err(|error| NoServer::new(&what, error))? {
            (200, answer) => Ok(answer),
            (_, answer) => Err(NoServer::new(&what, answer)),
        }
    }

    /// Stops the server from answering, as one does that hangs: connections are taken and nothing comes.
    ///
    /// # Errors
    /// [`NoServer`].
    pub fn freeze(&self) -> Result<(), NoServer> {
        self.signal("-STOP")
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// [`NoServer`].
    pub fn thaw(&self) -> Result<(), NoServer> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), NoServer> {
        let number = std::fs::read_to_string(self.servers.folder().join("radosgw.pid"));
        let number = number.map_err(|error| NoServer::new("radosgw.pid", error))?;
        super::supervised::output(Command::new("kill").args([signal, number.trim()])).map(drop)
    }
}

/// Sees to the server's programs, so that the first [`S3Server::start`] need not.
///
/// # Errors
/// [`NoServer`], which says what to install.
pub fn prepare() -> Result<(), NoServer> {
    ceph::programs().map(drop)
}
