//! The sweep: removes what crashed uploads and unfinished deletions left behind.
//!
//! Owns the rule that an object is removed only when a journal entry names it and that entry is
//! claimed; refuses to guess from a listing of the store. Safe while other instances upload: an
//! upload whose entry is claimed cannot commit any more.

use crate::ports::clock::Clock;
use crate::ports::idempotency::IdempotencyKeys;
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::RepoError;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::upload_journal::{EntryKind, JournalEntry, UploadJournal};
use crate::upload::horizon;
use chrono::TimeDelta;
use std::sync::Arc;

/// The use case, with the ports that it needs.
pub struct Sweep {
    /// Objects that no row speaks for.
    pub journal: Arc<dyn UploadJournal>,
    /// Image files.
    pub store: Arc<dyn ImageStore>,
    /// Idempotency keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a sweep did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Uploads that never committed.
    pub uploads: u64,
    /// Deletions that were not finished.
    pub deletions: u64,
    /// Objects that these named.
    pub objects: u64,
    /// Temporary files of killed writes.
    pub leftovers: u64,
    /// Idempotency keys that had expired.
    pub expired_keys: u64,
    /// Windows of rate limits that had ended.
    pub expired_windows: u64,
}

/// Why a sweep ended early; running it again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl Sweep {
    const BATCH: u32 = 100;

    /// What [`run`](Self::run) would claim now, oldest first, and how many temporary files it would remove.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn preview(&self, grace: TimeDelta) -> Result<(Vec<JournalEntry>, u64), SweepError> {
        let uploads_before = self.clock.now() - grace;
        let entries = self.journal.peek(uploads_before, u32::MAX).await?;
        Ok((entries, self.store.count_leftovers(uploads_before).await?))
    }

    /// Sweeps. Uploads begun less than `grace` ago may still be running and are left alone.
    ///
    /// # Errors
    /// [`SweepError`]; what was done stays done.
    pub async fn run(&self, grace: TimeDelta) -> Result<SweepReport, SweepError> {
        let now = self.clock.now();
        let uploads_before = now - grace;
        let mut report = SweepReport::default();
        loop {
            let entries = self.journal.claim(uploads_before, Self::BATCH).await?;
            for entry in &entries {
                self.store.delete(&entry.keys).await?;
                self.journal.finish(entry.image).await?;
                report.count(entry);
            }
            if (entries.len() as u64) < u64::from(Self::BATCH) {
                break;
            }
        }
        report.leftovers = self.store.remove_leftovers(uploads_before).await?;
        report.expired_keys = self.keys.remove_expired(&horizon(now)).await?;
        report.expired_windows = self.limiter.remove_expired(now).await?;
        Ok(report)
    }
}

impl SweepReport {
    fn count(&mut self, entry: &JournalEntry) {
        match entry.kind {
            EntryKind::Upload => self.uploads += 1,
            EntryKind::Deletion => self.deletions += 1,
        }
        self.objects += entry.keys.len() as u64;
    }
}
