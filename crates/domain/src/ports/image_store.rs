//! Image files, wherever they are kept.

use crate::ports::Cause;
use crate::product::ProductId;
use crate::storage::{ObjectKey, StorageLocation};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use std::ops::Range;

/// Keeps image files by key.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Stores `bytes` under `key`. When it returns `Ok` the object is durable and whole; until then
    /// no reader sees any part of it. The media type and, where the backend has them, the cache
    /// policy of immutable objects are stored with it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the object may or may not exist then.
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError>;

    /// Opens the object for reading, whole or a range of it that lies within its size.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`]. A fault in the middle ends the stream
    /// with an error.
    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<StoredObject, StoreError>;

    /// What is known of the object without reading it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`].
    async fn head(&self, key: &ObjectKey) -> Result<ObjectInfo, StoreError>;

    /// Removes these objects; one that is not there counts as removed. All are tried even when some
    /// fail. When it returns `Ok`, none is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when at least one may still be there.
    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StoreError>;

    /// Every object of the store, in any order, with keys that are not ours as
    /// [`ListedObject::foreign`].
    fn list(&self) -> BoxStream<'static, Result<ListedObject, StoreError>>;

    /// Removes what a killed `put` of this or another process left (temporary files older than `before`), and
    /// says how many; 0 where the backend leaves nothing. It looks at temporary files alone, however many objects
    /// there are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn remove_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// How many [`remove_leftovers`](Self::remove_leftovers) would remove.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn count_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Says whether the place of the objects is the right one, as far as this machine can tell without asking
    /// anybody: a folder whose volume is not mounted is not. Elsewhere it is `Ok`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn is_there(&self) -> Result<(), StoreError>;

    /// Asks the backend whether it would answer, with one cheap request; a folder, whether it is the right one and
    /// takes a small write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Where a product's objects lie, as answers say it.
    fn location(&self, product: &ProductId) -> StorageLocation;
}

/// What a store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it was written.
    pub last_modified: DateTime<Utc>,
}

/// An object opened for reading.
pub struct StoredObject {
    /// What is known of the whole object.
    pub info: ObjectInfo,
    /// Its bytes, or those of the range asked for.
    pub bytes: BoxStream<'static, Result<Bytes, StoreError>>,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key; `None` when the key is none that packshot makes.
    pub key: Option<ObjectKey>,
    /// The key as the store spells it, below the configured prefix.
    pub path: String,
    /// What is known of it.
    pub info: ObjectInfo,
}

impl ListedObject {
    /// Whether packshot cannot have written it.
    #[must_use]
    pub fn foreign(&self) -> bool {
        self.key.is_none()
    }
}

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("no such object")]
    NotFound,
    /// The backend is down, full, refuses us or timed out; another try may go through.
    #[error("the image store is unavailable")]
    Unavailable(#[source] Cause),
}
