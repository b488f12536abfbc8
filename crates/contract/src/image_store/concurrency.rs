//! What holds when many use a store at once.

use super::{assert_missing, noise, original, read, variant};
use bytes::Bytes;
use futures_util::future::{Either, join, join_all, select};
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_store::{ImageStore, StoreError};
use packshot_domain::storage::ObjectKey;
use std::pin::pin;

/// A claim, as it is named.
pub async fn an_image_is_put_at_once(store: &dyn ImageStore) {
    let keys: Vec<ObjectKey> = (0..12)
        .flat_map(|number| {
            // New products, so that their folders are made by several writes at once.
            let product = format!("at-once-{}", number % 4);
            let variant = |folder| variant(&product, folder, number, ImageFormat::WebP);
            [original(&product, number), variant("large"), variant("medium"), variant("thumb"), variant("webp")]
        })
        .collect();
    let content = |seed: usize| noise(50_000 + seed, seed as u64);
    let puts = join_all(keys.iter().enumerate().map(|(seed, key)| store.put(key, content(seed)))).await;
    for (put, key) in puts.into_iter().zip(&keys) {
        assert!(put.is_ok(), "{key}: {put:?}");
    }
    for (seed, key) in keys.iter().enumerate() {
        assert!(read(store, key, None).await.unwrap() == content(seed), "{key}");
    }
}

/// A claim, as it is named.
pub async fn readers_see_the_whole_object_or_none(store: &dyn ImageStore) {
    let (key, bytes) = (original("whole", 1), noise(6 << 20, 1));
    let mut put = pin!(store.put(&key, bytes.clone()));
    let mut put_ended = false;
    while !put_ended {
        // The read goes on while the put does, and ends before the next begins.
        let mut reading = pin!(read(store, &key, None));
        let seen = match select(&mut put, &mut reading).await {
            Either::Left((put, reading)) => {
                put.unwrap();
                put_ended = true;
                reading.await
            }
            Either::Right((seen, _)) => seen,
        };
        match seen {
            Ok(seen) => assert!(seen == bytes, "a reader saw {} of {} bytes", seen.len(), bytes.len()),
            Err(error) => assert!(matches!(error, StoreError::NotFound), "{error:?}"),
        }
    }
    assert!(read(store, &key, None).await.unwrap() == bytes);
}

/// A claim, as it is named.
pub async fn of_puts_under_one_key_one_wins_whole(store: &dyn ImageStore) {
    let key = original("contended", 1);
    let contents: Vec<Bytes> = (1..8_u8).map(|seed| noise(200_000 + usize::from(seed), u64::from(seed))).collect();
    for put in join_all(contents.iter().map(|content| store.put(&key, content.clone()))).await {
        put.unwrap();
    }
    let stored = read(store, &key, None).await.unwrap();
    assert!(contents.iter().any(|content| *content == stored), "a mixture of {} bytes is stored", stored.len());
}

/// A claim, as it is named.
pub async fn a_product_comes_and_goes_under_many_hands(store: &dyn ImageStore) {
    // Each round removes the last object of a folder while another is put into it.
    for round in 0..30 {
        let (old, new) = (round, round + 1);
        let variant = |number| variant("comes-and-goes", "large", number, ImageFormat::Jpeg);
        if round == 0 {
            store.put(&original("comes-and-goes", old), noise(10, old)).await.unwrap();
            store.put(&variant(old), noise(10, old)).await.unwrap();
        }
        let (gone, keys) =
            ([original("comes-and-goes", old), variant(old)], [original("comes-and-goes", new), variant(new)]);
        let puts = join_all(keys.iter().map(|key| store.put(key, noise(10, new))));
        let (deleted, puts) = join(store.delete(&gone), puts).await;
        deleted.unwrap();
        for put in puts {
            put.unwrap();
        }
        for key in &keys {
            assert_eq!(read(store, key, None).await.unwrap(), noise(10, new), "{key}");
        }
        assert_missing(store, &gone[0]).await;
    }
}
