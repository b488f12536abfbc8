//! What an `ImageRepo` promises about the commit of an upload.

use super::{Repos, everything};
use crate::builders::{filename, image, moment, object_keys, origin, product_id, tags, user, variant};
use chrono::DateTime;
use futures_util::future::{join, join_all};
use packshot_domain::image::{Dimensions, Image, ImageFormat};
use packshot_domain::ports::idempotency::{
    Completion, Fingerprint, Horizon, IdempotencyKey, Lease, Receipt, Reservation, ScopedKey,
};
use packshot_domain::ports::image_repo::InsertError;
use packshot_domain::ports::upload_journal::EntryKind;
use packshot_domain::storage::ObjectKey;
use packshot_domain::text::{AltText, Caption, DisplayOrder, Metadata, OriginalName};
use uuid::Uuid;

/// A claim, as it is named.
pub async fn an_image_reads_back_equal(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let plain = image("p", 1);
    let full = Image {
        filename: filename(&product_id("p"), 2, ImageFormat::WebP),
        original_name: OriginalName::from_client("Été – 写真.webp"),
        format: ImageFormat::WebP,
        size_bytes: 5_000_000_000,
        dimensions: Dimensions::new(300, 5000).unwrap(),
        variants: vec![
            // In the order given, not in that of their names.
            variant("thumbnail", "thumb", ImageFormat::WebP, 18, 300),
            variant("large", "large", ImageFormat::Png, 72, 1200),
        ],
        is_primary: true,
        alt_text: Some(AltText::parse("ü'\"\\%_ \u{1f600}").unwrap()),
        caption: Some(Caption::parse("").unwrap()),
        order: DisplayOrder::new(2_147_483_647).unwrap(),
        tags: tags(&["zebra", "Ähre", "apple", "'; DROP TABLE images; --"]),
        metadata: Metadata::parse(
            r#"{"z": [1, 2.50, -0, 1E400, 12345678901234567890123, null, true], "a\u0000": {"b": "\u0000"}}"#,
        )
        .unwrap(),
        uploaded_at: DateTime::from_timestamp_micros(1_709_164_800_999_999).unwrap(),
        uploaded_by: user("Grace Höpper <grace@example.com>"),
        ..image("p", 2)
    };
    let before_1970 = Image { uploaded_at: DateTime::from_timestamp_micros(-1).unwrap(), ..image("p", 3) };
    for image in [plain, full, before_1970] {
        repos.upload(&image).await;
        assert_eq!(repos.images.find(image.id).await.unwrap(), Some(image));
    }
}

/// A claim, as it is named.
pub async fn an_image_that_is_not_there_is_none(repos: &Repos) {
    assert_eq!(repos.images.find(image("p", 1).id).await.unwrap(), None);
}

/// A claim, as it is named.
pub async fn a_product_that_is_gone_takes_no_image(repos: &Repos) {
    let image = image("p", 1);
    repos.begin(&image).await;
    let error = repos.images.insert(&image, None, &origin(0)).await.unwrap_err();
    assert!(matches!(error, InsertError::ProductGone), "{error:?}");
    assert!(repos.journal.abandon(image.id).await.unwrap(), "the entry must stay, its objects are there");
}

async fn assert_swept(repos: &Repos, image: &Image) {
    let error = repos.images.insert(image, None, &origin(0)).await.unwrap_err();
    assert!(matches!(error, InsertError::Swept), "{error:?}");
    assert_eq!(repos.images.find(image.id).await.unwrap(), None);
    assert_eq!(repos.images.list(&everything()).await.unwrap().total, 0);
}

/// A claim, as it is named.
pub async fn an_upload_that_the_journal_does_not_know_is_swept(repos: &Repos) {
    repos.put_products(&["p"]).await;
    assert_swept(repos, &image("p", 1)).await;
}

/// A claim, as it is named.
pub async fn an_upload_that_was_given_up_is_swept(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.begin(&image).await;
    assert!(repos.journal.abandon(image.id).await.unwrap());
    assert_swept(repos, &image).await;
}

/// A claim, as it is named.
pub async fn an_upload_that_was_claimed_is_swept(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.begin(&image).await;
    assert_eq!(repos.claim_uploads(moment(100), 10).await.len(), 1);
    assert_swept(repos, &image).await;
}

/// A claim, as it is named.
pub async fn a_commit_removes_the_journals_entry(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.upload(&image).await;
    assert!(!repos.journal.abandon(image.id).await.unwrap());
    assert_eq!(repos.entries(EntryKind::Upload).await, []);
}

const FINGERPRINT: Fingerprint = Fingerprint([7; 32]);

fn horizon() -> Horizon {
    Horizon { completed_after: moment(-1000), renewed_after: moment(-1000) }
}

fn completion(receipt: &[u8]) -> Completion {
    let key = ScopedKey { user: user("ada"), key: IdempotencyKey::parse("key-1").unwrap() };
    Completion { key, lease: Lease(Uuid::from_u128(1)), receipt: Receipt(receipt.to_vec()) }
}

/// A claim, as it is named.
pub async fn a_commit_stores_the_receipt(repos: &Repos) {
    repos.put_products(&["p"]).await;
    // Any bytes, also none.
    for (number, receipt) in [b"\0\xff{}".as_slice(), b""].into_iter().enumerate() {
        let mut completion = completion(receipt);
        completion.key.key = IdempotencyKey::parse(&format!("key-{number}")).unwrap();
        let horizon = horizon();
        let first =
            repos.keys.reserve(&completion.key, completion.lease, &FINGERPRINT, moment(0), &horizon).await.unwrap();
        assert_eq!(first, Reservation::Reserved);
        let image = image("p", u32::try_from(number).unwrap());
        repos.begin(&image).await;
        repos.images.insert(&image, Some(completion.clone()), &origin(0)).await.unwrap();
        let again =
            repos.keys.reserve(&completion.key, completion.lease, &FINGERPRINT, moment(1), &horizon).await.unwrap();
        assert_eq!(again, Reservation::Completed(completion.receipt));
    }
}

/// A claim, as it is named.
pub async fn a_refused_commit_changes_nothing(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let old = Image { is_primary: true, tags: tags(&["old"]), ..image("p", 1) };
    repos.upload(&old).await;
    let completion = completion(b"receipt");
    repos.keys.reserve(&completion.key, completion.lease, &FINGERPRINT, moment(0), &horizon()).await.unwrap();
    let new = Image { is_primary: true, tags: tags(&["new"]), ..image("p", 2) };
    repos.images.insert(&new, Some(completion.clone()), &origin(0)).await.unwrap_err();
    assert_eq!(repos.images.summary(&product_id("p")).await.unwrap().primary, Some(old));
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!((page.total, page.available_tags), (1, vec!["old".to_owned()]));
    let again =
        repos.keys.reserve(&completion.key, completion.lease, &FINGERPRINT, moment(1), &horizon()).await.unwrap();
    assert_eq!(again, Reservation::Running);
}

/// A claim, as it is named.
pub async fn a_new_primary_takes_the_place_of_the_old(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let elsewhere = Image { is_primary: true, ..image("q", 1) };
    let old = Image { is_primary: true, ..image("p", 2) };
    let other = image("p", 3);
    let new = Image { is_primary: true, ..image("p", 4) };
    for image in [&elsewhere, &old, &other, &new] {
        repos.upload(image).await;
    }
    assert_eq!(repos.images.summary(&product_id("p")).await.unwrap().primary, Some(new));
    assert_eq!(repos.images.find(old.id).await.unwrap(), Some(Image { is_primary: false, ..old }));
    assert_eq!(repos.images.summary(&product_id("q")).await.unwrap().primary, Some(elsewhere));
}

/// A claim, as it is named.
pub async fn of_many_primary_uploads_at_once_one_stays_primary(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let images: Vec<Image> = (1..=20).map(|number| Image { is_primary: true, ..image("p", number) }).collect();
    for image in &images {
        repos.begin(image).await;
    }
    let origin = origin(0);
    for inserted in join_all(images.iter().map(|image| repos.images.insert(image, None, &origin))).await {
        inserted.unwrap();
    }
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!(page.total, 20);
    assert_eq!(page.items.iter().filter(|(image, _)| image.is_primary).count(), 1);
}

/// A claim, as it is named.
pub async fn either_the_commit_or_the_abandoning_wins(repos: &Repos) {
    repos.put_products(&["p"]).await;
    for number in 1..=20 {
        let image = image("p", number);
        repos.begin(&image).await;
        let (inserted, abandoned) =
            join(repos.images.insert(&image, None, &origin(0)), repos.journal.abandon(image.id)).await;
        let abandoned = abandoned.unwrap();
        assert_eq!(inserted.is_ok(), !abandoned, "{inserted:?}");
        assert_eq!(repos.images.find(image.id).await.unwrap().is_some(), !abandoned);
    }
}

/// A claim, as it is named.
pub async fn either_the_commit_or_the_claim_wins(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let images: Vec<Image> = (1..=20).map(|number| image("p", number)).collect();
    for image in &images {
        repos.begin(image).await;
    }
    let origin = origin(0);
    let inserts = join_all(images.iter().map(|image| repos.images.insert(image, None, &origin)));
    let claims = join_all((0..5).map(|_| repos.claim_uploads(moment(100), 7)));
    let (inserted, claimed) = join(inserts, claims).await;
    let claimed: Vec<_> = claimed.into_iter().flatten().map(|entry| entry.image).collect();
    for (image, inserted) in images.iter().zip(inserted) {
        assert_eq!(inserted.is_ok(), !claimed.contains(&image.id), "{inserted:?}");
        assert_eq!(repos.images.find(image.id).await.unwrap().is_some(), inserted.is_ok());
    }
}

/// A claim, as it is named.
pub async fn uploads_of_many_products_and_tags_at_once_all_commit(repos: &Repos) {
    repos.put_products(&["p", "q", "r"]).await;
    let upload = |number: u32| async move {
        let product = ["p", "q", "r"][number as usize % 3];
        // Every order of the same tags: a database that locks them as they come deadlocks here.
        let names = if number.is_multiple_of(2) { ["a", "b", "c"] } else { ["c", "b", "a"] };
        repos.upload(&Image { is_primary: true, tags: tags(&names), ..image(product, number) }).await;
    };
    join_all((1..=30).map(upload)).await;
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!((page.total, page.available_tags.join(" ").as_str()), (30, "a b c"));
    assert_eq!(page.items.iter().filter(|(image, _)| image.is_primary).count(), 3);
}

/// A claim, as it is named.
pub async fn a_summary_has_the_count_and_the_primary(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let none = repos.images.summary(&product_id("p")).await.unwrap();
    assert_eq!((none.count, none.primary), (0, None));
    let primary = Image { is_primary: true, tags: tags(&["a"]), ..image("p", 1) };
    for image in [&primary, &image("p", 2), &image("q", 3)] {
        repos.upload(image).await;
    }
    let summary = repos.images.summary(&product_id("p")).await.unwrap();
    assert_eq!((summary.count, summary.primary), (2, Some(primary)));
    assert_eq!(repos.images.summary(&product_id("nobody")).await.unwrap().count, 0);
}

/// A claim, as it is named.
pub async fn a_scan_gives_every_image_once_in_the_order_of_ids(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let mut all = vec![image("q", 3), image("p", 1), image("p", 5), image("q", 2), image("p", 4)];
    for image in &all {
        repos.upload(image).await;
    }
    all.sort_by_key(|image| image.id);
    let (mut scanned, mut after) = (Vec::new(), None);
    loop {
        let batch = repos.images.scan(after, 2).await.unwrap();
        let Some(last) = batch.last() else { break };
        after = Some(last.id);
        scanned.extend(batch);
    }
    assert_eq!(scanned, all);
    assert_eq!(repos.images.count().await.unwrap(), 5);
}

/// A claim, as it is named.
pub async fn a_row_speaks_for_its_objects_alone(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let (there, only_begun) = (image("p", 1), image("p", 2));
    repos.upload(&there).await;
    repos.begin(&only_begun).await;
    for key in object_keys(&there) {
        assert!(repos.images.speaks_for(&key).await.unwrap(), "{key}");
    }
    for key in object_keys(&only_begun) {
        assert!(!repos.images.speaks_for(&key).await.unwrap(), "{key}");
    }
    let original = &object_keys(&there)[0];
    let stray = ObjectKey::parse(&original.as_str().replacen('/', "/stray/", 1)).unwrap();
    assert!(!repos.images.speaks_for(&stray).await.unwrap(), "a folder that is none of its variants'");
}
