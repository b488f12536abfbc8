//! The port `ImageStore` on whichever backend the settings name.
//!
//! Owns the choice of the backend and what answers say of a place; refuses to show where on this
//! machine a folder lies.

use crate::cloud::{self, Client};
use crate::disk::{self, Disk};
use crate::remote::Remote;
use crate::settings::{OpenError, StoreSettings};
use crate::url::StoreUrl;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use packshot_domain::ports::image_store::{ImageStore, ListedObject, ObjectInfo, StoreError, StoredObject};
use packshot_domain::product::ProductId;
use packshot_domain::storage::{ObjectKey, StorageLocation, StoreId};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Keeps image files in the store that the settings name.
///
/// Its methods must be called within a tokio runtime.
pub struct ObjectImageStore {
    backend: Backend,
    place: Place,
    description: String,
    is_local: bool,
}

enum Backend {
    Disk(Disk),
    Remote(Remote),
}

/// What answers say of where objects lie.
struct Place {
    /// Up to where the product's id follows.
    base: String,
    bucket: String,
    region: String,
}

/// What answers call a folder that has no name, and memory.
const UNNAMED_BUCKET: &str = "images";
const LOCAL_REGION: &str = "local";

impl ObjectImageStore {
    /// Opens the store. A folder is made where it is missing and [`StoreSettings::owner`] lets it be, and tried out;
    /// a cloud is not asked yet, so that one that is down does not keep the server from starting (see
    /// [`ImageStore::ping`]).
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(settings: &StoreSettings) -> Result<Self, OpenError> {
        match &settings.url {
            StoreUrl::File(folder) => {
                no_options(settings, "a folder")?;
                let disk = Disk::open(folder, settings.owner, settings.file_mode)?;
                let name = disk.folder().file_name().map_or(UNNAMED_BUCKET.into(), |name| name.to_string_lossy());
                let place = Place::new("file", &name, "", LOCAL_REGION.to_owned());
                let description = format!("the folder {}", disk.folder().display());
                Ok(Self { backend: Backend::Disk(disk), place, description, is_local: true })
            }
            StoreUrl::Memory => {
                no_options(settings, "memory")?;
                let objects = Remote::new(Arc::new(InMemory::new()), "", settings.ping_timeout);
                let place = Place::new("memory", UNNAMED_BUCKET, "", LOCAL_REGION.to_owned());
                let description = "memory".to_owned();
                Ok(Self { backend: Backend::Remote(objects), place, description, is_local: true })
            }
            StoreUrl::S3 { bucket, prefix } => {
                Ok(Self::remote(settings, "s3", bucket, prefix, cloud::s3(settings, bucket)?))
            }
            StoreUrl::Azure { container, prefix } => {
                Ok(Self::remote(settings, "az", container, prefix, cloud::azure(settings, container)?))
            }
            StoreUrl::Gcs { bucket, prefix } => {
                Ok(Self::remote(settings, "gs", bucket, prefix, cloud::gcs(settings, bucket)?))
            }
        }
    }

    /// The id in the marker of the store in `folder`; `None` where either is not there.
    ///
    /// # Errors
    /// [`OpenError::Folder`].
    pub fn owner_of(folder: &Path) -> Result<Option<StoreId>, OpenError> {
        disk::owner_of(folder)
    }

    /// Whether `folder` has one of these objects, whatever store it is.
    #[must_use]
    pub fn has_any(folder: &Path, keys: &[ObjectKey]) -> bool {
        keys.iter().any(|key| folder.join(key.as_str()).is_file())
    }

    fn remote(settings: &StoreSettings, scheme: &str, bucket: &str, prefix: &str, client: Client) -> Self {
        let place = Place::new(scheme, bucket, prefix, client.region);
        let endpoint = client.endpoint.map_or(String::new(), |endpoint| format!(" at {endpoint}"));
        let description = format!("{} in region {}{endpoint}", place.base, place.region);
        let objects = Remote::new(client.objects, prefix, settings.ping_timeout);
        Self { backend: Backend::Remote(objects), place, description, is_local: false }
    }

    /// Whether a write ends with the process that makes it. One to a store on the network may be in work there,
    /// and land, long after.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// The id that the marker of a folder has; `None` where the store is none.
    #[must_use]
    pub fn id(&self) -> Option<StoreId> {
        match &self.backend {
            Backend::Disk(disk) => Some(disk.id()),
            Backend::Remote(_) => None,
        }
    }

    /// Which store this is, in words, for whoever runs the server: on disk it names the folder.
    #[must_use]
    pub fn describe(&self) -> String {
        self.description.clone()
    }
}

impl Place {
    fn new(scheme: &str, bucket: &str, prefix: &str, region: String) -> Self {
        let slash = if prefix.is_empty() { "" } else { "/" };
        Self { base: format!("{scheme}://{bucket}/{prefix}{slash}"), bucket: bucket.to_owned(), region }
    }
}

fn no_options(settings: &StoreSettings, backend: &'static str) -> Result<(), OpenError> {
    match settings.options.keys().next() {
        Some(key) => Err(OpenError::UnknownOption { key: key.clone(), backend }),
        None => Ok(()),
    }
}

#[async_trait]
impl ImageStore for ObjectImageStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.put(key, bytes).await,
            Backend::Remote(remote) => remote.put(key, bytes).await,
        }
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<StoredObject, StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.get(key, range).await,
            Backend::Remote(remote) => remote.get(key, range).await,
        }
    }

    async fn head(&self, key: &ObjectKey) -> Result<ObjectInfo, StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.head(key).await,
            Backend::Remote(remote) => remote.head(key).await,
        }
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.delete(keys).await,
            Backend::Remote(remote) => remote.delete(keys).await,
        }
    }

    fn list(&self) -> BoxStream<'static, Result<ListedObject, StoreError>> {
        match &self.backend {
            Backend::Disk(disk) => disk.list(),
            Backend::Remote(remote) => remote.list(),
        }
    }

    async fn remove_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.remove_leftovers(before).await,
            // Each object is one request, of which a killed one leaves nothing.
            Backend::Remote(_) => Ok(0),
        }
    }

    async fn count_leftovers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.count_leftovers(before).await,
            Backend::Remote(_) => Ok(0),
        }
    }

    async fn is_there(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.is_there().await,
            Backend::Remote(_) => Ok(()),
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Disk(disk) => disk.ping().await,
            Backend::Remote(remote) => remote.ping().await,
        }
    }

    fn location(&self, product: &ProductId) -> StorageLocation {
        StorageLocation {
            location: format!("{}{product}/", self.place.base),
            bucket: self.place.bucket.clone(),
            region: self.place.region.clone(),
        }
    }
}
