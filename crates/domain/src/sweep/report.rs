//! What a sweep did, part by part.

use super::SweepError;
use crate::image::ImageId;
use crate::ports::image_store::StoreError;
use crate::ports::upload_journal::{EntryKind, JournalEntry};
use crate::storage::ObjectKey;
use chrono::{DateTime, Utc};

/// A part of a sweep: each runs and fails without regard to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Uploads that never committed.
    Uploads,
    /// Deletions that were not finished.
    Deletions,
    /// Temporary files of killed writes.
    Leftovers,
    /// Idempotency keys that have expired.
    Keys,
    /// Windows of rate limits that have ended.
    Windows,
    /// Entries of the audit log that are older than its retention.
    Audit,
}

impl Part {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 6] =
        [Self::Uploads, Self::Deletions, Self::Leftovers, Self::Keys, Self::Windows, Self::Audit];

    /// What it is called in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uploads => "uploads",
            Self::Deletions => "deletions",
            Self::Leftovers => "leftovers",
            Self::Keys => "expired_keys",
            Self::Windows => "expired_windows",
            Self::Audit => "audit_entries",
        }
    }
}

impl From<EntryKind> for Part {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Upload => Self::Uploads,
            EntryKind::Deletion => Self::Deletions,
        }
    }
}

/// What a sweep did, or would do.
#[derive(Debug, Default)]
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
    /// Entries of the audit log that were older than its retention.
    pub audit_entries: u64,
    /// Entries whose objects could not be deleted this time.
    pub postponed: Vec<Postponed>,
    /// Entries that have failed attempts behind them and wait for the next; `None` where nobody knows.
    pub stuck: Option<u64>,
    /// Parts that ended early; running a sweep again goes on where they stopped.
    pub failures: Vec<(Part, SweepError)>,
}

/// An entry whose objects could not be deleted, and that is tried again later.
#[derive(Debug)]
pub struct Postponed {
    /// The image that they were to become, or were.
    pub image: ImageId,
    /// The image's original, whose folder is the others', too.
    pub key: Option<ObjectKey>,
    /// Attempts that have failed.
    pub attempts: u32,
    /// When it is tried again.
    pub until: DateTime<Utc>,
    /// Why this one failed.
    pub error: StoreError,
}

impl SweepReport {
    /// Whether there was nothing to do, and nothing went wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let counts = [
            self.uploads,
            self.deletions,
            self.objects,
            self.leftovers,
            self.expired_keys,
            self.expired_windows,
            self.audit_entries,
        ];
        counts == [0; 7] && self.postponed.is_empty() && self.failures.is_empty()
    }

    /// Whether everything that there was to do has been done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.postponed.is_empty() && self.failures.is_empty()
    }

    /// Whether that part ended early.
    #[must_use]
    pub fn failed(&self, part: Part) -> bool {
        self.failures.iter().any(|(failed, _)| *failed == part)
    }

    pub(super) fn count(&mut self, entry: &JournalEntry) {
        match entry.kind {
            EntryKind::Upload => self.uploads += 1,
            EntryKind::Deletion => self.deletions += 1,
        }
        self.objects += entry.keys.len() as u64;
    }

    /// The outcome of a part that counts one thing.
    pub(super) fn add<E: Into<SweepError>>(&mut self, part: Part, outcome: Result<u64, E>) {
        match outcome {
            Ok(count) => match part {
                Part::Uploads => self.uploads += count,
                Part::Deletions => self.deletions += count,
                Part::Leftovers => self.leftovers += count,
                Part::Keys => self.expired_keys += count,
                Part::Windows => self.expired_windows += count,
                Part::Audit => self.audit_entries += count,
            },
            Err(error) => self.failures.push((part, error.into())),
        }
    }
}
