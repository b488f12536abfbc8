//! The migrations themselves: up, down, up again; and databases of other versions.

use crate::postgres::CLUSTER;
use crate::schema;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::{pg::Pg, sqlite::Sqlite};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl, OpenError};

fn folder(name: &str) -> FileBasedMigrations {
    FileBasedMigrations::from_path(format!("{}/../../migrations/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn names<DB: diesel::backend::Backend>(source: &FileBasedMigrations) -> Vec<String>
where
    FileBasedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().unwrap();
    let mut names: Vec<String> = migrations.iter().map(|migration| migration.name().to_string()).collect();
    names.sort();
    names
}

/// Their names, in the order in which they are applied.
pub(crate) fn names_of_all() -> Vec<String> {
    names::<Sqlite>(&folder("sqlite"))
}

/// Entries of before are due as they were entered, and what an older packshot enters meanwhile is due at once.
#[test]
fn entries_of_an_older_packshot_are_due() {
    let place = tempfile::tempdir().unwrap();
    let mut connection = SqliteConnection::establish(place.path().join("p.db").to_str().unwrap()).unwrap();
    let source = folder("sqlite");
    connection.run_next_migration(folder("sqlite")).unwrap();
    connection.run_next_migration(folder("sqlite")).unwrap();
    let enter = |number: u8| {
        format!(
            "INSERT INTO upload_journal (image_id, kind, original_key, object_keys, is_claimed, entered_at) \
             VALUES (x'{number:032x}', 'deletion', 'p/{number}', '[]', 0, 17{number})"
        )
    };
    diesel::sql_query(enter(1)).execute(&mut connection).unwrap();
    connection.run_pending_migrations(source).unwrap();
    diesel::sql_query(enter(2)).execute(&mut connection).unwrap();
    let rows = "SELECT group_concat(attempts || ' ' || next_attempt_at, ', ') AS line FROM \
        (SELECT * FROM upload_journal ORDER BY image_id)";
    assert_eq!(schema::lines(&mut connection, rows), ["0 171, 0 0"]);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = names::<Sqlite>(&folder("sqlite"));
    assert!(!names.is_empty());
    assert_eq!(names, self::names::<Pg>(&folder("postgres")));
}

#[test]
fn sqlite_migrations_run_up_down_and_up() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("packshot.db");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let dump = |connection: &mut SqliteConnection| schema::dump_sqlite(connection);
    connection.run_pending_migrations(folder("sqlite")).unwrap();
    let up = dump(&mut connection);
    assert!(up.contains("CREATE TABLE images"), "{up}");
    connection.revert_all_migrations(folder("sqlite")).unwrap();
    assert_eq!(dump(&mut connection), "");
    connection.run_pending_migrations(folder("sqlite")).unwrap();
    assert_eq!(dump(&mut connection), up);
}

#[test]
fn postgres_migrations_run_up_down_and_up() {
    let url = CLUSTER.create_database().unwrap();
    let mut connection = PgConnection::establish(&url).unwrap();
    let database = url.rsplit('/').next().unwrap();
    connection.run_pending_migrations(folder("postgres")).unwrap();
    let up = CLUSTER.dump_schema(database).unwrap();
    assert!(up.contains("CREATE TABLE public.images"), "{up}");
    connection.revert_all_migrations(folder("postgres")).unwrap();
    let down = CLUSTER.dump_schema(database).unwrap();
    assert!(!down.contains("images"), "{down}");
    connection.run_pending_migrations(folder("postgres")).unwrap();
    assert_eq!(CLUSTER.dump_schema(database).unwrap(), up);
}

fn assert_newer(database: &Database) {
    let looked = database.require_current().unwrap_err();
    assert!(matches!(&looked, OpenError::Newer(unknown) if unknown == &["99990101000000"]), "{looked}");
    let error = database.migrate().unwrap_err();
    assert!(matches!(&error, OpenError::Newer(unknown) if unknown == &["99990101000000"]), "{error}");
    assert!(error.to_string().contains("99990101000000"), "{error}");
}

const FUTURE: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";

#[test]
fn a_newer_sqlite_database_is_refused_and_the_migration_named() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("packshot.db");
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap();
    database.migrate().unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query(FUTURE).execute(&mut connection).unwrap();
    assert_newer(&database);
}

#[test]
fn a_newer_postgres_database_is_refused_and_the_migration_named() {
    let url = CLUSTER.create_database().unwrap();
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap())).unwrap();
    database.migrate().unwrap();
    CLUSTER.sql(url.rsplit('/').next().unwrap(), FUTURE).unwrap();
    assert_newer(&database);
}

#[test]
fn a_migration_that_fails_leaves_the_database_as_it_was() {
    let url = CLUSTER.create_database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    // In the way of the last table that is made.
    CLUSTER.sql(name, "CREATE TABLE rate_limits (id INTEGER)").unwrap();
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap())).unwrap();
    let error = database.migrate().unwrap_err();
    assert!(matches!(error, OpenError::Migration { .. }), "{error}");
    assert!(error.to_string().contains("rate_limits"), "{error}");
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(CLUSTER.sql(name, tables).unwrap().trim(), "rate_limits");
}

/// Nothing has been made yet; then all but the newest migration; then all.
fn assert_looking_changes_nothing<C: Connection + MigrationHarness<B>, B: diesel::backend::Backend>(
    database: &Database,
    connection: &mut C,
    source: &FileBasedMigrations,
    dump: impl Fn(&mut C) -> String,
) where
    FileBasedMigrations: MigrationSource<B>,
{
    let mut names = names::<B>(source);
    // A folder lists its files in any order.
    names.sort();
    let older = |lacking: &[String]| {
        let error = database.require_current().unwrap_err();
        assert!(matches!(&error, OpenError::Older(missing) if missing == lacking), "{error}");
        let line = error.to_string();
        assert!(line.contains("`packshot migrate`") && line.contains(&lacking[0]) && !line.contains('\n'), "{line}");
    };
    let before = dump(connection);
    older(&names);
    assert_eq!(dump(connection), before);
    database.migrate().unwrap();
    database.require_current().unwrap();
    connection.revert_last_migration(source.clone()).unwrap();
    let before = dump(connection);
    older(&names[names.len() - 1..]);
    assert_eq!(dump(connection), before);
    database.migrate().unwrap();
    database.require_current().unwrap();
}

#[test]
fn looking_at_an_older_sqlite_database_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("packshot.db");
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    assert_looking_changes_nothing(&database, &mut connection, &folder("sqlite"), schema::dump_sqlite);
}

#[test]
fn looking_at_an_older_postgres_database_changes_nothing() {
    let url = CLUSTER.create_database().unwrap();
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap())).unwrap();
    let mut connection = PgConnection::establish(&url).unwrap();
    let dump = |_: &mut PgConnection| CLUSTER.dump_schema(url.rsplit('/').next().unwrap()).unwrap();
    assert_looking_changes_nothing(&database, &mut connection, &folder("postgres"), dump);
}
