//! The suite of the port `ImageStore`.
//!
//! Owns the list of claims, in [`image_store_suite!`](crate::image_store_suite): one test each, named
//! as the claim. Refuses to know which store it is, and to rely on its being empty: each claim
//! has products of its own.

#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

pub mod concurrency;
pub mod deletions;
pub mod listings;
pub mod objects;
pub mod places;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use packshot_domain::image::{FileToken, Filename, ImageFormat};
use packshot_domain::ports::image_store::{ImageStore, StoreError, StoredObject};
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;
use packshot_domain::variant::Folder;
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// A store, and what must live as long as it, such as a temporary folder.
pub struct Fixture {
    /// The store.
    pub store: Arc<dyn ImageStore>,
    /// What it stands on.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// The key of the original with that number.
pub(crate) fn original(product: &str, number: u64) -> ObjectKey {
    let product = ProductId::parse(product).unwrap();
    let filename = Filename::new(&product, FileToken::from_bits(number), ImageFormat::Jpeg);
    ObjectKey::original(&product, &filename)
}

/// The key of a variant of the image with that number.
pub(crate) fn variant(product: &str, folder: &str, number: u64, format: ImageFormat) -> ObjectKey {
    let product = ProductId::parse(product).unwrap();
    let filename = Filename::new(&product, FileToken::from_bits(number), ImageFormat::Jpeg);
    ObjectKey::variant(&product, &Folder::parse(folder).unwrap(), &filename, format)
}

/// So many bytes that neither repeat soon nor compress, different for each seed.
pub(crate) fn noise(size: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(byte).take(size).collect()
}

/// All bytes of an opened object.
pub(crate) async fn drain(object: StoredObject) -> Result<Vec<u8>, StoreError> {
    let pieces: Vec<Bytes> = object.bytes.try_collect().await?;
    Ok(pieces.concat())
}

/// The bytes under `key`.
pub(crate) async fn read(
    store: &dyn ImageStore,
    key: &ObjectKey,
    range: Option<Range<u64>>,
) -> Result<Vec<u8>, StoreError> {
    drain(store.get(key, range).await?).await
}

/// Asserts that nothing is found under `key`, however it is asked for.
pub(crate) async fn assert_missing(store: &dyn ImageStore, key: &ObjectKey) {
    let found = |what: &str| format!("{key}: {what} found it");
    assert!(matches!(store.head(key).await, Err(StoreError::NotFound)), "{}", found("head"));
    assert!(matches!(store.get(key, None).await.map(drop), Err(StoreError::NotFound)), "{}", found("get"));
    for range in [0..1, 5..10, 0..0] {
        let got = store.get(key, Some(range)).await.map(drop);
        assert!(matches!(got, Err(StoreError::NotFound)), "{}", found("get of a range"));
    }
}

/// Makes a test of every claim: `image_store_suite!(open)`, where `async fn open() -> Fixture` stands beside the call.
///
/// The calling crate needs tokio with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! image_store_suite {
    ($open:ident) => {
        $crate::image_store_suite!(@ $open, objects:
            what_is_put_reads_back_whatever_its_size,
            every_folder_and_format_is_kept_apart,
            a_range_is_exactly_its_bytes,
            an_empty_range_is_no_bytes,
            what_was_never_put_is_not_found,
            a_later_object_is_not_older,
            a_read_that_is_dropped_harms_nobody,
            a_second_put_replaces_the_whole_object,
        );
        $crate::image_store_suite!(@ $open, concurrency:
            an_image_is_put_at_once,
            readers_see_the_whole_object_or_none,
            of_puts_under_one_key_one_wins_whole,
            a_product_comes_and_goes_under_many_hands,
        );
        $crate::image_store_suite!(@ $open, deletions:
            a_deleted_object_is_gone_and_its_siblings_stay,
            what_is_missing_counts_as_deleted,
            deleting_nothing_does_nothing,
            after_a_deletion_the_key_can_be_put_again,
            more_are_deleted_at_once_than_one_request_names,
        );
        $crate::image_store_suite!(@ $open, listings:
            a_listing_has_every_object_once_with_its_key_and_size,
            a_deleted_object_is_not_listed,
            a_listing_goes_over_many_objects,
        );
        $crate::image_store_suite!(@ $open, places:
            a_ping_is_answered,
            a_place_names_its_product_and_no_path,
            removing_leftovers_leaves_objects,
        );
    };
    (@ $open:ident, $claims:ident: $($claim:ident,)*) => {
        mod $claims {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $claim() {
                    let fixture = super::$open().await;
                    $crate::image_store::$claims::$claim(&*fixture.store).await;
                }
            )*
        }
    };
}
