//! The journal of objects that no row speaks for: those being written, and those being deleted.
//!
//! Before an upload writes its first object, the journal names them all; the transaction that
//! commits the row removes the entry. A deletion enters its objects in the transaction that removes
//! the row. So at every moment each object belongs to a row or to an entry, and a sweep that deletes
//! the objects of dead entries leaves no orphan, whatever crashed and when.

use crate::image::ImageId;
use crate::ports::Cause;
use crate::ports::product_repo::RepoError;
use crate::storage::ObjectKey;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Keeps the journal.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait UploadJournal: Send + Sync {
    /// Enters an upload that is about to write `keys`. Durable when it returns `Ok`.
    ///
    /// # Errors
    /// [`JournalError::KeyTaken`] when an image or an entry already has the original's key.
    async fn begin(&self, image: ImageId, keys: &[ObjectKey], now: DateTime<Utc>) -> Result<(), JournalError>;

    /// Marks the upload's entry as one to delete, because the upload failed: it can no longer commit.
    /// `true` when the entry was there (marked now or before), `false` when there is none, which
    /// after a commit of unknown outcome means that the commit happened.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn abandon(&self, image: ImageId) -> Result<bool, RepoError>;

    /// Claims up to `limit` entries that are `due`, behind the position `after`, in the order of their positions.
    /// A claimed upload can no longer commit. Claiming again gives the same entries again until
    /// [`finish`](Self::finish) or [`postpone`](Self::postpone), so a sweeper may die at any moment. An entry
    /// that cannot be read is left out, logged, and postponed, so that it is in nobody's way.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn claim(&self, due: &Due, after: Option<Position>, limit: u32) -> Result<Vec<Claimed>, RepoError>;

    /// Counts an attempt that failed, and says when the entry is due again; one that is gone is left so.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn postpone(&self, image: ImageId, until: DateTime<Utc>) -> Result<(), RepoError>;

    /// How many entries have failed attempts behind them.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn stuck(&self) -> Result<u64, RepoError>;

    /// Removes the entry of that image, whose objects are all gone.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn finish(&self, image: ImageId) -> Result<(), RepoError>;

    /// Removes the entries of all these images, whose objects are all gone, in one transaction; an image
    /// without an entry is passed over. The caller bounds how many they are.
    ///
    /// # Errors
    /// [`RepoError`]; none is removed then.
    async fn finish_all(&self, images: &[ImageId]) -> Result<(), RepoError>;

    /// Whether an entry names this object.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn names(&self, key: &ObjectKey) -> Result<bool, RepoError>;

    /// What `claim` would give of all that is due, without claiming it.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn peek(&self, due: &Due, limit: u32) -> Result<Vec<Claimed>, RepoError>;
}

/// Objects that no row speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// The image that they were to become, or were.
    pub image: ImageId,
    /// Whether an upload or a deletion entered them.
    pub kind: EntryKind,
    /// Their keys, the original's first.
    pub keys: Vec<ObjectKey>,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
}

/// Which entries a sweep takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Uploads or deletions.
    pub kind: EntryKind,
    /// Uploads begun before this moment are dead, and claimed ones whenever they were begun; deletions always are.
    pub uploads_before: DateTime<Utc>,
    /// Entries whose next attempt is at this moment or before it.
    pub by: DateTime<Utc>,
}

/// An entry whose objects are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The entry.
    pub entry: JournalEntry,
    /// Attempts that have failed.
    pub attempts: u32,
    /// When it was or is due: the moment of its entry before the first attempt.
    pub due_at: DateTime<Utc>,
}

/// Where an entry stands among those that are due: the longest due first, then by image.
pub type Position = (DateTime<Utc>, ImageId);

impl Claimed {
    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        (self.due_at, self.entry.image)
    }
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Objects of an upload that has not been committed.
    Upload,
    /// Objects of an image that was deleted, or of an upload that was given up.
    Deletion,
}

impl EntryKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Upload, Self::Deletion];
}

/// Why an upload was not entered.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody has the original's key already; another file token will do.
    #[error("the object key is taken")]
    KeyTaken,
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl JournalError {
    /// An unavailable database, with this cause.
    #[must_use]
    pub fn unavailable(cause: Cause) -> Self {
        Self::Repo(RepoError::Unavailable(cause))
    }
}
