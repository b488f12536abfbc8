//! What `put`, `get` and `head` promise.

use super::{assert_missing, drain, noise, original, read, variant};
use futures_util::StreamExt as _;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_store::ImageStore;

/// Around every size at which stores begin to work otherwise: nothing, one byte, a block, a piece of a
/// stream, and above the 5 MiB that a part of a multipart upload has.
const SIZES: &[usize] = &[0, 1, 2, 4095, 4096, 65_537, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, (6 << 20) + 1];

/// A claim, as it is named.
pub async fn what_is_put_reads_back_whatever_its_size(store: &dyn ImageStore) {
    for (number, &size) in (0..).zip(SIZES) {
        let (key, bytes) = (original("sizes", number), noise(size, number));
        store.put(&key, bytes.clone()).await.unwrap();
        let head = store.head(&key).await.unwrap();
        assert_eq!(head.size_bytes, size as u64);
        let object = store.get(&key, None).await.unwrap();
        assert_eq!(object.info, head, "{size} bytes");
        assert!(drain(object).await.unwrap() == bytes, "{size} bytes read back otherwise");
    }
}

/// A claim, as it is named.
pub async fn every_folder_and_format_is_kept_apart(store: &dyn ImageStore) {
    let keys = [
        original("apart", 1),
        original("apart", 2),
        original("apart-2", 1),
        variant("apart", "large", 1, ImageFormat::Jpeg),
        variant("apart", "large", 2, ImageFormat::Jpeg),
        variant("apart", "thumb", 1, ImageFormat::Jpeg),
        variant("apart", "webp", 1, ImageFormat::WebP),
        variant("apart", "webp", 1, ImageFormat::Png),
    ];
    for (seed, key) in (0..).zip(&keys) {
        store.put(key, noise(100, seed)).await.unwrap();
    }
    for (seed, key) in (0..).zip(&keys) {
        assert_eq!(read(store, key, None).await.unwrap(), noise(100, seed), "{key}");
    }
}

/// A claim, as it is named.
pub async fn a_range_is_exactly_its_bytes(store: &dyn ImageStore) {
    let (key, bytes) = (original("ranges", 1), noise(600_001, 1));
    store.put(&key, bytes.clone()).await.unwrap();
    let size = bytes.len();
    for range in [0..1, 0..size, 0..size - 1, 1..size, size - 1..size, 1000..1001, 4095..8193, 262_143..524_289] {
        let object = store.get(&key, Some(range.start as u64..range.end as u64)).await.unwrap();
        assert_eq!(object.info.size_bytes, size as u64, "the size is that of the whole object");
        assert!(drain(object).await.unwrap() == bytes[range.clone()], "{range:?}");
    }
}

/// A claim, as it is named.
pub async fn an_empty_range_is_no_bytes(store: &dyn ImageStore) {
    for (number, size) in [(1, 0), (2, 10)] {
        let key = original("empty-ranges", number);
        store.put(&key, noise(size, number)).await.unwrap();
        let object = store.get(&key, Some(0..0)).await.unwrap();
        assert_eq!(object.info.size_bytes, size as u64);
        assert_eq!(drain(object).await.unwrap(), b"");
    }
}

/// A claim, as it is named.
pub async fn what_was_never_put_is_not_found(store: &dyn ImageStore) {
    let there = original("missing", 1);
    store.put(&there, noise(10, 1)).await.unwrap();
    for key in [
        original("missing", 2),
        original("missing-altogether", 1),
        variant("missing", "large", 1, ImageFormat::Jpeg),
        variant("missing-altogether", "large", 1, ImageFormat::Jpeg),
    ] {
        assert_missing(store, &key).await;
    }
}

/// A claim, as it is named.
pub async fn a_later_object_is_not_older(store: &dyn ImageStore) {
    let (first, second) = (original("times", 1), original("times", 2));
    store.put(&first, noise(10, 1)).await.unwrap();
    store.put(&second, noise(10, 2)).await.unwrap();
    let (first, second) = (store.head(&first).await.unwrap(), store.head(&second).await.unwrap());
    assert!(first.last_modified <= second.last_modified, "{first:?} {second:?}");
}

/// A claim, as it is named.
pub async fn a_read_that_is_dropped_harms_nobody(store: &dyn ImageStore) {
    let (key, bytes) = (original("dropped", 1), noise(3 << 20, 1));
    store.put(&key, bytes.clone()).await.unwrap();
    for _ in 0..5 {
        let mut object = store.get(&key, None).await.unwrap();
        let piece = object.bytes.next().await.unwrap().unwrap();
        assert!(bytes.starts_with(&piece));
    }
    assert!(read(store, &key, None).await.unwrap() == bytes);
}

/// A claim, as it is named.
pub async fn a_second_put_replaces_the_whole_object(store: &dyn ImageStore) {
    let key = original("replaced", 1);
    for (seed, size) in [(1, 1000), (2, 10), (3, 100_000), (4, 0)] {
        store.put(&key, noise(size, seed)).await.unwrap();
        assert_eq!(read(store, &key, None).await.unwrap(), noise(size, seed));
        assert_eq!(store.head(&key).await.unwrap().size_bytes, size as u64);
    }
}
