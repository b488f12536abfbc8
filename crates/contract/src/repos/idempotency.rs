//! What `IdempotencyKeys` promise.

use super::Repos;
use crate::builders::{image, moment, origin, user};
use futures_util::future::join_all;
use packshot_domain::ports::idempotency::{
    Completion, Fingerprint, Horizon, IdempotencyKey, Lease, Receipt, Reservation, ScopedKey,
};
use packshot_domain::ports::image_repo::InsertError;
use uuid::Uuid;

const FINGERPRINT: Fingerprint = Fingerprint([7; 32]);
/// Whose every lease is, unless a claim says otherwise.
const OURS: Lease = Lease(Uuid::from_u128(1));
const THEIRS: Lease = Lease(Uuid::from_u128(2));

/// Leases renewed before the moment 0 belong to the dead, completions older than -100 are forgotten.
fn horizon() -> Horizon {
    Horizon { completed_after: moment(-100), renewed_after: moment(0) }
}

fn key(name: &str, text: &str) -> ScopedKey {
    ScopedKey { user: user(name), key: IdempotencyKey::parse(text).unwrap() }
}

async fn reserve(repos: &Repos, key: &ScopedKey, fingerprint: Fingerprint, seconds: i64) -> Reservation {
    repos.keys.reserve(key, OURS, &fingerprint, moment(seconds), &horizon()).await.unwrap()
}

/// Completes the key at that second with an upload.
async fn complete(repos: &Repos, key: &ScopedKey, seconds: i32) {
    repos.put_products(&["p"]).await;
    let mut image = image("p", seconds.unsigned_abs());
    image.uploaded_at = moment(seconds.into());
    repos.begin(&image).await;
    let completion = Completion { key: key.clone(), lease: OURS, receipt: Receipt(b"receipt".to_vec()) };
    repos.images.insert(&image, Some(completion), &origin(0)).await.unwrap();
}

fn completed() -> Reservation {
    Reservation::Completed(Receipt(b"receipt".to_vec()))
}

/// A claim, as it is named.
pub async fn a_key_is_reserved_once(repos: &Repos) {
    let key = key("ada", "k");
    assert_eq!(reserve(repos, &key, FINGERPRINT, 1).await, Reservation::Reserved);
    assert_eq!(reserve(repos, &key, FINGERPRINT, 2).await, Reservation::Running);
    complete(repos, &key, 3).await;
    assert_eq!(reserve(repos, &key, FINGERPRINT, 4).await, completed());
    assert_eq!(reserve(repos, &key, FINGERPRINT, 5).await, completed());
}

/// A claim, as it is named.
pub async fn another_fingerprint_is_a_mismatch(repos: &Repos) {
    let (key, other) = (key("ada", "k"), Fingerprint([8; 32]));
    assert_eq!(reserve(repos, &key, FINGERPRINT, 1).await, Reservation::Reserved);
    assert_eq!(reserve(repos, &key, other, 2).await, Reservation::Mismatch);
    complete(repos, &key, 3).await;
    assert_eq!(reserve(repos, &key, other, 4).await, Reservation::Mismatch);
    assert_eq!(reserve(repos, &key, FINGERPRINT, 5).await, completed());
}

/// A claim, as it is named.
pub async fn users_keys_are_apart(repos: &Repos) {
    for (name, text) in [("ada", "k"), ("bob", "k"), ("ada", "K"), ("ada", "k ")] {
        assert_eq!(reserve(repos, &key(name, text), FINGERPRINT, 1).await, Reservation::Reserved, "{name} {text}");
    }
    repos.keys.release(&key("bob", "k"), OURS).await.unwrap();
    assert_eq!(reserve(repos, &key("ada", "k"), FINGERPRINT, 1).await, Reservation::Running);
}

/// A claim, as it is named.
pub async fn a_released_key_is_free(repos: &Repos) {
    let key = key("ada", "k");
    // Releasing what is not there does nothing.
    repos.keys.release(&key, OURS).await.unwrap();
    assert_eq!(reserve(repos, &key, FINGERPRINT, 1).await, Reservation::Reserved);
    repos.keys.release(&key, OURS).await.unwrap();
    assert_eq!(reserve(repos, &key, Fingerprint([8; 32]), 2).await, Reservation::Reserved);
}

/// A claim, as it is named.
pub async fn a_release_leaves_a_completed_key(repos: &Repos) {
    let key = key("ada", "k");
    reserve(repos, &key, FINGERPRINT, 1).await;
    complete(repos, &key, 2).await;
    repos.keys.release(&key, OURS).await.unwrap();
    assert_eq!(reserve(repos, &key, FINGERPRINT, 3).await, completed());
}

/// A claim, as it is named.
pub async fn an_old_reservation_counts_as_never_seen(repos: &Repos) {
    let key = key("ada", "k");
    assert_eq!(reserve(repos, &key, FINGERPRINT, 0).await, Reservation::Reserved);
    // Made at the horizon is not before it.
    assert_eq!(reserve(repos, &key, FINGERPRINT, 1).await, Reservation::Running);
    let later = Horizon { renewed_after: moment(1), ..horizon() };
    let other = Fingerprint([8; 32]);
    assert_eq!(repos.keys.reserve(&key, THEIRS, &other, moment(2), &later).await.unwrap(), Reservation::Reserved);
    assert_eq!(repos.keys.reserve(&key, THEIRS, &other, moment(3), &later).await.unwrap(), Reservation::Running);
}

/// A claim, as it is named.
pub async fn an_old_completion_counts_as_never_seen(repos: &Repos) {
    let (kept, forgotten) = (key("ada", "kept"), key("ada", "forgotten"));
    for (key, seconds) in [(&kept, -100), (&forgotten, -101)] {
        reserve(repos, key, FINGERPRINT, 1).await;
        complete(repos, key, seconds).await;
    }
    assert_eq!(reserve(repos, &kept, FINGERPRINT, 2).await, completed());
    assert_eq!(reserve(repos, &forgotten, Fingerprint([8; 32]), 2).await, Reservation::Reserved);
    assert_eq!(reserve(repos, &forgotten, Fingerprint([8; 32]), 3).await, Reservation::Running);
}

/// A claim, as it is named.
pub async fn a_renewed_lease_lives_on(repos: &Repos) {
    let key = key("ada", "k");
    assert!(!repos.keys.renew(&key, OURS, moment(0)).await.unwrap(), "there is none");
    assert_eq!(reserve(repos, &key, FINGERPRINT, 0).await, Reservation::Reserved);
    assert!(!repos.keys.renew(&key, THEIRS, moment(5)).await.unwrap(), "it is another's");
    assert!(repos.keys.renew(&key, OURS, moment(5)).await.unwrap());
    let later = Horizon { renewed_after: moment(5), ..horizon() };
    let again = repos.keys.reserve(&key, THEIRS, &FINGERPRINT, moment(6), &later).await.unwrap();
    assert_eq!(again, Reservation::Running);
    complete(repos, &key, 7).await;
    assert!(!repos.keys.renew(&key, OURS, moment(8)).await.unwrap(), "it is completed");
}

/// A claim, as it is named.
pub async fn a_lost_lease_neither_commits_nor_releases(repos: &Repos) {
    let key = key("ada", "k");
    assert_eq!(reserve(repos, &key, FINGERPRINT, 0).await, Reservation::Reserved);
    let later = Horizon { renewed_after: moment(10), ..horizon() };
    let taken = repos.keys.reserve(&key, THEIRS, &FINGERPRINT, moment(20), &later).await.unwrap();
    assert_eq!(taken, Reservation::Reserved);
    repos.put_products(&["p"]).await;
    let image = image("p", 1);
    repos.begin(&image).await;
    let late = Completion { key: key.clone(), lease: OURS, receipt: Receipt(b"late".to_vec()) };
    let refused = repos.images.insert(&image, Some(late), &origin(0)).await;
    assert!(matches!(refused, Err(InsertError::LeaseLost)), "{refused:?}");
    assert_eq!(repos.images.find(image.id).await.unwrap(), None);
    assert!(repos.journal.abandon(image.id).await.unwrap(), "its entry is still there");
    assert!(!repos.keys.renew(&key, OURS, moment(21)).await.unwrap());
    repos.keys.release(&key, OURS).await.unwrap();
    assert_eq!(reserve(repos, &key, FINGERPRINT, 22).await, Reservation::Running);
}

/// A claim, as it is named.
pub async fn expired_keys_are_removed_and_counted(repos: &Repos) {
    for (text, reserved, completed) in
        [("dead", -1, None), ("running", 0, None), ("forgotten", 0, Some(-101)), ("kept", -1, Some(-100))]
    {
        let key = key("ada", text);
        reserve(repos, &key, FINGERPRINT, reserved).await;
        if let Some(seconds) = completed {
            complete(repos, &key, seconds).await;
        }
    }
    assert_eq!(repos.keys.remove_expired(&horizon()).await.unwrap(), 2);
    assert_eq!(repos.keys.remove_expired(&horizon()).await.unwrap(), 0);
    assert_eq!(reserve(repos, &key("ada", "running"), FINGERPRINT, 1).await, Reservation::Running);
    assert_eq!(reserve(repos, &key("ada", "kept"), FINGERPRINT, 1).await, completed());
}

async fn reserved_of_many(repos: &Repos, key: &ScopedKey, horizon: &Horizon) -> usize {
    let callers = join_all((0..20).map(|_| repos.keys.reserve(key, OURS, &FINGERPRINT, moment(50), horizon))).await;
    let mut reserved = 0;
    for reservation in callers {
        match reservation.unwrap() {
            Reservation::Reserved => reserved += 1,
            other => assert_eq!(other, Reservation::Running),
        }
    }
    reserved
}

/// A claim, as it is named.
pub async fn of_many_reservations_at_once_one_is_reserved(repos: &Repos) {
    assert_eq!(reserved_of_many(repos, &key("ada", "k"), &horizon()).await, 1);
}

/// A claim, as it is named.
pub async fn of_many_takeovers_at_once_one_is_reserved(repos: &Repos) {
    let key = key("ada", "k");
    reserve(repos, &key, Fingerprint([8; 32]), 0).await;
    let later = Horizon { renewed_after: moment(10), ..horizon() };
    assert_eq!(reserved_of_many(repos, &key, &later).await, 1);
}
