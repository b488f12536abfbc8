//! Objects in a folder of this machine.
//!
//! Owns what `object_store`'s `LocalFileSystem` leaves open: it writes the file, syncs it and renames it
//! into place; this module sees to it that no symbolic link leads out of the folder, that folders
//! made by another write are as durable as the file, that deletions survive a power cut, and
//! that what a killed write left is found.
//!
//! Its surprising rule: empty folders are removed under the feet of writes, which therefore try again
//! when their folder has gone.

mod paths;
mod read;
mod walk;

use crate::settings::OpenError;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore as _, ObjectStoreExt as _};
use packshot_domain::ports::Cause;
use packshot_domain::ports::image_store::{ListedObject, ObjectInfo, StoreError, StoredObject};
use packshot_domain::storage::ObjectKey;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of a store.
pub(crate) struct Disk {
    root: Arc<Path>,
    files: LocalFileSystem,
}

impl Disk {
    /// Far more than any race of real deletions needs.
    const WRITE_TRIES: u32 = 20;

    /// Opens the folder, making it durably where it is missing, and tries whether it can be written to.
    pub(crate) fn open(folder: &Path) -> Result<Self, OpenError> {
        let fault = |cause: Cause| OpenError::Folder { path: folder.to_owned(), cause };
        paths::make_durably(folder).map_err(|error| fault(error.into()))?;
        let root = folder.canonicalize().map_err(|error| fault(error.into()))?;
        paths::probe(&root).map_err(|error| fault(error.into()))?;
        let files = LocalFileSystem::new_with_prefix(&root).map_err(|error| fault(error.into()))?.with_fsync(true);
        Ok(Self { root: root.into(), files })
    }

    /// The folder's path on this machine; not for clients.
    pub(crate) fn folder(&self) -> &Path {
        &self.root
    }

    pub(crate) async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let path = object_path(key)?;
        let (root, checked) = (self.root.clone(), key.clone());
        blocking(move || paths::refuse_links(&root, &checked)).await?;
        let mut tries = 1;
        while let Err(error) = self.files.put(&path, bytes.clone().into()).await {
            // Between making the folder and using it, the deletion of its last object removed it.
            if tries == Self::WRITE_TRIES || !is_missing(&error) {
                return Err(StoreError::Unavailable(Box::new(error)));
            }
            tries += 1;
        }
        // Whoever made the folders syncs them too, but perhaps has not come to it yet.
        let (root, written) = (self.root.clone(), key.clone());
        blocking(move || paths::sync_folders_of(&root, &written)).await
    }

    pub(crate) async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<StoredObject, StoreError> {
        self.refuse_what_is_not_here(key).await?;
        let options = GetOptions { range: range.clone().map(GetRange::Bounded), ..GetOptions::default() };
        let empty = range.is_some_and(|range| range.is_empty());
        let options = if empty { GetOptions::default() } else { options };
        let got = self.files.get_opts(&object_path(key)?, options).await.map_err(not_found)?;
        let info = info(&got.meta);
        let range = if empty { 0..0 } else { got.range.clone() };
        match got.payload {
            GetResultPayload::File(file, _) => Ok(StoredObject { info, bytes: read::stream(file, range) }),
            GetResultPayload::Stream(_) => Err(StoreError::Unavailable("a file was opened as a stream".into())),
        }
    }

    pub(crate) async fn head(&self, key: &ObjectKey) -> Result<ObjectInfo, StoreError> {
        self.refuse_what_is_not_here(key).await?;
        let meta = self.files.head(&object_path(key)?).await.map_err(not_found)?;
        Ok(info(&meta))
    }

    pub(crate) async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StoreError> {
        let (mut folders, mut failure) = (BTreeSet::new(), None);
        for key in keys {
            match self.delete_file(key).await {
                Ok(()) => folders.extend(paths::folders_of(&self.root, key)),
                Err(StoreError::NotFound) => {}
                Err(error) => failure = Some(error),
            }
        }
        let root = self.root.clone();
        // The deepest folders first, so that a product's can follow.
        let folders: Vec<PathBuf> = folders.into_iter().rev().collect();
        let cleared = blocking(move || paths::sync_and_clear(&root, &folders)).await;
        failure.map_or(cleared, Err)
    }

    async fn delete_file(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let (root, checked) = (self.root.clone(), key.clone());
        if !blocking(move || paths::leads_inside(&root, &checked)).await? {
            return Err(StoreError::NotFound);
        }
        self.files.delete(&object_path(key)?).await.map_err(not_found)
    }

    pub(crate) fn list(&self) -> BoxStream<'static, Result<ListedObject, StoreError>> {
        walk::list(self.root.clone())
    }

    pub(crate) async fn count_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let root = self.root.clone();
        blocking(move || walk::leftovers(&root, before)).await.map(|found| found.len() as u64)
    }

    pub(crate) async fn remove_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let root = self.root.clone();
        blocking(move || walk::remove_leftovers(&root, before)).await
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let root = self.root.clone();
        blocking(move || paths::probe(&root)).await
    }

    /// What lies behind a symbolic link is not in the store.
    async fn refuse_what_is_not_here(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let (root, checked) = (self.root.clone(), key.clone());
        if blocking(move || paths::is_own_file(&root, &checked)).await? { Ok(()) } else { Err(StoreError::NotFound) }
    }
}

/// Runs `work` where it may block. It runs to its end even when nobody waits for it any more.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    let unavailable = |cause: Cause| StoreError::Unavailable(cause);
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| unavailable(error.into()))?;
    done.map_err(|error| unavailable(error.into()))
}

fn object_path(key: &ObjectKey) -> Result<ObjectPath, StoreError> {
    ObjectPath::parse(key.as_str()).map_err(|error| StoreError::Unavailable(Box::new(error)))
}

fn info(meta: &object_store::ObjectMeta) -> ObjectInfo {
    ObjectInfo { size_bytes: meta.size, last_modified: meta.last_modified }
}

fn not_found(error: object_store::Error) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound,
        other => StoreError::Unavailable(Box::new(other)),
    }
}

/// Whether a file or folder that was expected is not there.
fn is_missing(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| error.kind() == ErrorKind::NotFound)
}
