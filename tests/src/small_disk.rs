//! A disk that is nearly full, for one server.
//!
//! Owns how room is taken and given back: the server's data lie on a small file system in memory that only its
//! process sees. Its surprising rule: where the system lets nobody mount one, no file may grow beyond what is
//! left instead, which fails the same writes with another error.

use crate::server::{Builder, Server};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const SIZE_BYTES: usize = 16 * 1024 * 1024;
/// Makes a namespace of its own for what is mounted, with rights that hold in there alone.
const UNSHARE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];
const MOUNT: &str = r#"mkdir -p data && mount -t tmpfs -o size=16m tmpfs data && exec "$@""#;
/// A write beyond the limit is an error then, and does not end the process.
const TAKE_NO_SIGNAL: &str = r#"trap '' XFSZ; exec "$@""#;

/// The disk of one server.
pub struct SmallDisk {
    server: Server,
    mounted: bool,
}

impl SmallDisk {
    /// Starts a server whose folder `data` is such a disk, with room for now.
    #[must_use]
    pub fn start(builder: Builder) -> Self {
        let mounted = can_mount();
        let server = if mounted {
            builder.within(&[&UNSHARE[..], &["sh", "-c", MOUNT, "sh"]].concat()).start()
        } else {
            builder.within(&["sh", "-c", TAKE_NO_SIGNAL, "sh"]).start()
        };
        Self { server, mounted }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Whether it is one; else no file may grow.
    #[must_use]
    pub fn is_mounted(&self) -> bool {
        self.mounted
    }

    /// Takes all the room but this.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn leave(&self, bytes: usize) {
        if !self.mounted {
            return self.limit(&bytes.to_string());
        }
        self.free();
        let mut ballast = File::create(self.ballast()).expect("a file");
        let piece = vec![0; 4096];
        // More than there is room for: the disk is full when a write fails.
        let written = (0..=SIZE_BYTES / piece.len()).take_while(|_| ballast.write_all(&piece).is_ok()).count();
        ballast.set_len((written * piece.len()).saturating_sub(bytes) as u64).expect("a shorter file");
    }

    /// Gives all the room back.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn free(&self) {
        if self.mounted {
            // Not there the first time.
            let _ = std::fs::remove_file(self.ballast());
        } else {
            self.limit("unlimited");
        }
    }

    fn ballast(&self) -> PathBuf {
        self.server.own_folder().join("data/ballast")
    }

    fn limit(&self, bytes: &str) {
        let (id, limit) = (self.server.id().to_string(), format!("--fsize={bytes}:unlimited"));
        let status = Command::new("prlimit").args(["--pid", &id, &limit]).status();
        assert!(status.expect("prlimit can be started").success(), "no limit");
    }
}

fn can_mount() -> bool {
    let mut command = Command::new(UNSHARE[0]);
    command.args(&UNSHARE[1..]).args(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
