//! What `ping`, `location` and `remove_leftovers` promise.

use super::{noise, original, read};
use chrono::{DateTime, Utc};
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::product::ProductId;

/// A claim, as it is named.
pub async fn a_ping_is_answered(store: &dyn ImageStore) {
    store.ping().await.unwrap();
}

/// A claim, as it is named.
pub async fn a_place_names_its_product_and_no_path(store: &dyn ImageStore) {
    let place = |id: &str| store.location(&ProductId::parse(id).unwrap());
    let (first, second) = (place("prod_1"), place("prod_2"));
    assert_eq!(first.location.replace("prod_1", "prod_2"), second.location);
    assert!(first.location.ends_with("/prod_1/"), "{first:?}");
    let (scheme, rest) = first.location.split_once("://").unwrap();
    assert!(["s3", "file", "az", "gs", "memory"].contains(&scheme), "{first:?}");
    // After `file://` a slash would begin a path of this machine.
    assert!(rest.starts_with(&format!("{}/", first.bucket)) && !first.bucket.contains('/'), "{first:?}");
    assert!(!first.bucket.is_empty() && !first.region.is_empty(), "{first:?}");
}

/// A claim, as it is named.
pub async fn removing_leftovers_leaves_objects(store: &dyn ImageStore) {
    let key = original("leftovers", 1);
    store.put(&key, noise(10, 1)).await.unwrap();
    let left = store.count_leftovers(DateTime::<Utc>::MAX_UTC).await.unwrap();
    assert_eq!(store.remove_leftovers(DateTime::<Utc>::MAX_UTC).await.unwrap(), left);
    assert_eq!(read(store, &key, None).await.unwrap(), noise(10, 1));
}
