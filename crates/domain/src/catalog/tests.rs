//! Deleting a product against mocked ports: how often each is asked, and what a failure leaves.

use super::*;
use crate::access::UserName;
use crate::ports::image_repo::MockImageRepo;
use crate::ports::image_store::{MockImageStore, StoreError};
use crate::ports::product_repo::MockProductRepo;
use crate::ports::upload_journal::{EntryKind, MockUploadJournal};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use std::collections::BTreeSet;
use std::sync::Mutex;
use uuid::Uuid;

const IMAGES: usize = 1000;

fn entries() -> Vec<JournalEntry> {
    (0..IMAGES as u128)
        .map(|number| JournalEntry {
            image: ImageId::new(Uuid::from_u128(number)),
            kind: EntryKind::Deletion,
            keys: ["", "large/", "medium/", "thumb/", "webp/"]
                .map(|folder| ObjectKey::parse(&format!("p/{folder}p_{number:012x}.jpg")).unwrap())
                .to_vec(),
            entered_at: DateTime::<Utc>::UNIX_EPOCH,
        })
        .collect()
}

fn origin() -> Origin {
    let user = UserName::parse("ada").unwrap();
    Origin { user, address: None, request_id: None, at: DateTime::<Utc>::UNIX_EPOCH }
}

/// What the ports were asked: the sizes of the store's and the journal's batches, and the images finished.
#[derive(Default)]
struct Asked {
    deletions: Vec<usize>,
    finished: Vec<usize>,
    images: BTreeSet<ImageId>,
}

/// Deletes a product of a thousand images from a store whose calls fail from `fails_at` on.
fn delete_product(fails_at: usize) -> Asked {
    let asked = Arc::new(Mutex::new(Asked::default()));
    let (mut images, mut store, mut journal) = (MockImageRepo::new(), MockImageStore::new(), MockUploadJournal::new());
    images.expect_delete_product_if().times(1).returning(|_, _, _| Ok(Some(entries())));
    let told = asked.clone();
    store.expect_is_there().returning(|| Ok(()));
    store.expect_delete().returning(move |keys| {
        let calls = &mut told.lock().unwrap().deletions;
        calls.push(keys.len());
        if calls.len() > fails_at { Err(StoreError::Unavailable("away".into())) } else { Ok(()) }
    });
    let told = asked.clone();
    journal.expect_finish_all().returning(move |images| {
        let mut told = told.lock().unwrap();
        told.finished.push(images.len());
        told.images.extend(images);
        Ok(())
    });
    let catalog = Catalog {
        products: Arc::new(MockProductRepo::new()),
        images: Arc::new(images),
        journal: Arc::new(journal),
        store: Arc::new(store),
    };
    let id = ProductId::parse("p").unwrap();
    catalog.delete_product(&id, &Guard::open(), &origin()).now_or_never().unwrap().unwrap();
    drop(catalog);
    Arc::into_inner(asked).unwrap().into_inner().unwrap()
}

#[test]
fn a_product_of_a_thousand_images_goes_in_a_few_bulk_deletions_and_transactions() {
    let asked = delete_product(usize::MAX);
    assert_eq!(asked.deletions, [1000; 5]);
    assert_eq!(asked.finished, [200; 5]);
    assert_eq!(asked.images.len(), IMAGES);
}

#[test]
fn what_a_store_that_goes_away_did_not_delete_stays_in_the_journal_and_it_is_not_asked_again() {
    let asked = delete_product(2);
    assert_eq!(asked.deletions, [1000; 3]);
    assert_eq!(asked.finished, [200; 2]);
    let finished: BTreeSet<ImageId> = entries().iter().take(400).map(|entry| entry.image).collect();
    assert_eq!(asked.images, finished);
}

/// Nothing else is asked: a row that is gone would speak for its objects no more.
#[test]
fn while_the_place_of_the_objects_is_away_nothing_is_deleted() {
    let mut store = MockImageStore::new();
    store.expect_is_there().times(2).returning(|| Err(StoreError::Unavailable("it is not mounted".into())));
    let catalog = Catalog {
        products: Arc::new(MockProductRepo::new()),
        images: Arc::new(MockImageRepo::new()),
        journal: Arc::new(MockUploadJournal::new()),
        store: Arc::new(store),
    };
    let product = ProductId::parse("p").unwrap();
    let deleted = catalog.delete_product(&product, &Guard::open(), &origin()).now_or_never().unwrap();
    assert!(matches!(deleted, Err(CatalogError::Store(_))), "{deleted:?}");
    let image = ImageId::new(Uuid::nil());
    let deleted = catalog.delete_image(image, &Guard::open(), &origin()).now_or_never().unwrap();
    assert!(matches!(deleted, Err(CatalogError::Store(_))), "{deleted:?}");
}
