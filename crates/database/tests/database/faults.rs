//! A database that is down, locked or damaged: told as such, and well again by itself.

use crate::postgres;
use diesel::prelude::*;
use packshot_contract::builders::{image, moment, object_keys, origin, product_id, product_name};
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_database::{Database, DatabaseSettings, DatabaseUrl, OpenError};
use packshot_domain::ports::image_repo::ImageRepo;
use packshot_domain::ports::product_repo::{ProductRepo, RepoError};
use packshot_domain::ports::upload_journal::UploadJournal;
use std::path::Path;
use std::time::Duration;

fn impatient(url: DatabaseUrl) -> DatabaseSettings {
    DatabaseSettings { connect_timeout: Duration::from_millis(200), pool_size: 2, ..DatabaseSettings::new(url) }
}

fn open_sqlite(path: &Path) -> Database {
    let database = Database::open(&impatient(DatabaseUrl::Sqlite(path.to_owned()))).unwrap();
    database.migrate().unwrap();
    database
}

async fn put(database: &Database) -> Result<(), RepoError> {
    database.put(&product_id("p"), &product_name("P"), &origin(0)).await.map(|_| ())
}

fn assert_unavailable(result: Result<(), RepoError>) {
    assert!(matches!(result, Err(RepoError::Unavailable(_))), "{result:?}");
}

#[tokio::test]
async fn a_postgres_that_goes_away_is_unavailable_and_well_when_it_is_back() {
    let mut cluster = PostgresCluster::start().unwrap();
    let url = DatabaseUrl::parse(&cluster.create_database().unwrap()).unwrap();
    let database = Database::open(&impatient(url.clone())).unwrap();
    database.migrate().unwrap();
    put(&database).await.unwrap();
    cluster.stop();
    assert_unavailable(put(&database).await);
    assert_unavailable(database.ping().await);
    let error = Database::open(&impatient(url)).err().unwrap();
    assert!(matches!(error, OpenError::Connect { .. }), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
    cluster.restart().unwrap();
    let mut tries = 0;
    while database.ping().await.is_err() {
        tries += 1;
        assert!(tries < 100, "it does not recover");
    }
    put(&database).await.unwrap();
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced_unseen() {
    let name = postgres::migrated();
    let url = DatabaseUrl::parse(&postgres::CLUSTER.url(&name)).unwrap();
    let database = Database::open(&DatabaseSettings::new(url)).unwrap();
    put(&database).await.unwrap();
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_ne!(postgres::CLUSTER.sql(&name, others).unwrap().trim(), "0");
    put(&database).await.unwrap();
}

#[tokio::test]
async fn a_sqlite_file_that_another_process_writes_to_for_long_is_unavailable_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    let database = open_sqlite(&path);
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("BEGIN IMMEDIATE").execute(&mut other).unwrap();
    assert_unavailable(put(&database).await);
    // Readers do not mind a writer.
    database.ping().await.unwrap();
    assert!(database.is_empty().await.unwrap());
    diesel::sql_query("COMMIT").execute(&mut other).unwrap();
    put(&database).await.unwrap();
}

#[tokio::test]
async fn a_row_locked_for_long_is_unavailable_meanwhile() {
    let name = postgres::migrated();
    let url = postgres::CLUSTER.url(&name);
    let database = Database::open(&impatient(DatabaseUrl::parse(&url).unwrap())).unwrap();
    put(&database).await.unwrap();
    let mut other = PgConnection::establish(&url).unwrap();
    diesel::sql_query("BEGIN").execute(&mut other).unwrap();
    diesel::sql_query("SELECT id FROM products FOR UPDATE").execute(&mut other).unwrap();
    assert_unavailable(put(&database).await);
    diesel::sql_query("COMMIT").execute(&mut other).unwrap();
    put(&database).await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_unavailable_before_it_is_well_again() {
    let name = postgres::migrated();
    let url = postgres::CLUSTER.url(&name);
    let settings = DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap());
    let impatient =
        Database::open(&DatabaseSettings { answer_timeout: Duration::from_millis(100), ..settings }).unwrap();
    let mut other = PgConnection::establish(&url).unwrap();
    diesel::sql_query("BEGIN").execute(&mut other).unwrap();
    diesel::sql_query("LOCK TABLE products").execute(&mut other).unwrap();
    // The server itself would let this wait for three seconds.
    assert_unavailable(put(&impatient).await);
    diesel::sql_query("COMMIT").execute(&mut other).unwrap();
    let mut tries = 0;
    while put(&impatient).await.is_err() {
        tries += 1;
        assert!(tries < 100, "it does not recover");
    }
}

#[tokio::test]
async fn a_row_that_nobody_could_have_written_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    let database = open_sqlite(&path);
    put(&database).await.unwrap();
    let image = image("p", 1);
    database.begin(image.id, &object_keys(&image), moment(0)).await.unwrap();
    database.insert(&image, None, &origin(0)).await.unwrap();
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("UPDATE images SET filename = '../../etc/passwd'").execute(&mut other).unwrap();
    let found = ImageRepo::find(&database, image.id).await;
    assert!(matches!(found, Err(RepoError::Corrupt(_))), "{found:?}");
}

#[tokio::test]
async fn a_broken_rule_of_the_schema_is_corrupt_and_nothing_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    let database = open_sqlite(&path);
    put(&database).await.unwrap();
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("INSERT INTO format_counts VALUES ('jpeg', 0)").execute(&mut other).unwrap();
    let image = image("p", 1);
    database.begin(image.id, &object_keys(&image), moment(0)).await.unwrap();
    database.insert(&image, None, &origin(0)).await.unwrap();
    // Counts that are wrong: one image would be left to a count of -1.
    diesel::sql_query("UPDATE format_counts SET images = 0").execute(&mut other).unwrap();
    let deleted = database.delete(image.id, &origin(1)).await;
    assert!(matches!(deleted, Err(RepoError::Corrupt(_))), "{deleted:?}");
    assert!(ImageRepo::find(&database, image.id).await.unwrap().is_some());
}
