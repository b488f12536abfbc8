//! The contract on SQLite.

use packshot_contract::repos::Repos;
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};

async fn fresh() -> Repos {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("packshot.db"));
    let database = Database::open(&DatabaseSettings::new(url)).unwrap();
    database.migrate().unwrap();
    Repos::new(database, folder)
}

packshot_contract::repo_suite!(fresh);
