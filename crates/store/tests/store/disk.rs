//! The store in a folder.

use crate::support::{key, open, paths, read};
use chrono::{DateTime, TimeDelta, Utc};
use packshot_contract::image_store::Fixture;
use packshot_contract::image_store_suite;
use packshot_domain::ports::image_store::{ImageStore as _, StoreError};
use packshot_domain::product::ProductId;
use packshot_store::{ObjectImageStore, OpenError, StoreSettings, StoreUrl};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tempfile::TempDir;

const KEY: &str = "p/p_000000000001.jpg";
const VARIANT: &str = "p/large/p_000000000001.jpg";

fn in_folder(folder: &Path) -> ObjectImageStore {
    open(&format!("file://{}", folder.display()))
}

async fn fresh() -> Fixture {
    let folder = TempDir::new().unwrap();
    Fixture { store: Arc::new(in_folder(folder.path())), guard: Box::new(folder) }
}

image_store_suite!(fresh);

fn unavailable<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn a_missing_folder_is_made() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("data/images");
    in_folder(&folder).put(&key(KEY), "x".into()).await.unwrap();
    assert_eq!(fs::read(folder.join(KEY)).unwrap(), b"x");
}

#[test]
fn what_is_no_folder_stops_the_start_and_is_named() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("images")] {
        let error = ObjectImageStore::open(&StoreSettings::new(StoreUrl::File(path))).err().unwrap();
        assert!(matches!(error, OpenError::Folder { .. }) && error.to_string().contains("file"), "{error:?}");
    }
}

#[test]
fn its_place_names_the_folder_without_its_path() {
    let parent = TempDir::new().unwrap();
    let store = in_folder(&parent.path().join("shop/images"));
    let place = store.location(&ProductId::parse("prod_789").unwrap());
    assert_eq!(
        (place.location.as_str(), place.bucket.as_str(), place.region.as_str()),
        ("file://images/prod_789/", "images", "local")
    );
    assert!(store.describe().contains(&parent.path().display().to_string()));
}

#[tokio::test]
async fn only_the_object_itself_is_left_of_a_write() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    store.put(&key(KEY), "x".into()).await.unwrap();
    let names: Vec<_> =
        fs::read_dir(folder.path().join("p")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["p_000000000001.jpg"]);
}

#[tokio::test]
async fn folders_go_with_their_last_object() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    for text in [KEY, VARIANT] {
        store.put(&key(text), "x".into()).await.unwrap();
    }
    store.delete(&[key(VARIANT)]).await.unwrap();
    assert!(!folder.path().join("p/large").exists() && folder.path().join("p").exists());
    store.delete(&[key(KEY)]).await.unwrap();
    store.ping().await.unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".packshot-store", ".packshot-tmp"]);
    assert_eq!(fs::read_dir(folder.path().join(".packshot-tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_folder_that_is_removed_under_a_write_is_made_again() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    let (product, running) = (folder.path().join("p"), Arc::new(AtomicBool::new(true)));
    let still_running = running.clone();
    // As other processes do that delete a product's last object: ten of them during one write, which is
    // more than will ever meet and fewer than a write tries.
    let removals = Arc::new(AtomicU32::new(0));
    let left = removals.clone();
    let remover = std::thread::spawn(move || {
        while still_running.load(Ordering::Relaxed) {
            if left.load(Ordering::Relaxed) > 0 && fs::remove_dir(&product).is_ok() {
                left.fetch_sub(1, Ordering::Relaxed);
            }
        }
    });
    let mut failures = Vec::new();
    for _ in 0..30 {
        removals.store(10, Ordering::Relaxed);
        let put = store.put(&key(KEY), "x".into()).await;
        failures.extend(put.err());
        store.delete(&[key(KEY)]).await.unwrap();
    }
    running.store(false, Ordering::Relaxed);
    remover.join().unwrap();
    assert!(failures.is_empty(), "{} of 30: {:?}", failures.len(), failures[0]);
}

#[tokio::test]
async fn files_of_others_are_listed_as_foreign_and_end_no_listing() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    store.put(&key(KEY), "x".into()).await.unwrap();
    fs::create_dir_all(folder.path().join("deep/er/and/deeper")).unwrap();
    for name in ["notes.txt", "p/.DS_Store", "deep/er/and/deeper/x", "100% #1", "p/p_000000000001.jpg#1"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(
        paths(&store).await,
        [
            "100% #1 (foreign)",
            "deep/er/and/deeper/x (foreign)",
            "notes.txt (foreign)",
            "p/.DS_Store (foreign)",
            "p/p_000000000001.jpg",
        ]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_name_that_is_no_text_ends_no_listing() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.jpg")), "").unwrap();
    assert_eq!(paths(&store).await, ["\u{fffd}.jpg (foreign)"]);
}

/// Makes what a write leaves that was killed `age` ago.
fn leftover(folder: &Path, name: &str, age: TimeDelta) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::create(path).unwrap();
    file.set_modified((start() - age).into()).unwrap();
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[tokio::test]
async fn old_leftovers_are_removed_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    let names = [(".packshot-tmp/1-0-1", 61), (".packshot-tmp/probe-1-0-1", 120), (".packshot-tmp/1-1-2", 59)];
    for (name, minutes) in names {
        leftover(folder.path(), name, TimeDelta::minutes(minutes));
    }
    assert!(paths(&store).await.is_empty());
    assert_eq!(store.count_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 2);
    assert_eq!(store.remove_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 2);
    assert_eq!(store.remove_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 0);
    assert!(folder.path().join(names[2].0).exists());
    // An operator who tidies up takes nothing that is needed.
    fs::remove_dir_all(folder.path().join(".packshot-tmp")).unwrap();
    assert_eq!(store.remove_leftovers(start()).await.unwrap(), 0);
    store.put(&key(KEY), "x".into()).await.unwrap();
    store.ping().await.unwrap();
}

/// Whoever had the store before wrote its temporary files beside the objects.
#[tokio::test]
async fn leftovers_of_an_older_packshot_are_looked_for_until_all_are_found_and_never_again() {
    let folder = TempDir::new().unwrap();
    for (name, minutes) in [
        ("p/p_000000000001.jpg#1", 61),
        ("p/large/p_000000000001.jpg#2", 120),
        ("q/q_000000000001.webp#17", 120),
        (".probe-1-0", 61),
        ("p/p_000000000002.jpg#1", 59),
        ("p/p_000000000003.jpg", 120),
        ("p/notes#1", 120),
        ("p/p_000000000001.jpg#1a", 120),
        ("p/p_000000000001.jpg#", 120),
    ] {
        leftover(folder.path(), name, TimeDelta::minutes(minutes));
    }
    let store = in_folder(folder.path());
    assert_eq!(store.count_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 4);
    assert_eq!(store.remove_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 4);
    assert_eq!(store.remove_leftovers(start() - TimeDelta::minutes(60)).await.unwrap(), 0);
    for kept in ["p/p_000000000002.jpg#1", "p/p_000000000003.jpg", "p/notes#1", "p/p_000000000001.jpg#1a"] {
        assert!(folder.path().join(kept).exists(), "{kept}");
    }
    // The young one was still somebody's, so another sweep looks again, also of another process.
    let store = in_folder(folder.path());
    assert_eq!(store.remove_leftovers(start()).await.unwrap(), 1);
    leftover(folder.path(), "p/p_000000000002.jpg#1", TimeDelta::minutes(59));
    assert_eq!(store.remove_leftovers(start()).await.unwrap(), 0, "nobody writes there any more");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn looking_for_leftovers_opens_no_folder_of_objects() {
    use rustix::fs::inotify;
    use std::mem::MaybeUninit;
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    for text in [KEY, VARIANT] {
        store.put(&key(text), "x".into()).await.unwrap();
    }
    let events = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    let everything = inotify::WatchFlags::OPEN | inotify::WatchFlags::ACCESS | inotify::WatchFlags::ATTRIB;
    for watched in ["p", "p/large"] {
        inotify::add_watch(&events, folder.path().join(watched), everything).unwrap();
    }
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut seen = inotify::Reader::new(&events, &mut buffer);
    assert_eq!(store.count_leftovers(start()).await.unwrap(), 0);
    assert_eq!(store.remove_leftovers(start()).await.unwrap(), 0);
    store.is_there().await.unwrap();
    store.ping().await.unwrap();
    assert!(seen.next().is_err(), "a folder of objects was opened");
    // Whoever does open one is seen.
    assert_eq!(paths(&store).await.len(), 2);
    assert!(seen.next().is_ok());
}

#[tokio::test]
async fn a_leftover_does_not_keep_its_key_from_being_written() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    leftover(folder.path(), &format!("{KEY}#1"), TimeDelta::zero());
    store.put(&key(KEY), "x".into()).await.unwrap();
    assert_eq!(read(&store, &key(KEY)).await.unwrap(), b"x");
}

#[cfg(unix)]
#[tokio::test]
async fn no_symbolic_link_leads_out_of_the_folder() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = in_folder(folder.path());
    fs::create_dir_all(outside.path().join("large")).unwrap();
    for name in ["p_000000000001.jpg", "large/p_000000000001.jpg"] {
        fs::write(outside.path().join(name), "secret").unwrap();
    }
    // The product's folder, a variant's folder, and a file.
    symlink(outside.path(), folder.path().join("p")).unwrap();
    fs::create_dir(folder.path().join("q")).unwrap();
    symlink(outside.path(), folder.path().join("q/large")).unwrap();
    symlink(outside.path().join("p_000000000001.jpg"), folder.path().join("q/q_000000000001.jpg")).unwrap();
    symlink("/nowhere", folder.path().join("q/broken")).unwrap();
    symlink(folder.path(), folder.path().join("q/loop")).unwrap();

    for text in [KEY, VARIANT, "q/large/p_000000000001.jpg", "q/q_000000000001.jpg"] {
        assert!(matches!(store.head(&key(text)).await, Err(StoreError::NotFound)), "{text}");
        assert!(matches!(store.get(&key(text), None).await.map(drop), Err(StoreError::NotFound)), "{text}");
    }
    for text in ["p/p_000000000002.jpg", "p/large/p_000000000002.jpg", "q/large/p_000000000002.jpg"] {
        assert!(unavailable(store.put(&key(text), "x".into()).await), "{text}");
    }
    store.delete(&[key(KEY), key(VARIANT), key("q/large/p_000000000001.jpg")]).await.unwrap();
    assert!(paths(&store).await.is_empty());
    leftover(outside.path(), "p_000000000003.jpg#1", TimeDelta::days(1));
    assert_eq!(store.remove_leftovers(start()).await.unwrap(), 0);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 3, "all is as it was, outside");
    assert_eq!(fs::read(outside.path().join("large/p_000000000001.jpg")).unwrap(), b"secret");

    // A link in a file's place is replaced, not followed.
    store.put(&key("q/q_000000000001.jpg"), "ours".into()).await.unwrap();
    assert_eq!(read(&store, &key("q/q_000000000001.jpg")).await.unwrap(), b"ours");
    assert_eq!(fs::read(outside.path().join("p_000000000001.jpg")).unwrap(), b"secret");
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_itself_may_be_a_link() {
    let (folder, parent) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::os::unix::fs::symlink(folder.path(), parent.path().join("images")).unwrap();
    let store = in_folder(&parent.path().join("images"));
    store.put(&key(KEY), "x".into()).await.unwrap();
    assert_eq!(fs::read(folder.path().join(KEY)).unwrap(), b"x");
}

#[tokio::test]
async fn a_folder_that_has_gone_is_unavailable() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    store.put(&key(KEY), "x".into()).await.unwrap();
    folder.close().unwrap();
    assert!(unavailable(store.ping().await));
    assert!(unavailable(store.get(&key(KEY), None).await));
    assert!(unavailable(store.head(&key(KEY)).await));
    assert!(unavailable(store.delete(&[key(KEY)]).await));
    assert!(unavailable(store.remove_leftovers(start()).await));
    assert!(unavailable(futures_util::TryStreamExt::try_collect::<Vec<_>>(store.list()).await));
}

#[tokio::test]
async fn a_write_that_the_disk_refuses_is_unavailable_with_its_cause_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    // A folder of the file's name, with something in it, refuses the rename.
    fs::create_dir_all(folder.path().join(KEY).join("in the way")).unwrap();
    let Err(StoreError::Unavailable(cause)) = store.put(&key(KEY), "x".into()).await else { panic!("it was written") };
    assert!(!cause.to_string().is_empty());
    assert_eq!(fs::read_dir(folder.path().join("p")).unwrap().count(), 1);
    assert!(matches!(store.get(&key(KEY), None).await.map(drop), Err(StoreError::NotFound)));
}

#[tokio::test]
async fn all_deletions_are_tried_even_when_one_fails() {
    let folder = TempDir::new().unwrap();
    let store = in_folder(folder.path());
    let keys: Vec<_> = (1..4).map(|number| key(&format!("p/p_00000000000{number}.jpg"))).collect();
    store.put(&keys[0], "x".into()).await.unwrap();
    store.put(&keys[2], "x".into()).await.unwrap();
    // What is a folder is not removed as a file.
    fs::create_dir_all(folder.path().join(keys[1].as_str()).join("in the way")).unwrap();
    assert!(unavailable(store.delete(&keys).await));
    assert!(matches!(store.head(&keys[0]).await, Err(StoreError::NotFound)));
    assert!(matches!(store.head(&keys[2]).await, Err(StoreError::NotFound)));
}
