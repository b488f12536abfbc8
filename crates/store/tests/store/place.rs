//! The folder of a store: it is made once, and what is in its place while it is away is not taken for it.

use crate::support::{key, open, paths, read};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use packshot_domain::ports::image_store::{ImageStore as _, ListedObject, StoreError};
use packshot_domain::storage::StoreId;
use packshot_store::{ObjectImageStore, OpenError, Owner, StoreSettings, StoreUrl};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KEY: &str = "p/p_000000000001.jpg";
const MARKER: &str = ".packshot-store";

fn in_folder(folder: &Path) -> ObjectImageStore {
    open(&format!("file://{}", folder.display()))
}

fn open_as(folder: &Path, owner: Owner) -> Result<ObjectImageStore, OpenError> {
    ObjectImageStore::open(&StoreSettings { owner, ..StoreSettings::new(StoreUrl::File(folder.to_owned())) })
}

/// Checks that everything that can be asked of the store is refused, and that nothing is said to be missing or gone.
async fn all_is_unavailable(store: &ObjectImageStore) {
    let unavailable = |what: &str, outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{what}: {outcome:?}");
    };
    unavailable("put", store.put(&key("p/p_000000000002.jpg"), "x".into()).await);
    for known in [KEY, "q/q_000000000009.jpg"] {
        unavailable("get", store.get(&key(known), None).await.map(drop));
        unavailable("head", store.head(&key(known)).await.map(drop));
        unavailable("delete", store.delete(&[key(known)]).await);
    }
    unavailable("list", store.list().try_collect::<Vec<ListedObject>>().await.map(drop));
    unavailable("is_there", store.is_there().await);
    unavailable("ping", store.ping().await);
    unavailable("count_leftovers", store.count_leftovers(DateTime::<Utc>::MAX_UTC).await.map(drop));
    unavailable("remove_leftovers", store.remove_leftovers(DateTime::<Utc>::MAX_UTC).await.map(drop));
}

/// Everything below `folder`.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn while_the_folder_is_away_nothing_is_made_found_or_lost_and_then_it_goes_on() {
    let parent = TempDir::new().unwrap();
    let (folder, away) = (parent.path().join("images"), parent.path().join("away"));
    let store = in_folder(&folder);
    store.put(&key(KEY), "x".into()).await.unwrap();
    // What the place of a volume looks like that is not mounted: gone, empty, a file, another store.
    let places: [fn(&Path); 4] = [
        |_| {},
        |place| fs::create_dir(place).unwrap(),
        |place| fs::write(place, "a file").unwrap(),
        |place| drop(in_folder(place)),
    ];
    for in_its_place in places {
        fs::rename(&folder, &away).unwrap();
        in_its_place(&folder);
        let before = if folder.is_dir() { below(&folder) } else { Vec::new() };
        all_is_unavailable(&store).await;
        if folder.is_dir() {
            assert_eq!(below(&folder), before);
            fs::remove_dir_all(&folder).unwrap();
        } else {
            let _ = fs::remove_file(&folder);
        }
        fs::rename(&away, &folder).unwrap();
        store.ping().await.unwrap();
        assert_eq!(read(&store, &key(KEY)).await.unwrap(), b"x");
        store.put(&key("p/p_000000000002.jpg"), "y".into()).await.unwrap();
        store.delete(&[key("p/p_000000000002.jpg")]).await.unwrap();
        assert_eq!(paths(&store).await, [KEY]);
    }
}

#[test]
fn only_a_store_that_is_new_is_made() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("images");
    let (id, other) = (StoreId::from_bits(7), StoreId::from_bits(8));
    assert!(matches!(open_as(&folder, Owner::Known(id)), Err(OpenError::Folder { .. })));
    fs::create_dir(&folder).unwrap();
    assert!(matches!(open_as(&folder, Owner::Known(id)), Err(OpenError::Folder { .. })));
    assert!(below(&folder).is_empty(), "{:?}", below(&folder));
    assert_eq!(ObjectImageStore::owner_of(&folder).unwrap(), None);

    assert_eq!(open_as(&folder, Owner::New(id)).unwrap().id(), Some(id));
    assert_eq!(ObjectImageStore::owner_of(&folder).unwrap(), Some(id));
    assert_eq!(open_as(&folder, Owner::Known(id)).unwrap().id(), Some(id));
    // Whoever comes second takes what is there.
    assert_eq!(open_as(&folder, Owner::New(other)).unwrap().id(), Some(id));
    assert_eq!(open_as(&folder, Owner::Whoever).unwrap().id(), Some(id));
    assert!(matches!(open_as(&folder, Owner::Known(other)), Err(OpenError::Folder { .. })));
    fs::write(folder.join(MARKER), "nonsense").unwrap();
    assert!(matches!(ObjectImageStore::owner_of(&folder), Err(OpenError::Folder { .. })));
    // What an operator writes by hand.
    fs::write(folder.join(MARKER), format!("  {id}\n\n")).unwrap();
    assert_eq!(open_as(&folder, Owner::Known(id)).unwrap().id(), Some(id));
}

#[test]
fn many_that_make_a_store_at_once_agree() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("images");
    let opened: Vec<Option<StoreId>> = std::thread::scope(|scope| {
        let open = |bits| open_as(&folder, Owner::New(StoreId::from_bits(bits))).unwrap().id();
        let threads: Vec<_> = (1..=8).map(|bits| scope.spawn(move || open(bits))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(opened.iter().all(|id| id.is_some() && *id == opened[0]), "{opened:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_have_the_mode_that_is_set_whatever_the_umask_is() {
    use packshot_store::FileMode;
    use std::os::unix::fs::PermissionsExt as _;
    // Between them, they need more and less than any umask leaves.
    for (text, file, folder) in [("0600", 0o600, 0o700), ("0640", 0o640, 0o750), ("0666", 0o666, 0o777)] {
        let parent = TempDir::new().unwrap();
        let root = parent.path().join("images");
        let file_mode = FileMode::parse(text).unwrap();
        let settings = StoreSettings { file_mode, ..StoreSettings::new(StoreUrl::File(root.clone())) };
        let store = ObjectImageStore::open(&settings).unwrap();
        store.put(&key("p/large/p_000000000001.jpg"), "x".into()).await.unwrap();
        for (path, expected) in [
            ("", folder),
            ("p", folder),
            ("p/large", folder),
            ("p/large/p_000000000001.jpg", file),
            (MARKER, file),
            // What is not whole yet is nobody's business.
            (".packshot-tmp", 0o700),
        ] {
            let mode = fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, expected, "{text} {path}: {mode:o}");
        }
    }
}
