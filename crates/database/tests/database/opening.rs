//! Opening and migrating a database.

use packshot_database::{Database, DatabaseSettings, DatabaseUrl, OpenError};
use packshot_domain::ports::product_repo::ProductRepo;
use std::path::Path;

fn sqlite(path: &Path) -> DatabaseSettings {
    DatabaseSettings::new(DatabaseUrl::Sqlite(path.to_owned()))
}

#[tokio::test]
async fn a_missing_sqlite_file_is_made_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    let database = Database::open(&sqlite(&path)).unwrap();
    assert_eq!(database.migrate().unwrap().applied, crate::migrations::names_of_all());
    assert!(database.migrate().unwrap().applied.is_empty());
    assert!(database.is_empty().await.unwrap());
    let description = database.describe();
    assert!(description.starts_with("SQLite 3."), "{description}");
    assert!(description.ends_with(&format!(" at {}", path.display())), "{description}");
    #[cfg(unix)]
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/packshot.db");
    let error = Database::open(&sqlite(&path)).err().unwrap();
    assert!(matches!(&error, OpenError::File { path: named, .. } if *named == path), "{error}");
    assert!(error.to_string().contains("missing/packshot.db"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are the notes of the shop, and no database at all\n".repeat(100)).unwrap();
    let error = Database::open(&sqlite(&path)).err().unwrap();
    assert!(error.to_string().contains("file is not a database"), "{error}");
    assert!(!error.to_string().contains('\n'));
}
