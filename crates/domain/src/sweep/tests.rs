//! The sweep against mocked ports: whose entries end with their objects, whose stay, and what holds up what.

use super::*;
use crate::image::ImageId;
use crate::ports::audit_log::MockAuditLog;
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

fn number(key: &ObjectKey) -> u128 {
    u128::from_str_radix(&key.as_str()["prod_789/prod_789_".len()..][..12], 16).unwrap()
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("it is stuck".into())
}

fn down<T>() -> Result<T, RepoError> {
    Err(RepoError::Unavailable("it is down".into()))
}

/// A journal with these entries, all of them dead, that does what the port says.
fn journal(entries: Vec<JournalEntry>) -> (MockUploadJournal, Arc<Mutex<Vec<Claimed>>>) {
    let claimed = |entry: JournalEntry| Claimed { attempts: 0, due_at: entry.entered_at, entry };
    let state = Arc::new(Mutex::new(entries.into_iter().map(claimed).collect::<Vec<_>>()));
    let mut journal = MockUploadJournal::new();
    let of = state.clone();
    journal.expect_claim().returning(move |due, after, limit| {
        let mut found: Vec<Claimed> = of.lock().unwrap().clone();
        found.retain(|claimed| claimed.entry.kind == due.kind && claimed.due_at <= due.by);
        found.retain(|claimed| after.is_none_or(|after| claimed.position() > after));
        found.sort_by_key(Claimed::position);
        found.truncate(limit as usize);
        Ok(found)
    });
    let of = state.clone();
    journal.expect_finish().returning(move |image| {
        of.lock().unwrap().retain(|claimed| claimed.entry.image != image);
        Ok(())
    });
    let of = state.clone();
    journal.expect_postpone().returning(move |image, until| {
        let mut claimed = of.lock().unwrap();
        let claimed = claimed.iter_mut().find(|claimed| claimed.entry.image == image).unwrap();
        (claimed.attempts, claimed.due_at) = (claimed.attempts + 1, until);
        Ok(())
    });
    let of = state.clone();
    journal
        .expect_stuck()
        .returning(move || Ok(of.lock().unwrap().iter().filter(|claimed| claimed.attempts > 0).count() as u64));
    (journal, state)
}

/// A store that deletes the objects of each entry but those of `stuck`, each once.
fn store(entries: usize, stuck: &'static [u128], ping: Result<(), StoreError>) -> MockImageStore {
    let mut store = MockImageStore::new();
    store.expect_is_there().returning(|| Ok(()));
    store
        .expect_delete()
        .times(..=entries)
        .returning(|keys| if stuck.contains(&number(&keys[0])) { Err(unavailable()) } else { Ok(()) });
    let up = ping.is_ok();
    store.expect_ping().returning(move || if up { Ok(()) } else { Err(unavailable()) });
    store.expect_remove_leftovers().returning(|_| Ok(7));
    store
}

fn sweep(journal: MockUploadJournal, store: MockImageStore) -> Sweep {
    let (mut keys, mut limiter, mut clock) = (MockIdempotencyKeys::new(), MockRateLimiter::new(), MockClock::new());
    keys.expect_remove_expired().returning(|_| Ok(8));
    limiter.expect_remove_expired().returning(|_| Ok(9));
    clock.expect_now().returning(now);
    Sweep {
        journal: Arc::new(journal),
        store: Arc::new(store),
        keys: Arc::new(keys),
        limiter: Arc::new(limiter),
        // It may not be asked.
        audit: Arc::new(MockAuditLog::new()),
        clock: Arc::new(clock),
        landing: GRACE,
        audit_retention: None,
    }
}

fn run(sweep: &Sweep, spared: Spared, tries: Tries) -> SweepReport {
    sweep.run(spared, tries).now_or_never().unwrap()
}

/// Sweeps a journal with these entries; gives the report and what the journal has then.
fn sweep_all(entries: Vec<JournalEntry>, spared: Spared) -> (SweepReport, Vec<JournalEntry>) {
    let store = store(entries.len(), &[], Ok(()));
    let (journal, state) = journal(entries);
    let report = run(&sweep(journal, store), spared, Tries::Due);
    assert!(report.is_complete(), "{report:?}");
    let left = state.lock().unwrap().iter().map(|claimed| claimed.entry.clone()).collect();
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
    let (report, left) = sweep_all(entries.clone(), Spared::Younger(TimeDelta::zero()));
    assert_eq!((report.uploads, report.landing, report.deletions, report.objects), (2, 1, 2, 4));
    assert_eq!(left, [entries[2].clone()]);
    let (report, left) = sweep_all(entries, Spared::Nothing);
    assert_eq!((report.uploads, report.landing, report.deletions), (2, 0, 2));
    assert_eq!(left, []);
}

#[test]
fn entries_that_stay_hide_none_behind_them() {
    let mut entries: Vec<JournalEntry> =
        (0..350).map(|number| entry(number, EntryKind::Upload, TimeDelta::minutes(1))).collect();
    entries.push(entry(350, EntryKind::Upload, TimeDelta::zero()));
    entries.push(entry(351, EntryKind::Deletion, TimeDelta::zero()));
    let (report, left) = sweep_all(entries, Spared::Younger(TimeDelta::zero()));
    assert_eq!((report.uploads, report.landing, report.deletions), (351, 351, 1));
    assert_eq!(left.len(), 351);
}

#[test]
fn where_nothing_is_spared_no_clock_can_save_what_is_dead() {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let grace = Spared::Younger(TimeDelta::minutes(15));
    assert_eq!(grace.uploads_from(now), now - TimeDelta::minutes(15));
    assert_eq!(grace.keys_from(now), horizon(now));
    assert!(Spared::Nothing.uploads_from(now) > now + TimeDelta::days(36_500));
    let keys = Spared::Nothing.keys_from(now);
    assert!(keys.renewed_after > now + TimeDelta::days(36_500));
    assert_eq!(keys.completed_after, horizon(now).completed_after, "what was answered is remembered");
}

fn deletions(count: u128) -> Vec<JournalEntry> {
    let age = |number: u128| TimeDelta::minutes(500) - TimeDelta::seconds(i64::try_from(number).unwrap());
    (0..count).map(|number| entry(number, EntryKind::Deletion, age(number))).collect()
}

#[test]
fn an_object_that_cannot_be_deleted_holds_up_nothing_and_waits_longer_each_time() {
    let (journal, state) = journal(deletions(250));
    let mut sweep = sweep(journal, store(251, &[0, 1, 120], Ok(())));
    let report = run(&sweep, Spared::Younger(GRACE), Tries::Due);
    assert_eq!((report.deletions, report.stuck), (247, Some(3)));
    assert_eq!(report.postponed.iter().map(|stuck| stuck.attempts).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(!report.is_complete() && report.failures.is_empty());
    // The other parts were done.
    assert_eq!((report.leftovers, report.expired_keys, report.expired_windows), (7, 8, 9));
    // None of them is due in the same moment again; an operator's sweep tries them all the same, each once.
    assert!(run(&sweep, Spared::Younger(GRACE), Tries::Due).postponed.is_empty());
    sweep.store = Arc::new(store(3, &[0, 120], Ok(())));
    let report = run(&sweep, Spared::Younger(GRACE), Tries::All);
    assert_eq!((report.deletions, report.postponed.len()), (1, 2));
    let left = state.lock().unwrap();
    assert!(left.iter().all(|claimed| claimed.attempts == 2 && claimed.due_at >= now() + TimeDelta::minutes(1)));
}

#[test]
fn many_that_are_stuck_in_a_row_are_passed_while_the_store_itself_answers() {
    static STUCK: [u128; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    let (first, _) = journal(deletions(13));
    let report = run(&sweep(first, store(13, &STUCK, Ok(()))), Spared::Younger(GRACE), Tries::All);
    assert_eq!((report.deletions, report.postponed.len()), (1, 12));
    assert!(!report.failed(Part::Deletions));
    // A store that is down is not asked for each of a million objects.
    let (second, _) = journal(deletions(13));
    let report = run(&sweep(second, store(5, &STUCK, Err(unavailable()))), Spared::Younger(GRACE), Tries::All);
    assert_eq!((report.deletions, report.postponed.len()), (0, 5));
    assert!(report.failed(Part::Deletions) && !report.failed(Part::Leftovers));
}

#[test]
fn where_the_place_of_the_objects_has_gone_no_entry_is_to_blame() {
    let (journal, state) = journal(deletions(3));
    let mut store = MockImageStore::new();
    store.expect_is_there().returning(|| Err(unavailable()));
    store.expect_remove_leftovers().returning(|_| Err(unavailable()));
    let report = run(&sweep(journal, store), Spared::Younger(GRACE), Tries::Due);
    assert!(report.failed(Part::Deletions) && report.failed(Part::Leftovers) && !report.failed(Part::Uploads));
    assert_eq!((report.expired_keys, report.expired_windows, report.postponed.len()), (8, 9, 0));
    assert!(state.lock().unwrap().iter().all(|claimed| claimed.attempts == 0));
}

/// Whichever parts fail, the others are done.
#[test]
fn each_part_fails_alone() {
    for failing in 0..1_u32 << Part::ALL.len() {
        let fails = |part: Part| failing & (1 << Part::ALL.iter().position(|known| *known == part).unwrap()) != 0;
        let (uploads, deletions) = (fails(Part::Uploads), fails(Part::Deletions));
        let mut journal = MockUploadJournal::new();
        journal.expect_claim().returning(move |due, after, _| match (due.kind, after) {
            (EntryKind::Upload, _) if uploads => down(),
            (EntryKind::Deletion, _) if deletions => down(),
            (_, Some(_)) => Ok(Vec::new()),
            (kind, None) => {
                let entry = entry(1, kind, TimeDelta::hours(1));
                Ok(vec![Claimed { attempts: 0, due_at: entry.entered_at, entry }])
            }
        });
        journal.expect_finish().returning(|_| Ok(()));
        journal.expect_stuck().returning(down);
        let mut store = MockImageStore::new();
        store.expect_is_there().returning(|| Ok(()));
        store.expect_delete().returning(|_| Ok(()));
        let leftovers = fails(Part::Leftovers);
        store.expect_remove_leftovers().returning(move |_| if leftovers { Err(unavailable()) } else { Ok(1) });
        let (mut keys, mut limiter, mut audit) =
            (MockIdempotencyKeys::new(), MockRateLimiter::new(), MockAuditLog::new());
        let (expired, windows, old) = (fails(Part::Keys), fails(Part::Windows), fails(Part::Audit));
        keys.expect_remove_expired().returning(move |_| if expired { down() } else { Ok(1) });
        limiter.expect_remove_expired().returning(move |_| if windows { down() } else { Ok(1) });
        audit.expect_remove_before().returning(move |before| {
            assert_eq!(before, now() - TimeDelta::days(30));
            if old { down() } else { Ok(1) }
        });
        let sweep = Sweep {
            keys: Arc::new(keys),
            limiter: Arc::new(limiter),
            audit: Arc::new(audit),
            audit_retention: Some(TimeDelta::days(30)),
            ..sweep(journal, store)
        };
        let report = run(&sweep, Spared::Younger(GRACE), Tries::Due);
        let done = [
            (Part::Uploads, report.uploads),
            (Part::Deletions, report.deletions),
            (Part::Leftovers, report.leftovers),
            (Part::Keys, report.expired_keys),
            (Part::Windows, report.expired_windows),
            (Part::Audit, report.audit_entries),
        ];
        for (part, count) in done {
            assert_eq!((report.failed(part), count), (fails(part), u64::from(!fails(part))), "{part:?} of {failing:b}");
        }
    }
}
