//! What `delete` promises.

use super::{assert_missing, noise, original, read, variant};
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::storage::ObjectKey;

/// A claim, as it is named.
pub async fn a_deleted_object_is_gone_and_its_siblings_stay(store: &dyn ImageStore) {
    let goes = [original("siblings", 1), variant("siblings", "large", 1, ImageFormat::WebP)];
    let stays =
        [original("siblings", 2), variant("siblings", "large", 2, ImageFormat::WebP), original("siblings-2", 1)];
    for key in goes.iter().chain(&stays) {
        store.put(key, noise(100, 1)).await.unwrap();
    }
    store.delete(&goes).await.unwrap();
    for key in &goes {
        assert_missing(store, key).await;
    }
    for key in &stays {
        assert_eq!(read(store, key, None).await.unwrap(), noise(100, 1), "{key}");
    }
}

/// A claim, as it is named.
pub async fn what_is_missing_counts_as_deleted(store: &dyn ImageStore) {
    let there = [original("mixed", 1), original("mixed", 3), variant("mixed", "webp", 1, ImageFormat::WebP)];
    for key in &there {
        store.put(key, noise(100, 1)).await.unwrap();
    }
    // Missing ones first, in the middle and last; one of them twice.
    let [first, second, third] = there.clone();
    let keys = [
        original("mixed", 0),
        first,
        variant("mixed", "large", 1, ImageFormat::Jpeg),
        original("mixed-never", 1),
        second.clone(),
        second,
        third,
        original("mixed", 4),
    ];
    for _ in 0..2 {
        store.delete(&keys).await.unwrap();
        for key in &there {
            assert_missing(store, key).await;
        }
    }
}

/// A claim, as it is named.
pub async fn deleting_nothing_does_nothing(store: &dyn ImageStore) {
    store.delete(&[]).await.unwrap();
}

/// A claim, as it is named.
pub async fn after_a_deletion_the_key_can_be_put_again(store: &dyn ImageStore) {
    let key = variant("again", "large", 1, ImageFormat::Jpeg);
    for seed in 0..3 {
        store.put(&key, noise(100, seed)).await.unwrap();
        assert_eq!(read(store, &key, None).await.unwrap(), noise(100, seed));
        store.delete(std::slice::from_ref(&key)).await.unwrap();
        assert_missing(store, &key).await;
    }
}

/// A claim, as it is named.
pub async fn more_are_deleted_at_once_than_one_request_names(store: &dyn ImageStore) {
    // S3 takes 1000 names a request, Azure 256. Most are missing, which is as good as deleted.
    let keys: Vec<ObjectKey> = (0..2300).map(|number| original("bulk", number)).collect();
    let there: Vec<&ObjectKey> = keys.iter().step_by(230).chain(keys.last()).collect();
    let stays = original("bulk", 2300);
    for key in there.iter().copied().chain([&stays]) {
        store.put(key, noise(100, 1)).await.unwrap();
    }
    store.delete(&keys).await.unwrap();
    for key in there {
        assert_missing(store, key).await;
    }
    assert_eq!(read(store, &stays, None).await.unwrap(), noise(100, 1));
}
