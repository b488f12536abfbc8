//! A lock beside the embedded database that tells whether any server is using it.
//!
//! Owns one fact: whoever holds the lock alone knows that every unfinished upload in the journal
//! belongs to a process that is dead. Servers share it while they run; what only looks takes none. A shared
//! database on another machine has no such lock; there the sweep's grace period decides.
//!
//! Its surprising rule: a server does not wait for ever for one that has the lock alone. It goes on without,
//! and shares the lock as soon as it can: what it risks is that a sweep which takes it for dead ends some of
//! its uploads with an error, never a photograph that it has answered for.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a lock that another process has alone is tried.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// More than any name of a holder has.
const MAX_NAME_BYTES: u64 = 200;

/// The lock, until dropped.
#[derive(Debug)]
pub struct InstanceLock {
    file: Arc<File>,
    /// Whether no other process holds it.
    alone: bool,
}

impl InstanceLock {
    /// Takes the lock of the database at `database` for `holder`, such as `packshot serve`: alone if nobody has
    /// it, else shared. Where another process has it alone, the log says so, and it is waited for up to
    /// `patience`.
    ///
    /// # Errors
    /// When the lock's file cannot be made or locked.
    pub async fn take(database: &Path, holder: &str, patience: Duration) -> io::Result<Self> {
        let file = Arc::new(open(database)?);
        if taken(file.try_lock())? {
            name(&file, holder)?;
            return Ok(Self { file, alone: true });
        }
        let mut lock = Self { file, alone: true };
        lock.share(patience).await?;
        Ok(lock)
    }

    /// Takes the lock alone for `holder`; `None` when another process has it.
    ///
    /// # Errors
    /// When the lock's file cannot be made or locked.
    pub fn take_alone(database: &Path, holder: &str) -> io::Result<Option<Self>> {
        let file = open(database)?;
        if !taken(file.try_lock())? {
            return Ok(None);
        }
        name(&file, holder)?;
        Ok(Some(Self { file: Arc::new(file), alone: true }))
    }

    /// Whether no other process holds it.
    #[must_use]
    pub fn alone(&self) -> bool {
        self.alone
    }

    /// Lets others share it; waits up to `patience` for another that has it alone.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn share(&mut self, patience: Duration) -> io::Result<()> {
        if !self.alone {
            return Ok(());
        }
        self.alone = false;
        let (seconds, until) = (patience.as_secs(), Instant::now() + patience);
        let mut told = false;
        while !taken(self.file.try_lock_shared())? {
            if !told {
                let holder = holder(&self.file);
                tracing::warn!(holder, seconds, "another process has the database to itself; waiting for it");
                told = true;
            }
            if Instant::now() >= until {
                tracing::warn!(
                    holder = holder(&self.file),
                    "starting all the same; until that process has ended, it may break off uploads"
                );
                let file = self.file.clone();
                // The lock belongs to the file, whoever takes it; where it is refused, there is none.
                std::thread::spawn(move || file.lock_shared());
                return Ok(());
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
        Ok(())
    }
}

fn open(database: &Path) -> io::Result<File> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(PathBuf::from(name))
}

fn taken(tried: Result<(), TryLockError>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Writes into the file who has it alone, for those that wait.
fn name(mut file: &File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{holder} (process {})", std::process::id())
}

/// Who has it alone, as far as that can be read.
fn holder(mut file: &File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(MAX_NAME_BYTES).read_to_string(&mut text));
    if read.is_err() || text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(database: &Path) -> InstanceLock {
        InstanceLock::take(database, "packshot serve", Duration::ZERO).await.unwrap()
    }

    #[tokio::test]
    async fn only_the_first_is_alone_and_only_until_it_shares() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let mut first = take(&database).await;
        assert!(first.alone());
        first.share(Duration::ZERO).await.unwrap();
        let second = take(&database).await;
        assert!(!first.alone() && !second.alone());
        assert!(InstanceLock::take_alone(&database, "packshot sweep").unwrap().is_none());
        drop((first, second));
        assert!(InstanceLock::take_alone(&database, "packshot sweep").unwrap().unwrap().alone());
        assert!(take(&database).await.alone());
    }

    #[tokio::test]
    async fn whoever_waits_can_read_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let sweep = InstanceLock::take_alone(&database, "packshot sweep").unwrap().unwrap();
        let expected = format!("packshot sweep (process {})", std::process::id());
        assert_eq!(holder(&open(&database).unwrap()), expected);
        drop(sweep);
        let _serve = take(&database).await;
        assert!(holder(&open(&database).unwrap()).starts_with("packshot serve "));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_is_given_up_in_time_is_shared() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let sweep = InstanceLock::take_alone(&database, "packshot sweep").unwrap().unwrap();
        let (waited, ()) =
            tokio::join!(InstanceLock::take(&database, "packshot serve", Duration::from_secs(30)), async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                drop(sweep);
            });
        let waited = waited.unwrap();
        assert!(!waited.alone());
        assert!(InstanceLock::take_alone(&database, "packshot sweep").unwrap().is_none(), "it is shared");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_is_never_given_up_is_gone_on_without_and_shared_later() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let sweep = InstanceLock::take_alone(&database, "packshot sweep").unwrap().unwrap();
        let server = InstanceLock::take(&database, "packshot serve", Duration::from_secs(30)).await.unwrap();
        assert!(!server.alone());
        drop(sweep);
        // The thread that waits gets it, sooner or later.
        while InstanceLock::take_alone(&database, "packshot sweep").unwrap().is_some() {
            std::thread::yield_now();
        }
    }
}
