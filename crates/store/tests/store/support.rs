//! Keys, and reading what is stored.

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt as _};
use packshot_domain::ports::image_store::{ImageStore, ListedObject, StoreError};
use packshot_domain::storage::ObjectKey;
use packshot_store::{ObjectImageStore, StoreSettings, StoreUrl};
use std::collections::BTreeMap;

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

pub(crate) fn open(url: &str) -> ObjectImageStore {
    ObjectImageStore::open(&StoreSettings::new(StoreUrl::parse(url).unwrap())).unwrap()
}

pub(crate) fn open_with(url: &str, options: BTreeMap<String, String>) -> ObjectImageStore {
    ObjectImageStore::open(&StoreSettings { options, ..StoreSettings::new(StoreUrl::parse(url).unwrap()) }).unwrap()
}

/// The media type and the cache policy that a cloud has for the object at `path`, asked without our adapter.
pub(crate) async fn attributes(
    url: &str,
    options: BTreeMap<String, String>,
    path: &str,
) -> (Option<String>, Option<String>) {
    let (scheme, bucket) = url.split_once("://").unwrap();
    let objects: Box<dyn ObjectStore> = if scheme == "s3" {
        let builder = AmazonS3Builder::new().with_bucket_name(bucket).with_allow_http(true);
        let set = |builder: AmazonS3Builder, (name, value): (String, String)| {
            builder.with_config(name.parse().unwrap(), value)
        };
        Box::new(options.into_iter().fold(builder, set).build().unwrap())
    } else {
        let builder = MicrosoftAzureBuilder::new().with_container_name(bucket).with_allow_http(true);
        let set = |builder: MicrosoftAzureBuilder, (name, value): (String, String)| {
            builder.with_config(name.parse().unwrap(), value)
        };
        Box::new(options.into_iter().fold(builder, set).build().unwrap())
    };
    let attributes: Attributes = objects.get(&path.into()).await.unwrap().attributes;
    let text = |attribute| attributes.get(&attribute).map(|value| value.as_ref().to_owned());
    (text(Attribute::ContentType), text(Attribute::CacheControl))
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
