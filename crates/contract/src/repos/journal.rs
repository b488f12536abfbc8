//! What an `UploadJournal` promises.

use super::Repos;
use crate::builders::{image, moment, object_keys, origin};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::upload_journal::{Claimed, Due, EntryKind, JournalEntry, JournalError};

/// Later than every upload of these claims.
const LATE: i64 = 1000;

fn upload(image: &Image) -> JournalEntry {
    JournalEntry { image: image.id, kind: EntryKind::Upload, keys: object_keys(image), entered_at: image.uploaded_at }
}

fn due(kind: EntryKind, uploads_before: DateTime<Utc>) -> Due {
    Due { kind, uploads_before, by: moment(LATE) }
}

fn entries(claimed: Vec<Claimed>) -> Vec<JournalEntry> {
    claimed.into_iter().map(|claimed| claimed.entry).collect()
}

/// The uploads that would be.
async fn peek(repos: &Repos, uploads_before: DateTime<Utc>, limit: u32) -> Vec<JournalEntry> {
    entries(repos.journal.peek(&due(EntryKind::Upload, uploads_before), limit).await.unwrap())
}

async fn claim_deletions(repos: &Repos) -> Vec<JournalEntry> {
    entries(repos.journal.claim(&due(EntryKind::Deletion, moment(-100)), None, 10).await.unwrap())
}

fn ids(entries: &[JournalEntry]) -> Vec<ImageId> {
    entries.iter().map(|entry| entry.image).collect()
}

/// A claim, as it is named.
pub async fn a_young_upload_is_left_alone_and_an_old_one_is_claimed(repos: &Repos) {
    let (old, young) = (image("p", 1), image("p", 2));
    repos.begin(&old).await;
    repos.begin(&young).await;
    // Begun at that very moment is not before it.
    assert_eq!(repos.claim_uploads(old.uploaded_at, 10).await, []);
    assert_eq!(repos.claim_uploads(young.uploaded_at, 10).await, [upload(&old)]);
}

/// A claim, as it is named.
pub async fn a_key_is_taken_by_an_entry(repos: &Repos) {
    let first = image("p", 1);
    repos.begin(&first).await;
    let second = image("p", 2);
    let error = repos.journal.begin(second.id, &object_keys(&first), moment(0)).await.unwrap_err();
    assert!(matches!(error, JournalError::KeyTaken), "{error:?}");
    // Nothing of it stays: the second upload begins with a key of its own.
    repos.begin(&second).await;
    assert_eq!(peek(repos, moment(LATE), 10).await, [upload(&first), upload(&second)]);
}

/// A claim, as it is named.
pub async fn a_key_is_taken_by_an_image(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let first = image("p", 1);
    repos.upload(&first).await;
    let begun = repos.journal.begin(image("p", 2).id, &object_keys(&first), moment(0)).await;
    assert!(matches!(begun, Err(JournalError::KeyTaken)), "{begun:?}");
    assert_eq!(peek(repos, moment(LATE), 10).await, []);
    // Deleted, but its objects may still be there.
    repos.images.delete(first.id, &origin(1)).await.unwrap();
    let begun = repos.journal.begin(image("p", 2).id, &object_keys(&first), moment(0)).await;
    assert!(matches!(begun, Err(JournalError::KeyTaken)), "{begun:?}");
}

/// A claim, as it is named.
pub async fn a_finished_key_is_free(repos: &Repos) {
    let image = image("p", 1);
    repos.begin(&image).await;
    repos.journal.finish(image.id).await.unwrap();
    repos.journal.finish(image.id).await.unwrap();
    repos.begin(&image).await;
}

/// A claim, as it is named.
pub async fn finishing_many_removes_their_entries_and_no_others(repos: &Repos) {
    let images: Vec<Image> = (1..=6).map(|number| image("p", number)).collect();
    for image in &images {
        repos.begin(image).await;
    }
    // Among more than one statement takes, of which most have no entry.
    let finished: Vec<ImageId> = images.iter().skip(1).step_by(2).map(|image| image.id).collect();
    let unknown = (1000..2300).map(|number| image("p", number).id);
    let named: Vec<ImageId> = finished.iter().copied().chain(unknown).chain(finished.iter().copied()).collect();
    repos.journal.finish_all(&named).await.unwrap();
    let left = peek(repos, moment(LATE), 10).await;
    assert_eq!(left, [&images[0], &images[2], &images[4]].map(upload));
    repos.journal.finish_all(&[]).await.unwrap();
    repos.journal.finish_all(&ids(&left)).await.unwrap();
    assert_eq!(peek(repos, moment(LATE), 10).await, []);
}

/// A claim, as it is named.
pub async fn of_many_begins_with_one_key_one_gets_it(repos: &Repos) {
    let keys = object_keys(&image("p", 1));
    let begins = join_all((1..=20).map(|number| repos.journal.begin(image("p", number).id, &keys, moment(0)))).await;
    let mut granted = 0;
    for begun in begins {
        match begun {
            Ok(()) => granted += 1,
            Err(JournalError::KeyTaken) => {}
            Err(error) => unreachable!("{error:?}"),
        }
    }
    assert_eq!(granted, 1);
}

/// A claim, as it is named.
pub async fn an_abandoned_upload_is_a_deletion(repos: &Repos) {
    let image = image("p", 1);
    repos.begin(&image).await;
    for _ in 0..2 {
        assert!(repos.journal.abandon(image.id).await.unwrap());
    }
    let deletion = JournalEntry { kind: EntryKind::Deletion, ..upload(&image) };
    assert_eq!(claim_deletions(repos).await, [deletion]);
    assert_eq!(repos.claim_uploads(moment(LATE), 10).await, []);
}

/// A claim, as it is named.
pub async fn abandoning_what_is_not_there_is_false(repos: &Repos) {
    assert!(!repos.journal.abandon(image("p", 1).id).await.unwrap());
}

/// A claim, as it is named.
pub async fn claiming_again_gives_the_same_until_finished(repos: &Repos) {
    let images = [image("p", 1), image("p", 2)];
    for image in &images {
        repos.begin(image).await;
    }
    for _ in 0..3 {
        assert_eq!(repos.claim_uploads(moment(LATE), 10).await, images.each_ref().map(upload));
    }
    repos.journal.finish(images[0].id).await.unwrap();
    assert_eq!(repos.claim_uploads(moment(LATE), 10).await, [upload(&images[1])]);
}

/// A claim, as it is named.
pub async fn a_claimed_upload_stays_claimed_for_a_later_sweeper(repos: &Repos) {
    let image = image("p", 1);
    repos.begin(&image).await;
    repos.claim_uploads(moment(LATE), 10).await;
    // One with more patience: the upload cannot commit any more, whatever its age.
    assert_eq!(repos.claim_uploads(moment(-100), 10).await, [upload(&image)]);
}

/// A claim, as it is named.
pub async fn a_claim_takes_the_oldest_up_to_its_limit(repos: &Repos) {
    let images: Vec<Image> = (1..=5).map(|number| image("p", number)).collect();
    for image in images.iter().rev() {
        repos.begin(image).await;
    }
    let claimed = repos.claim_uploads(moment(LATE), 3).await;
    assert_eq!(ids(&claimed), images[..3].iter().map(|image| image.id).collect::<Vec<_>>());
    assert_eq!(repos.claim_uploads(moment(LATE), 0).await, []);
}

/// A claim, as it is named.
pub async fn a_peek_claims_nothing(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.begin(&image).await;
    assert_eq!(peek(repos, moment(LATE), 10).await, [upload(&image)]);
    assert_eq!(peek(repos, moment(LATE), 0).await, []);
    repos.images.insert(&image, None, &origin(0)).await.unwrap();
}

/// A claim, as it is named.
pub async fn many_sweepers_at_once_claim_without_fault(repos: &Repos) {
    for number in 1..=20 {
        repos.begin(&image("p", number)).await;
    }
    for claimed in join_all((0..8).map(|_| repos.claim_uploads(moment(LATE), 15))).await {
        assert_eq!(claimed.len(), 15);
    }
}

/// A claim, as it is named.
pub async fn an_entry_names_its_objects_until_it_is_finished(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let (image, other) = (image("p", 1), image("p", 2));
    repos.begin(&image).await;
    for key in object_keys(&image) {
        assert!(repos.journal.names(&key).await.unwrap(), "{key}");
    }
    for key in object_keys(&other) {
        assert!(!repos.journal.names(&key).await.unwrap(), "{key}");
    }
    repos.journal.finish(image.id).await.unwrap();
    assert!(!repos.journal.names(&object_keys(&image)[0]).await.unwrap());
}

/// A claim, as it is named.
pub async fn uploads_and_deletions_are_claimed_apart(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let (begun, deleted) = (image("p", 1), image("p", 2));
    repos.begin(&begun).await;
    repos.upload(&deleted).await;
    repos.images.delete(deleted.id, &origin(1)).await.unwrap();
    assert_eq!(ids(&repos.claim_uploads(moment(LATE), 10).await), [begun.id]);
    assert_eq!(ids(&claim_deletions(repos).await), [deleted.id]);
}

/// A claim, as it is named.
pub async fn what_is_postponed_is_in_nobodys_way_until_it_is_due(repos: &Repos) {
    let images = [image("p", 1), image("p", 2), image("p", 3)];
    for image in &images {
        repos.begin(image).await;
    }
    let due = |by| Due { by: moment(by), ..due(EntryKind::Upload, moment(LATE)) };
    assert_eq!(repos.journal.stuck().await.unwrap(), 0);
    for (attempts, until) in [(1, 2000), (2, 3000)] {
        repos.journal.postpone(images[0].id, moment(until)).await.unwrap();
        // It is not the first any more, though it was entered first.
        let claimed = repos.journal.claim(&due(LATE), None, 2).await.unwrap();
        assert_eq!(ids(&entries(claimed)), [images[1].id, images[2].id]);
        let claimed = repos.journal.claim(&due(until), None, 10).await.unwrap();
        assert_eq!((claimed[2].entry.image, claimed[2].attempts), (images[0].id, attempts));
        assert_eq!(claimed[2].due_at, moment(until));
        assert_eq!((claimed[0].attempts, claimed[0].due_at), (0, images[1].uploaded_at));
        assert_eq!(repos.journal.peek(&due(until - 1), 10).await.unwrap().len(), 2);
    }
    assert_eq!(repos.journal.stuck().await.unwrap(), 1);
    repos.journal.finish(images[0].id).await.unwrap();
    repos.journal.postpone(images[0].id, moment(0)).await.unwrap();
    assert_eq!(repos.journal.stuck().await.unwrap(), 0);
}

/// A claim, as it is named.
pub async fn a_claim_goes_on_behind_a_position(repos: &Repos) {
    // Two of them stand at the same moment.
    let mut images: Vec<Image> = (1..=5).map(|number| image("p", number)).collect();
    images[2].uploaded_at = images[1].uploaded_at;
    for image in &images {
        repos.begin(image).await;
    }
    let due = due(EntryKind::Upload, moment(LATE));
    let all = repos.journal.peek(&due, 10).await.unwrap();
    assert_eq!(all.len(), 5);
    for step in 1..=5 {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let claimed = repos.journal.claim(&due, after, step).await.unwrap();
            let Some(last) = claimed.last() else { break };
            after = Some(last.position());
            seen.extend(claimed);
        }
        assert_eq!(seen, all, "{step} at a time");
    }
}
