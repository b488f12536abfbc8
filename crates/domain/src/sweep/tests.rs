//! The sweep against mocked ports: whose entries end with their objects, and whose stay.

use super::*;
use crate::image::ImageId;
use crate::ports::clock::MockClock;
use crate::ports::idempotency::MockIdempotencyKeys;
use crate::ports::image_store::MockImageStore;
use crate::ports::rate_limiter::MockRateLimiter;
use crate::ports::upload_journal::MockUploadJournal;
use crate::storage::ObjectKey;
use futures_util::FutureExt;
use std::sync::Mutex;
use uuid::Uuid;

const GRACE: TimeDelta = TimeDelta::minutes(15);

fn now() -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn entry(number: u128, kind: EntryKind, age: TimeDelta) -> JournalEntry {
    let key = ObjectKey::parse(&format!("prod_789/prod_789_{number:012x}.jpg")).unwrap();
    JournalEntry { image: ImageId::new(Uuid::from_u128(number)), kind, keys: vec![key], entered_at: now() - age }
}

/// Sweeps a journal with these entries, all of them dead; gives the report and what the journal has then.
fn sweep(entries: Vec<JournalEntry>, spared: Spared) -> (SweepReport, Vec<JournalEntry>) {
    let entries = Arc::new(Mutex::new(entries));
    let (mut journal, mut store) = (MockUploadJournal::new(), MockImageStore::new());
    let (mut keys, mut limiter, mut clock) = (MockIdempotencyKeys::new(), MockRateLimiter::new(), MockClock::new());
    let of = entries.clone();
    journal
        .expect_claim()
        .returning(move |_, limit| Ok(of.lock().unwrap().iter().take(limit as usize).cloned().collect()));
    let of = entries.clone();
    journal.expect_finish().returning(move |image| {
        of.lock().unwrap().retain(|entry| entry.image != image);
        Ok(())
    });
    // The objects of each once.
    store.expect_delete().times(entries.lock().unwrap().len()).returning(|_| Ok(()));
    store.expect_remove_leftovers().returning(|_| Ok(0));
    keys.expect_remove_expired().returning(|_| Ok(0));
    limiter.expect_remove_expired().returning(|_| Ok(0));
    clock.expect_now().returning(now);
    let sweep = Sweep {
        journal: Arc::new(journal),
        store: Arc::new(store),
        keys: Arc::new(keys),
        limiter: Arc::new(limiter),
        clock: Arc::new(clock),
        landing: GRACE,
    };
    let report = sweep.run(spared).now_or_never().unwrap().unwrap();
    let left = entries.lock().unwrap().clone();
    (report, left)
}

#[test]
fn a_young_upload_stays_in_the_journal_for_what_may_still_land() {
    let (old, young) = (TimeDelta::minutes(16), TimeDelta::minutes(1));
    let entries = vec![
        entry(1, EntryKind::Upload, old),
        entry(2, EntryKind::Deletion, old),
        entry(3, EntryKind::Upload, young),
        entry(4, EntryKind::Deletion, young),
    ];
    let (report, left) = sweep(entries.clone(), Spared::Younger(TimeDelta::zero()));
    assert_eq!((report.uploads, report.landing, report.deletions, report.objects), (2, 1, 2, 4));
    assert_eq!(left, [entries[2].clone()]);
    let (report, left) = sweep(entries, Spared::Nothing);
    assert_eq!((report.uploads, report.landing, report.deletions), (2, 0, 2));
    assert_eq!(left, []);
}

#[test]
fn entries_that_stay_hide_none_behind_them() {
    let mut entries: Vec<JournalEntry> =
        (0..350).map(|number| entry(number, EntryKind::Upload, TimeDelta::minutes(1))).collect();
    entries.push(entry(350, EntryKind::Deletion, TimeDelta::zero()));
    let (report, left) = sweep(entries, Spared::Younger(TimeDelta::zero()));
    assert_eq!((report.uploads, report.landing, report.deletions), (350, 350, 1));
    assert_eq!(left.len(), 350);
}

#[test]
fn where_nothing_is_spared_no_clock_can_save_what_is_dead() {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let grace = Spared::Younger(TimeDelta::minutes(15));
    assert_eq!(grace.uploads_from(now), now - TimeDelta::minutes(15));
    assert_eq!(grace.keys_from(now), horizon(now));
    assert!(Spared::Nothing.uploads_from(now) > now + TimeDelta::days(36_500));
    let keys = Spared::Nothing.keys_from(now);
    assert!(keys.reserved_after > now + TimeDelta::days(36_500));
    assert_eq!(keys.completed_after, horizon(now).completed_after, "what was answered is remembered");
}
