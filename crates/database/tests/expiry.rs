//! The plans of a sweep's statements: each is led by an index to what has expired, and reads nothing of what has not.
//!
//! A binary of its own, because it watches every query that diesel sends. SQLite explains what was caught;
//! PostgreSQL logs the plans that it used (its module `auto_explain`, part of Debian's package).

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation};
use diesel::prelude::*;
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::ports::audit_log::AuditLog;
use packshot_domain::ports::idempotency::{Horizon, IdempotencyKeys};
use packshot_domain::ports::rate_limiter::RateLimiter;
use packshot_domain::ports::upload_journal::{Due, EntryKind, UploadJournal};
use std::sync::Mutex;

/// Rows of each table, of which this many have expired.
const ROWS: u32 = 20_000;
const EXPIRED: u64 = 2_500;

/// Each statement's mark, and the index that must lead it.
const STATEMENTS: [(&str, &str); 6] = [
    ("FROM idempotency_keys WHERE completed_at <", "idempotency_keys_by_completed_at"),
    ("FROM idempotency_keys WHERE reserved_at <", "idempotency_keys_by_reserved_at"),
    ("DELETE FROM rate_limits", "rate_limits_by_window_end"),
    ("DELETE FROM audit_entries", "audit_entries_by_at"),
    ("next_attempt_at", "upload_journal_by_next_attempt_at"),
    ("attempts > 0", "upload_journal_by_attempts"),
];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Rows that count up from long ago to long from now, the expired ones first: a statement for each table, in which
/// `%t` is the moment of row `i`, `%u` an image's id, and `%b` bytes.
const SEED: [&str; 4] = [
    "INSERT INTO idempotency_keys (user_name, client_key, fingerprint, reserved_at, completed_at, receipt)
     SELECT 'ada', 'key-' || i, %b, %t, CASE WHEN i % 2 = 0 THEN %t END, CASE WHEN i % 2 = 0 THEN %b END FROM n",
    "INSERT INTO rate_limits (scope, subject, window_start, window_end, used)
     SELECT 'address', 'address-' || i, %t, %t, 1 FROM n",
    "INSERT INTO audit_entries (at, user_name, action, product_id, detail) SELECT %t, 'ada', 'x', 'p', '{}' FROM n",
    "INSERT INTO upload_journal (image_id, kind, original_key, object_keys, is_claimed, entered_at, attempts, next_attempt_at)
     SELECT %u, 'deletion', 'p/p_' || i || '.jpg', '[\"p/p_000000000001.jpg\"]', %f, %t, 1, %t FROM n",
];

fn seed(dialect: &[(&str, &str)]) -> String {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT");
    let in_dialect = |statement: &&str| {
        let statement = dialect.iter().fold((*statement).to_owned(), |text, (mark, sql)| text.replace(mark, sql));
        let (into, select) = statement.split_once("SELECT").unwrap();
        format!("{into} {numbers} {select};")
    };
    SEED.iter().map(in_dialect).collect()
}

/// What a sweep asks of a database, when some rows of each table have expired.
async fn sweep(database: &Database) {
    let horizon = Horizon { completed_after: now(), renewed_after: now() };
    assert_eq!(IdempotencyKeys::remove_expired(database, &horizon).await.unwrap(), EXPIRED);
    assert_eq!(RateLimiter::remove_expired(database, now()).await.unwrap(), EXPIRED);
    assert_eq!(database.remove_before(now()).await.unwrap(), EXPIRED);
    let due = Due { kind: EntryKind::Deletion, uploads_before: now(), by: now() };
    let claimed = database.claim(&due, None, 100).await.unwrap();
    assert_eq!(database.claim(&due, Some(claimed[99].position()), 100).await.unwrap().len(), 100);
    assert_eq!(database.stuck().await.unwrap(), u64::from(ROWS));
}

/// The queries that diesel sent to SQLite.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SENT.lock().unwrap().push(query.to_string().split(" -- binds").next().unwrap().to_owned());
        }
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_reads_only_what_has_expired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    set_default_instrumentation(watch).unwrap();
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap();
    database.migrate().unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let micros = |from_now: TimeDelta| (now() + from_now).timestamp_micros();
    let first = micros(-TimeDelta::seconds(EXPIRED.cast_signed()));
    let moment = format!("({first} + (i - 1) * 1000000)");
    let rows = seed(&[("%t", &moment), ("%b", "x'00'"), ("%u", "CAST(printf('%016d', i) AS BLOB)"), ("%f", "0")]);
    connection.batch_execute(&format!("BEGIN; {rows} COMMIT;")).unwrap();
    SENT.lock().unwrap().clear();
    sweep(&database).await;
    let sent = std::mem::take(&mut *SENT.lock().unwrap());
    for (mark, index) in STATEMENTS {
        let found = |sql: &&String| sql.replace('`', "").contains(mark);
        let sql = sent.iter().find(found).unwrap_or_else(|| panic!("{mark}: {sent:?}"));
        let plan = explain(&mut connection, sql);
        let scans = plan.lines().any(|line| line.starts_with("SCAN") && !line.contains("INDEX"));
        assert!(plan.contains(index) && !scans && !plan.contains("TEMP B-TREE FOR ORDER"), "{sql}\n{plan}");
    }
}

fn explain(connection: &mut SqliteConnection, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).unwrap();
    steps.into_iter().map(|step| step.detail + "\n").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_reads_only_what_has_expired() {
    let cluster = PostgresCluster::start().unwrap_or_else(|error| panic!("{error}"));
    let url = cluster.create_database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let open = || Database::open(&DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap())).unwrap();
    open().migrate().unwrap();
    let first = now() - TimeDelta::seconds(EXPIRED.cast_signed());
    let moment = format!("(TIMESTAMPTZ '{}' + (i - 1) * INTERVAL '1 second')", first.to_rfc3339());
    let uuid = "lpad(to_hex(i), 32, '0')::uuid";
    let rows = seed(&[("%t", &moment), ("%b", "'\\x00'::bytea"), ("%u", uuid), ("%f", "false")]);
    cluster.sql(name, &format!("{rows} ANALYZE;")).unwrap();
    for setting in
        ["session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0", "log_min_messages = 'log'"]
    {
        cluster.sql(name, &format!("ALTER DATABASE {name} SET {setting}")).unwrap();
    }
    let database = open();
    let before = cluster.log().len();
    sweep(&database).await;
    let log = cluster.log().split_off(before);
    let plans: Vec<&str> = log.split("Query Text:").collect();
    for (mark, index) in STATEMENTS.iter().filter(|(_, index)| !index.ends_with("by_attempts")) {
        let plan = plans.iter().find(|plan| plan.replace('"', "").contains(mark)).unwrap_or_else(|| panic!("{log}"));
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{mark}\n{plan}");
    }
}
