//! The sweep: removes what crashed uploads and unfinished deletions left behind.
//!
//! Owns the rule that an object is removed only when a journal entry names it and that entry is
//! claimed; refuses to guess from a listing of the store. Safe while other instances upload: an
//! upload whose entry is claimed cannot commit any more.
//!
//! It is made of parts, none of which waits for another's success; an entry whose objects cannot be deleted is
//! tried again later and later, and is in nobody's way meanwhile.
//!
//! Its surprising rule: the entry of a young upload stays when its objects are gone. A write that was under
//! way, from a process that is dead by now or does not know yet, may land after the deletion, and a later
//! sweep deletes once more.

mod backoff;
mod report;

pub use report::{Part, Postponed, SweepReport};

use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::idempotency::{Horizon, IdempotencyKeys};
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::RepoError;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::upload_journal::{Claimed, Due, EntryKind, JournalEntry, UploadJournal};
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
    /// The audit log.
    pub audit: Arc<dyn AuditLog>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How long after an upload's beginning its writes may still land, whatever became of it.
    pub landing: TimeDelta,
    /// How long entries of the audit log are kept; `None` for ever.
    pub audit_retention: Option<TimeDelta>,
}

/// Which entries of the journal a sweep tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// Those that are due.
    Due,
    /// All, also those that wait for their next attempt: somebody has mended what was in the way, perhaps.
    All,
}

/// What a sweep leaves alone, because it may be in work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// Uploads begun less than this ago, and idempotency keys whose lease runs.
    Younger(TimeDelta),
    /// Nothing: nobody else is at work, for certain, and whatever is unfinished is dead, whatever the clock says.
    Nothing,
}

/// Why a part of a sweep ended early; running it again goes on where it stopped.
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
    /// After so many entries in a row whose objects could not be deleted, the store itself is asked.
    const DOUBT: u32 = 5;

    /// What [`run`](Self::run) would claim now, uploads first, and how many temporary files it would remove.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn preview(&self, spared: Spared) -> Result<(Vec<JournalEntry>, u64), SweepError> {
        let uploads_before = spared.uploads_from(self.clock.now());
        let mut entries = Vec::new();
        for kind in EntryKind::ALL {
            let due = Due { kind, uploads_before, by: DateTime::<Utc>::MAX_UTC };
            let found = self.journal.peek(&due, u32::MAX).await?;
            entries.extend(found.into_iter().map(|claimed| claimed.entry));
        }
        Ok((entries, self.store.count_leftovers(uploads_before).await?))
    }

    /// Sweeps, but for what is `spared`; the report says what failed, too.
    pub async fn run(&self, spared: Spared, tries: Tries) -> SweepReport {
        let now = self.clock.now();
        let uploads_before = spared.uploads_from(now);
        let by = match tries {
            Tries::Due => now,
            Tries::All => DateTime::<Utc>::MAX_UTC,
        };
        let mut report = SweepReport::default();
        for kind in EntryKind::ALL {
            let done = self.unfinished(Due { kind, uploads_before, by }, spared, &mut report).await;
            report.add(kind.into(), done.map(|()| 0));
        }
        report.add(Part::Leftovers, self.store.remove_leftovers(uploads_before).await);
        report.add(Part::Keys, self.keys.remove_expired(&spared.keys_from(now)).await);
        report.add(Part::Windows, self.limiter.remove_expired(now).await);
        if let Some(retention) = self.audit_retention {
            report.add(Part::Audit, self.audit.remove_before(now - retention).await);
        }
        // Nothing hangs on this figure.
        report.stuck = self.journal.stuck().await.ok();
        report
    }

    /// Deletes the objects of each entry that is due, once.
    async fn unfinished(&self, due: Due, spared: Spared, report: &mut SweepReport) -> Result<(), SweepError> {
        let (mut after, mut tried, mut failed_in_a_row) = (None, HashSet::new(), 0);
        loop {
            let claimed = self.journal.claim(&due, after, Self::BATCH).await?;
            let Some(last) = claimed.last() else { return Ok(()) };
            if after.is_none() {
                // Where the place of the objects has gone, no entry is to blame.
                self.store.is_there().await?;
            }
            after = Some(last.position());
            for claimed in &claimed {
                // One that was postponed stands behind the others now.
                if !tried.insert(claimed.entry.image) {
                    continue;
                }
                match self.store.delete(&claimed.entry.keys).await {
                    Ok(()) => {
                        failed_in_a_row = 0;
                        self.conclude(&claimed.entry, spared, report).await?;
                    }
                    Err(error) => {
                        failed_in_a_row += 1;
                        self.postpone(claimed, error, report).await?;
                        if failed_in_a_row >= Self::DOUBT {
                            self.store.ping().await?;
                            failed_in_a_row = 0;
                        }
                    }
                }
            }
        }
    }

    /// The objects of `entry` are gone.
    async fn conclude(&self, entry: &JournalEntry, spared: Spared, report: &mut SweepReport) -> Result<(), RepoError> {
        let lands_until = self.clock.now() - self.landing;
        if entry.kind == EntryKind::Upload && spared != Spared::Nothing && entry.entered_at > lands_until {
            report.landing += 1;
        } else {
            self.journal.finish(entry.image).await?;
        }
        report.count(entry);
        Ok(())
    }

    async fn postpone(&self, claimed: &Claimed, error: StoreError, report: &mut SweepReport) -> Result<(), RepoError> {
        let (image, attempts) = (claimed.entry.image, claimed.attempts.saturating_add(1));
        let until = self.clock.now() + backoff::delay(image, attempts);
        let key = claimed.entry.keys.first().cloned();
        report.postponed.push(Postponed { image, key, attempts, until, error });
        self.journal.postpone(image, until).await
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
            Self::Nothing => Horizon { renewed_after: DateTime::<Utc>::MAX_UTC, ..horizon(now) },
        }
    }
}

#[cfg(test)]
mod tests;
