//! The sweep: removes what crashed uploads and unfinished deletions left behind.
//!
//! Owns the rule that an object is removed only when a journal entry names it and that entry is
//! claimed; refuses to guess from a listing of the store. Safe while other instances upload: an
//! upload whose entry is claimed cannot commit any more.
//!
//! Its surprising rule: the entry of a young upload stays when its objects are gone. A write that was under
//! way, from a process that is dead by now or does not know yet, may land after the deletion, and a later
//! sweep deletes once more.

use crate::ports::clock::Clock;
use crate::ports::idempotency::{Horizon, IdempotencyKeys};
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::RepoError;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::upload_journal::{EntryKind, JournalEntry, UploadJournal};
use crate::upload::horizon;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
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
    /// How long after an upload's beginning its writes may still land, whatever became of it.
    pub landing: TimeDelta,
}

/// What a sweep leaves alone, because it may be in work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// Uploads begun less than this ago, and idempotency keys for as long as an upload may take.
    Younger(TimeDelta),
    /// Nothing: nobody else is at work, for certain, and whatever is unfinished is dead, whatever the clock says.
    Nothing,
}

/// What a sweep did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Uploads that never committed.
    pub uploads: u64,
    /// Those of them whose writes may still land: a later sweep removes them again.
    pub landing: u64,
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
    const BATCH: usize = 100;

    /// What [`run`](Self::run) would claim now, oldest first, and how many temporary files it would remove.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn preview(&self, spared: Spared) -> Result<(Vec<JournalEntry>, u64), SweepError> {
        let uploads_before = spared.uploads_from(self.clock.now());
        let entries = self.journal.peek(uploads_before, u32::MAX).await?;
        Ok((entries, self.store.count_leftovers(uploads_before).await?))
    }

    /// Sweeps, but for what is `spared`.
    ///
    /// # Errors
    /// [`SweepError`]; what was done stays done.
    pub async fn run(&self, spared: Spared) -> Result<SweepReport, SweepError> {
        let now = self.clock.now();
        let uploads_before = spared.uploads_from(now);
        let lands_until = now - self.landing;
        let (mut report, mut landing) = (SweepReport::default(), HashSet::new());
        loop {
            // Those that stay are claimed again, and must not hide the others.
            let limit = Self::BATCH + landing.len();
            let entries = self.journal.claim(uploads_before, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
            for entry in &entries {
                if landing.contains(&entry.image) {
                    continue;
                }
                self.store.delete(&entry.keys).await?;
                if entry.kind == EntryKind::Upload && spared != Spared::Nothing && entry.entered_at > lands_until {
                    landing.insert(entry.image);
                } else {
                    self.journal.finish(entry.image).await?;
                }
                report.count(entry);
            }
            if entries.len() < limit {
                break;
            }
        }
        report.landing = landing.len() as u64;
        report.leftovers = self.store.remove_leftovers(uploads_before).await?;
        report.expired_keys = self.keys.remove_expired(&spared.keys_from(now)).await?;
        report.expired_windows = self.limiter.remove_expired(now).await?;
        Ok(report)
    }
}

impl Spared {
    /// Uploads that were begun before this moment are dead.
    fn uploads_from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Younger(grace) => now - grace,
            Self::Nothing => DateTime::<Utc>::MAX_UTC,
        }
    }

    fn keys_from(self, now: DateTime<Utc>) -> Horizon {
        match self {
            Self::Younger(_) => horizon(now),
            Self::Nothing => Horizon { reserved_after: DateTime::<Utc>::MAX_UTC, ..horizon(now) },
        }
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

#[cfg(test)]
mod tests;
