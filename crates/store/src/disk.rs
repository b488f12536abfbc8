//! Objects in a folder of this machine.
//!
//! Owns what `object_store`'s `LocalFileSystem` leaves open: this module sees to it that the folder is the right one
//! (`place`), that objects are written whole, durably and with a fixed mode (`write`), that no symbolic link leads
//! out of the folder, that deletions survive a power cut, and that what a killed write left is found.
//!
//! Its surprising rule: empty folders are removed under the feet of writes, which therefore try again
//! when their folder has gone.

mod mode;
mod paths;
mod place;
mod read;
mod walk;
mod write;

use crate::settings::{FileMode, OpenError, Owner};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use mode::Modes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore as _, ObjectStoreExt as _};
use packshot_domain::ports::Cause;
use packshot_domain::ports::image_store::{ListedObject, ObjectInfo, StoreError, StoredObject};
use packshot_domain::storage::{ObjectKey, StoreId};
use place::Place;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of a store.
pub(crate) struct Disk {
    place: Arc<Place>,
    files: LocalFileSystem,
}

impl Disk {
    /// Opens the folder and tries whether it can be written to; makes and marks it where `owner` says so.
    pub(crate) fn open(folder: &Path, owner: Owner, mode: FileMode) -> Result<Self, OpenError> {
        let fault = |error: io::Error| OpenError::Folder { path: folder.to_owned(), cause: error.into() };
        let modes = Modes(mode);
        let id = match owner {
            Owner::Known(id) => id,
            Owner::New(id) => place::mark(folder, id, modes).map_err(fault)?,
            Owner::Whoever => match place::read(folder).map_err(fault)? {
                Some(id) => id,
                None => place::mark(folder, place::random_id(), modes).map_err(fault)?,
            },
        };
        let root = folder.canonicalize().map_err(fault)?;
        let place = Place { root, id, modes };
        place.probe().map_err(fault)?;
        let files = LocalFileSystem::new_with_prefix(&place.root);
        let files = files.map_err(|error| OpenError::Folder { path: folder.to_owned(), cause: error.into() })?;
        Ok(Self { place: Arc::new(place), files })
    }

    /// The folder's path on this machine; not for clients.
    pub(crate) fn folder(&self) -> &Path {
        &self.place.root
    }

    /// The id that its marker has.
    pub(crate) fn id(&self) -> StoreId {
        self.place.id
    }

    pub(crate) async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let (place, key) = (self.place.clone(), key.clone());
        blocking(move || write::put(&place, &key, &bytes)).await
    }

    pub(crate) async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<StoredObject, StoreError> {
        self.refuse_what_is_not_here(key).await?;
        let options = GetOptions { range: range.clone().map(GetRange::Bounded), ..GetOptions::default() };
        let empty = range.is_some_and(|range| range.is_empty());
        let options = if empty { GetOptions::default() } else { options };
        let got = self.found(self.files.get_opts(&object_path(key)?, options).await).await?;
        let info = info(&got.meta);
        let range = if empty { 0..0 } else { got.range.clone() };
        match got.payload {
            GetResultPayload::File(file, _) => Ok(StoredObject { info, bytes: read::stream(file, range) }),
            GetResultPayload::Stream(_) => Err(StoreError::Unavailable("a file was opened as a stream".into())),
        }
    }

    pub(crate) async fn head(&self, key: &ObjectKey) -> Result<ObjectInfo, StoreError> {
        self.refuse_what_is_not_here(key).await?;
        let meta = self.found(self.files.head(&object_path(key)?).await).await?;
        Ok(info(&meta))
    }

    pub(crate) async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StoreError> {
        self.is_there().await?;
        let (mut folders, mut failure) = (BTreeSet::new(), None);
        for key in keys {
            match self.delete_file(key).await {
                Ok(()) => folders.extend(paths::folders_of(&self.place.root, key)),
                Err(StoreError::NotFound) => {}
                Err(error) => failure = Some(error),
            }
        }
        let place = self.place.clone();
        // The deepest folders first, so that a product's can follow.
        let folders: Vec<PathBuf> = folders.into_iter().rev().collect();
        let cleared = blocking(move || {
            paths::sync_and_clear(&place.root, &folders)?;
            // What was not there may be where the folder has gone to meanwhile.
            place.check()
        });
        let cleared = cleared.await;
        failure.map_or(cleared, Err)
    }

    async fn delete_file(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let (place, checked) = (self.place.clone(), key.clone());
        if !blocking(move || paths::leads_inside(&place.root, &checked)).await? {
            return Err(StoreError::NotFound);
        }
        self.files.delete(&object_path(key)?).await.map_err(not_found)
    }

    pub(crate) fn list(&self) -> BoxStream<'static, Result<ListedObject, StoreError>> {
        walk::list(self.place.clone())
    }

    pub(crate) async fn count_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let place = self.place.clone();
        blocking(move || walk::leftovers(&place, before)).await.map(|(old, _)| old.len() as u64)
    }

    pub(crate) async fn remove_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let place = self.place.clone();
        blocking(move || walk::remove_leftovers(&place, before)).await
    }

    pub(crate) async fn is_there(&self) -> Result<(), StoreError> {
        let place = self.place.clone();
        blocking(move || place.check()).await
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let place = self.place.clone();
        blocking(move || place.probe()).await
    }

    /// What lies behind a symbolic link is not in the store.
    async fn refuse_what_is_not_here(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let (place, checked) = (self.place.clone(), key.clone());
        let here = blocking(move || {
            let here = paths::is_own_file(&place.root, &checked)?;
            // Only where the folder is the right one is a file that is not in it missing.
            if here { Ok(true) } else { place.check().map(|()| false) }
        });
        if here.await? { Ok(()) } else { Err(StoreError::NotFound) }
    }

    /// What was found; missing is only what is missing from the right folder.
    async fn found<T>(&self, found: object_store::Result<T>) -> Result<T, StoreError> {
        match found.map_err(not_found) {
            Err(StoreError::NotFound) => self.is_there().await.and(Err(StoreError::NotFound)),
            other => other,
        }
    }
}

/// The id in the marker of the store in `folder`; `None` where either is not there.
pub(crate) fn owner_of(folder: &Path) -> Result<Option<StoreId>, OpenError> {
    place::read(folder).map_err(|error| OpenError::Folder { path: folder.to_owned(), cause: error.into() })
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
