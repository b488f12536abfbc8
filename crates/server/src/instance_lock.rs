//! A lock beside the embedded database that tells whether any server is using it.
//!
//! Owns one fact: whoever holds the lock alone knows that every unfinished upload in the journal
//! belongs to a process that is dead. Servers share it while they run. A shared database on another
//! machine has no such lock; there the sweep's grace period decides.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The lock, until dropped.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
    /// Whether no other process holds it.
    alone: bool,
}

impl InstanceLock {
    /// Takes the lock of the database at `database`: alone if nobody has it, else shared.
    ///
    /// # Errors
    /// When the lock's file cannot be made or locked.
    pub fn take(database: &Path) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(PathBuf::from(name))?;
        let alone = file.try_lock().is_ok();
        if !alone {
            file.lock_shared()?;
        }
        Ok(Self { file, alone })
    }

    /// Whether no other process holds it.
    #[must_use]
    pub fn alone(&self) -> bool {
        self.alone
    }

    /// Lets others share it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn share(&mut self) -> io::Result<()> {
        if self.alone {
            self.file.lock_shared()?;
            self.alone = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_is_alone_and_only_until_it_shares() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let mut first = InstanceLock::take(&database).unwrap();
        assert!(first.alone());
        first.share().unwrap();
        let second = InstanceLock::take(&database).unwrap();
        assert!(!first.alone() && !second.alone());
        drop((first, second));
        assert!(InstanceLock::take(&database).unwrap().alone());
    }
}
