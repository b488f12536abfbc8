//! Room for deletions where the embedded database's disk is full.
//!
//! Owns a file beside the database that holds the room. Removing rows takes room, too, for a moment: a deletion that
//! finds none takes the file's, and while that is gone nothing is written that adds, so that the room goes to
//! deletions alone. Its surprising rule: nothing is remembered but on the disk, so that every process knows the same.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Far more than the pages that a deletion of one image changes, some dozens of 4 KiB.
const HELD_BYTES: usize = 2 << 20;
/// What a small write takes.
const PROBE_BYTES: usize = 8192;

/// The file.
#[derive(Debug)]
pub(crate) struct Reserve {
    file: PathBuf,
    probe: PathBuf,
}

impl Reserve {
    /// The one of the database at `database`.
    pub(crate) fn of(database: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self { file: beside(".reserve"), probe: beside(".probe") }
    }

    /// Holds the room, if it is not held already.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn hold(&self) -> io::Result<()> {
        if fs::metadata(&self.file).is_ok_and(|found| found.len() >= HELD_BYTES as u64) {
            return Ok(());
        }
        // Some file systems find the room only when the bytes are to be durable.
        let held = fill(&self.file, HELD_BYTES).and_then(|file| file.sync_all());
        if held.is_err() {
            // What was to be had of it belongs to deletions all the same.
            let _ = fs::remove_file(&self.file);
        }
        held
    }

    /// Gives the room away; `false` when it was not held.
    pub(crate) fn release(&self) -> bool {
        fs::remove_file(&self.file).is_ok()
    }

    /// Tries whether there is room for a small write, beside the reserve.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn probe(&self) -> io::Result<()> {
        self.hold()?;
        let written = fill(&self.probe, PROBE_BYTES).map(drop);
        fs::remove_file(&self.probe)?;
        written
    }
}

/// Writes a file of so many bytes, none of which a file system leaves out.
fn fill(path: &Path, bytes: usize) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    let piece = [0x55; PROBE_BYTES];
    for _ in 0..bytes.div_ceil(piece.len()) {
        file.write_all(&piece)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_held_once_and_given_away_once() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(&folder.path().join("p.db"));
        assert!(!reserve.release());
        reserve.hold().unwrap();
        reserve.hold().unwrap();
        assert_eq!(fs::metadata(folder.path().join("p.db.reserve")).unwrap().len(), HELD_BYTES as u64);
        assert!(reserve.release() && !reserve.release());
        // Looking whether there is room takes it back.
        reserve.probe().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(reserve.release());
    }

    #[test]
    fn where_there_is_no_room_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(&folder.path().join("missing/p.db"));
        assert!(reserve.hold().is_err() && reserve.probe().is_err() && !reserve.release());
    }
}
