//! What `list` promises.

use super::{noise, original, variant};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_store::{ImageStore, ListedObject};
use packshot_domain::storage::ObjectKey;
use std::collections::BTreeMap;

/// What is listed of these products, by path.
async fn listed(store: &dyn ImageStore, product: &str) -> BTreeMap<String, ListedObject> {
    let all: Vec<ListedObject> = store.list().try_collect().await.unwrap();
    let start = format!("{product}/");
    let of_product: Vec<ListedObject> = all.into_iter().filter(|object| object.path.starts_with(&start)).collect();
    let count = of_product.len();
    let by_path: BTreeMap<_, _> = of_product.into_iter().map(|object| (object.path.clone(), object)).collect();
    assert_eq!(by_path.len(), count, "an object is listed twice");
    by_path
}

/// A claim, as it is named.
pub async fn a_listing_has_every_object_once_with_its_key_and_size(store: &dyn ImageStore) {
    let keys = [
        original("listed", 1),
        original("listed", 2),
        variant("listed", "large", 1, ImageFormat::Jpeg),
        variant("listed", "webp", 1, ImageFormat::WebP),
    ];
    for (seed, key) in (1..).zip(&keys) {
        store.put(key, noise(seed * 10, 1)).await.unwrap();
    }
    let listed = listed(store, "listed").await;
    assert_eq!(listed.len(), keys.len(), "{listed:?}");
    for key in &keys {
        let object = &listed[key.as_str()];
        assert_eq!(object.key.as_ref(), Some(key));
        assert!(!object.foreign());
        assert_eq!(object.info, store.head(key).await.unwrap(), "{key}");
    }
}

/// A claim, as it is named.
pub async fn a_deleted_object_is_not_listed(store: &dyn ImageStore) {
    let (goes, stays) = (original("unlisted", 1), original("unlisted", 2));
    for key in [&goes, &stays] {
        store.put(key, noise(10, 1)).await.unwrap();
    }
    store.delete(&[goes]).await.unwrap();
    let listed = listed(store, "unlisted").await;
    assert_eq!(listed.keys().map(String::as_str).collect::<Vec<_>>(), [stays.as_str()]);
}

/// A claim, as it is named.
pub async fn a_listing_goes_over_many_objects(store: &dyn ImageStore) {
    // More than a page of any backend, which is 1000 on S3.
    let keys: Vec<ObjectKey> = (0..1100).map(|number| original("many", number)).collect();
    for batch in keys.chunks(50) {
        for put in join_all(batch.iter().map(|key| store.put(key, noise(1, 1)))).await {
            put.unwrap();
        }
    }
    let listed = listed(store, "many").await;
    assert_eq!(listed.len(), keys.len());
    assert!(keys.iter().all(|key| listed.contains_key(key.as_str())));
    store.delete(&keys).await.unwrap();
}
