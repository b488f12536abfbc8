//! What an `ImageRepo` promises about deletions.

use super::{Repos, everything};
use crate::builders::{image, moment, object_keys, origin, product_id, tags};
use futures_util::future::{join, join_all};
use packshot_domain::image::Image;
use packshot_domain::ports::image_repo::InsertError;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};

fn deletion(image: &Image) -> JournalEntry {
    JournalEntry { image: image.id, kind: EntryKind::Deletion, keys: object_keys(image), entered_at: moment(50) }
}

/// A claim, as it is named.
pub async fn a_deleted_image_is_gone_and_its_objects_are_in_the_journal(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let gone = Image { is_primary: true, tags: tags(&["gone", "both"]), ..image("p", 1) };
    let stays = Image { tags: tags(&["both"]), ..image("p", 2) };
    repos.upload(&gone).await;
    repos.upload(&stays).await;
    assert_eq!(repos.images.delete(gone.id, &origin(50)).await.unwrap(), Some(deletion(&gone)));
    assert_eq!(repos.images.find(gone.id).await.unwrap(), None);
    // A deletion is due at once, whatever age uploads must have.
    assert_eq!(repos.entries(EntryKind::Deletion).await, [deletion(&gone)]);
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!((page.total, page.available_tags), (1, vec!["both".to_owned()]));
    let summary = repos.images.summary(&product_id("p")).await.unwrap();
    assert_eq!((summary.count, summary.primary), (1, None));
    assert_eq!(repos.images.find(stays.id).await.unwrap(), Some(stays));
}

/// A claim, as it is named.
pub async fn deleting_again_is_none(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.upload(&image).await;
    assert!(repos.images.delete(image.id, &origin(50)).await.unwrap().is_some());
    assert_eq!(repos.images.delete(image.id, &origin(51)).await.unwrap(), None);
    repos.journal.finish(image.id).await.unwrap();
    assert_eq!(repos.images.delete(image.id, &origin(52)).await.unwrap(), None);
    assert_eq!(repos.entries(EntryKind::Deletion).await, []);
}

/// A claim, as it is named.
pub async fn a_product_goes_with_all_its_images(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let gone = [image("p", 1), Image { is_primary: true, tags: tags(&["a"]), ..image("p", 2) }];
    let stays = Image { is_primary: true, tags: tags(&["b"]), ..image("q", 3) };
    for image in gone.iter().chain([&stays]) {
        repos.upload(image).await;
    }
    let mut entries = repos.images.delete_product(&product_id("p"), &origin(50)).await.unwrap().unwrap();
    entries.sort_by_key(|entry| entry.image);
    assert_eq!(entries, gone.each_ref().map(deletion));
    assert_eq!(repos.entries(EntryKind::Deletion).await, entries);
    assert_eq!(repos.products.find(&product_id("p")).await.unwrap(), None);
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!(page.items.into_iter().map(|(image, _)| image).collect::<Vec<_>>(), [stays]);
    assert_eq!((page.total, page.available_tags), (1, vec!["b".to_owned()]));
    // A new product of that id starts without images.
    repos.put_products(&["p"]).await;
    assert_eq!(repos.images.summary(&product_id("p")).await.unwrap().count, 0);
    assert_eq!(repos.images.delete_product(&product_id("p"), &origin(51)).await.unwrap(), Some(Vec::new()));
}

/// A claim, as it is named.
pub async fn a_product_that_is_not_there_is_none(repos: &Repos) {
    assert_eq!(repos.images.delete_product(&product_id("p"), &origin(50)).await.unwrap(), None);
}

/// A claim, as it is named.
pub async fn of_many_deletions_at_once_one_deletes(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.upload(&image).await;
    let origin = origin(50);
    let deletions = join_all((0..10).map(|_| repos.images.delete(image.id, &origin))).await;
    assert_eq!(deletions.into_iter().filter(|deleted| deleted.as_ref().unwrap().is_some()).count(), 1);
}

/// A claim, as it is named.
pub async fn an_upload_to_a_product_being_deleted_leaves_no_row_and_no_unnamed_object(repos: &Repos) {
    for number in 1..=10 {
        repos.put_products(&["p"]).await;
        let image = Image { is_primary: true, tags: tags(&["a"]), ..image("p", number) };
        repos.begin(&image).await;
        let id = product_id("p");
        let (inserted, deleted) =
            join(repos.images.insert(&image, None, &origin(0)), repos.images.delete_product(&id, &origin(50))).await;
        let entries = deleted.unwrap().unwrap();
        let kind = match inserted {
            Ok(()) => EntryKind::Deletion,
            Err(InsertError::ProductGone) => EntryKind::Upload,
            Err(error) => unreachable!("{error:?}"),
        };
        assert_eq!(entries.len(), usize::from(kind == EntryKind::Deletion));
        assert_eq!(repos.images.list(&everything()).await.unwrap().total, 0);
        let named = [repos.entries(EntryKind::Upload).await, repos.entries(EntryKind::Deletion).await].concat();
        assert_eq!(named.iter().map(|entry| (entry.image, entry.kind)).collect::<Vec<_>>(), [(image.id, kind)]);
        repos.journal.finish(image.id).await.unwrap();
    }
}
