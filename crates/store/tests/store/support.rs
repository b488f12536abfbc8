//! Keys, and reading what is stored.

use futures_util::TryStreamExt as _;
use packshot_domain::ports::image_store::{ImageStore, ListedObject, StoreError};
use packshot_domain::storage::ObjectKey;
use packshot_store::{ObjectImageStore, StoreSettings, StoreUrl};

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

pub(crate) fn open(url: &str) -> ObjectImageStore {
    ObjectImageStore::open(&StoreSettings::new(StoreUrl::parse(url).unwrap())).unwrap()
}

pub(crate) async fn read(store: &dyn ImageStore, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
    let pieces: Vec<_> = store.get(key, None).await?.bytes.try_collect().await?;
    Ok(pieces.concat())
}

/// The paths of a listing, sorted, with a mark on those that packshot did not write.
pub(crate) async fn paths(store: &dyn ImageStore) -> Vec<String> {
    let objects: Vec<ListedObject> = store.list().try_collect().await.unwrap();
    let mark = |object: &ListedObject| if object.foreign() { " (foreign)" } else { "" };
    let mut paths: Vec<String> = objects.iter().map(|object| format!("{}{}", object.path, mark(object))).collect();
    paths.sort();
    paths
}
