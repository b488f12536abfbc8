//! Reads that would never end, on both databases: ended at their time, or when nobody waits for them.

use super::*;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use packshot_contract::servers::postgres::PostgresCluster;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(30);
/// More than a query needs to begin.
const MOMENT: Duration = Duration::from_millis(100);

/// Both databases with one turn for lists, and what must live as long as they do.
fn databases(read_timeout: Duration) -> (Vec<Database>, (TempDir, PostgresCluster)) {
    let folder = tempfile::tempdir().unwrap();
    let cluster = PostgresCluster::start().unwrap();
    let postgres = DatabaseUrl::parse(&cluster.create_database().unwrap()).unwrap();
    let urls = [DatabaseUrl::Sqlite(folder.path().join("packshot.db")), postgres];
    // Whoever waits for a turn here waits until the one before has ended, and fails if it never does.
    let patience = Duration::from_secs(60);
    let settings = |url| DatabaseSettings {
        pool_size: 3,
        read_timeout,
        connect_timeout: patience,
        answer_timeout: LONG,
        ..DatabaseSettings::new(url)
    };
    let open = |url| Database::open(&settings(url)).unwrap();
    (urls.into_iter().map(open).collect(), (folder, cluster))
}

fn endless(connection: &mut Connected<'_>) -> Result<i64, Fault> {
    connection.snapshot(|connection| match connection {
        Connected::Postgres(c) => Ok(count("SELECT count(pg_sleep(3600))", c)?),
        Connected::Sqlite(c) => {
            let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
            Ok(diesel::dsl::sql::<BigInt>(numbers).get_result(*c)?)
        }
    })
}

fn count(query: &str, connection: &mut PgConnection) -> QueryResult<i64> {
    diesel::dsl::sql::<BigInt>(query).get_result(connection)
}

fn one(connection: &mut Connected<'_>) -> Result<i64, Fault> {
    let one = diesel::select(diesel::dsl::sql::<BigInt>("CAST(1 AS bigint)"));
    Ok(match connection {
        Connected::Postgres(c) => one.get_result(*c)?,
        Connected::Sqlite(c) => one.get_result(*c)?,
    })
}

#[tokio::test]
async fn a_read_is_ended_when_its_time_is_over() {
    let (databases, _keep) = databases(SHORT);
    for database in databases {
        for _ in 0..5 {
            let read = database.read(endless).await;
            assert!(matches!(read, Err(Fault(RepoError::TooSlow(_)))), "{read:?}");
            let list = database.list(endless).await;
            assert!(matches!(list, Err(Fault(RepoError::TooSlow(_)))), "{list:?}");
        }
        // Writers are not readers: no deadline of theirs.
        let written: Result<i64, Fault> = database.write(one).await;
        assert_eq!(written.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_list_is_ended_when_nobody_waits_for_it() {
    let (databases, _keep) = databases(LONG);
    for database in databases {
        for _ in 0..3 {
            assert!(timeout(MOMENT, database.list(endless)).await.is_err());
            // There is one turn for lists: it has been given back.
            assert_eq!(database.list(one).await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn what_ends_one_read_never_hits_the_next_one_on_its_connection() {
    let (databases, _keep) = databases(LONG);
    for database in databases {
        for microseconds in (0..3000).step_by(20) {
            // Cancelled before, while and after it runs.
            let _ = timeout(Duration::from_micros(microseconds), database.list(one)).await;
            assert_eq!(database.list(one).await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let (databases, _keep) = databases(LONG);
    for database in databases {
        database.migrate().unwrap();
        let write = |connection: &mut Connected<'_>| -> Result<usize, Fault> {
            let rename = diesel::sql_query("UPDATE products SET name = 'x'");
            Ok(match connection {
                Connected::Postgres(c) => rename.execute(*c)?,
                Connected::Sqlite(c) => rename.execute(*c)?,
            })
        };
        assert!(database.read(write).await.is_err());
        assert!(database.list(write).await.is_err());
        assert_eq!(database.write(write).await.unwrap(), 0);
    }
}
