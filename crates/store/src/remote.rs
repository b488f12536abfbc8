//! Objects behind a client of `object_store`: the clouds, and memory.
//!
//! Owns what is stored with an object (media type and cache policy) and what a backend's errors mean
//! to the port; refuses to know which backend it is.

use bytes::Bytes;
use chrono::SubsecRound as _;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    Attribute, AttributeValue, Attributes, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutOptions,
};
use packshot_domain::ports::image_store::{ListedObject, ObjectInfo, StoreError, StoredObject};
use packshot_domain::storage::ObjectKey;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A key is never written twice, so whoever has an object may keep it.
const CACHE_POLICY: &str = "public, max-age=31536000, immutable";
/// As many as an image has objects: so few are deleted with a request each, all at once, which every store
/// that is like S3 understands.
const FEW_DELETIONS: usize = 8;

/// The objects below one prefix.
pub(crate) struct Remote {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    ping_timeout: Duration,
}

impl Remote {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, prefix: &str, ping_timeout: Duration) -> Self {
        Self { objects, prefix: prefix.to_owned(), ping_timeout }
    }

    pub(crate) async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let attributes = Attributes::from_iter([
            (Attribute::ContentType, AttributeValue::from(key.format().mime_type())),
            (Attribute::CacheControl, AttributeValue::from(CACHE_POLICY)),
        ]);
        let options = PutOptions { attributes, ..PutOptions::default() };
        let put = self.objects.put_opts(&self.path(key)?, bytes.into(), options).await;
        // What is not found when an object is written is the bucket.
        put.map(drop).map_err(unavailable)
    }

    pub(crate) async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<StoredObject, StoreError> {
        if range.as_ref().is_some_and(Range::is_empty) {
            // HTTP cannot ask for no bytes.
            return Ok(StoredObject { info: self.head(key).await?, bytes: stream::empty().boxed() });
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let got = self.objects.get_opts(&self.path(key)?, options).await.map_err(not_found)?;
        let info = info(&got.meta);
        Ok(StoredObject { info, bytes: got.into_stream().map_err(unavailable).boxed() })
    }

    pub(crate) async fn head(&self, key: &ObjectKey) -> Result<ObjectInfo, StoreError> {
        let meta = self.objects.head(&self.path(key)?).await.map_err(not_found)?;
        Ok(info(&meta))
    }

    pub(crate) async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StoreError> {
        let paths = keys.iter().map(|key| self.path(key)).collect::<Result<Vec<_>, _>>()?;
        let results: Vec<Result<(), StoreError>> = if paths.len() > FEW_DELETIONS {
            self.delete_many(paths).await
        } else {
            let delete = |path| async move { self.objects.delete(&path).await.map_err(not_found) };
            stream::iter(paths).map(delete).buffer_unordered(FEW_DELETIONS).collect().await
        };
        // All were tried; one that is not there counts as removed.
        let failure = results.into_iter().find(|result| !matches!(result, Ok(()) | Err(StoreError::NotFound)));
        failure.unwrap_or(Ok(()))
    }

    /// As the backend does many at once: a thousand objects a request in S3, 256 in Azure, and one each, ten
    /// requests at a time, in Google's, which has nothing for many.
    async fn delete_many(&self, mut paths: Vec<Path>) -> Vec<Result<(), StoreError>> {
        // A bulk request need not take a name twice.
        paths.sort_unstable();
        paths.dedup();
        let deleted = self.objects.delete_stream(stream::iter(paths).map(Ok).boxed());
        deleted.map(|deleted| deleted.map(drop).map_err(not_found)).collect().await
    }

    pub(crate) fn list(&self) -> BoxStream<'static, Result<ListedObject, StoreError>> {
        let (below, start) = match self.prefix.as_str() {
            "" => (None, 0),
            prefix => (Some(Path::from(prefix)), prefix.len() + 1),
        };
        let listed = move |meta: ObjectMeta| {
            let path = meta.location.as_ref().get(start..).unwrap_or_default().to_owned();
            ListedObject { key: ObjectKey::parse(&path).ok(), path, info: info(&meta) }
        };
        self.objects.list(below.as_ref()).map_ok(listed).map_err(unavailable).boxed()
    }

    /// Lists a folder that is not there: an empty answer says that the bucket exists and lets us in. Asking
    /// for one missing object would not tell it from a missing bucket.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let nowhere = Path::from(format!("{}/.ping", self.prefix));
        let mut listing = self.objects.list(Some(&nowhere));
        match tokio::time::timeout(self.ping_timeout, listing.next()).await {
            Ok(Some(Err(error))) => Err(unavailable(error)),
            Ok(Some(Ok(_)) | None) => Ok(()),
            Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed))),
        }
    }

    fn path(&self, key: &ObjectKey) -> Result<Path, StoreError> {
        let text = if self.prefix.is_empty() { key.to_string() } else { format!("{}/{key}", self.prefix) };
        Path::parse(text).map_err(|error| StoreError::Unavailable(Box::new(error)))
    }
}

/// In whole seconds, because a listing of S3 knows the time more exactly than the object's own header.
fn info(meta: &ObjectMeta) -> ObjectInfo {
    ObjectInfo { size_bytes: meta.size, last_modified: meta.last_modified.trunc_subsecs(0) }
}

fn not_found(error: object_store::Error) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound,
        other => unavailable(other),
    }
}

fn unavailable(error: object_store::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
