//! The plans of the lists that must stay fast: each begins at an index made for it, in its order, and
//! none reads a whole table or sorts what matches.
//!
//! A binary of its own, because it watches every query that diesel sends. SQLite explains what was
//! caught; PostgreSQL logs the plans that it used (its module `auto_explain`, part of Debian's package).

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation};
use diesel::prelude::*;
use packshot_contract::builders::product_id;
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_contract::{repos, seed};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::ports::image_repo::{ImageQuery, ImageRepo, SortBy, SortOrder};
use std::sync::Mutex;

const IMAGES: u32 = 30_000;
const PRODUCTS: u32 = 3_000;

/// Whether a hundredth of the images or less matches: PostgreSQL may sort those.
fn match_few(query: &ImageQuery) -> bool {
    query.product_id.is_some() || query.tags.len() > 1 || query.tags.iter().any(|tag| tag.starts_with("series"))
}

/// The queries that diesel sent to SQLite.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let query = query.to_string();
            // PostgreSQL's names are in quotes, SQLite's in these.
            if query.starts_with("SELECT `") {
                SENT.lock().unwrap().push(query.split(" -- binds").next().unwrap().to_owned());
            }
        }
    }))
}

/// Each list with the index that must lead to its images.
fn lists() -> Vec<(ImageQuery, &'static str)> {
    let everything = ImageQuery { page_size: 20, ..repos::everything() };
    let tagged =
        |tags: &[&str]| ImageQuery { tags: tags.iter().map(|&tag| tag.to_owned()).collect(), ..everything.clone() };
    let by = |sort_by| ImageQuery { sort_by, ..everything.clone() };
    vec![
        (ImageQuery { product_id: Some(product_id("p77")), ..everything.clone() }, "images_by_product"),
        (tagged(&["colour-3"]), "image_tags_by_tag"),
        (tagged(&["series-7"]), "image_tags_by_tag"),
        (tagged(&["colour-3", "theme-3"]), "image_tags_by_tag"),
        (everything.clone(), "images_by_uploaded_at"),
        (ImageQuery { sort_order: SortOrder::Ascending, ..everything.clone() }, "images_by_uploaded_at"),
        (by(SortBy::Order), "images_by_display_order"),
        (by(SortBy::Filename), "images_filename_key"),
        (by(SortBy::Size), "images_by_size"),
        (by(SortBy::Width), "images_by_width"),
        (ImageQuery { is_primary: Some(true), ..everything }, "images_primary_by_uploaded_at"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_begins_every_list_at_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    set_default_instrumentation(watch).unwrap();
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap();
    database.migrate().unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute(&format!("BEGIN; {} COMMIT;", seed::sqlite(IMAGES, PRODUCTS))).unwrap();
    assert_lists(&database, &mut connection).await;
    // Statistics, which packshot does not ask for but somebody else may, change nothing.
    connection.batch_execute("ANALYZE").unwrap();
    drop(database);
    let database = Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap();
    assert_lists(&database, &mut connection).await;
}

async fn assert_lists(database: &Database, connection: &mut SqliteConnection) {
    for (query, index) in lists() {
        SENT.lock().unwrap().clear();
        assert!(database.list(&query).await.unwrap().total > 0);
        let sent = std::mem::take(&mut *SENT.lock().unwrap());
        let matches = sent.iter().find(|sql| sql.contains("ORDER BY") && sql.contains("OFFSET")).unwrap();
        let plan = explain(connection, matches);
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{query:?}\n{matches}\n{plan}");
        for sql in &sent {
            let plan = explain(connection, sql);
            let reads_a_table = plan.lines().any(|line| line.starts_with("SCAN") && !line.contains("INDEX"));
            assert!(!reads_a_table || sql.contains("_counts"), "{query:?}\n{sql}\n{plan}");
        }
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
async fn postgres_begins_every_list_at_its_index() {
    let cluster = PostgresCluster::start().unwrap_or_else(|error| panic!("{error}"));
    let url = cluster.create_database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let open = || Database::open(&DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap())).unwrap();
    open().migrate().unwrap();
    cluster.sql(name, &seed::postgres(IMAGES, PRODUCTS)).unwrap();
    for setting in
        ["session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0", "log_min_messages = 'log'"]
    {
        cluster.sql(name, &format!("ALTER DATABASE {name} SET {setting}")).unwrap();
    }
    let database = open();
    for (query, index) in lists() {
        // Often enough for the server to try its plan for any parameters, too.
        for _ in 0..10 {
            let before = cluster.log().len();
            assert!(database.list(&query).await.unwrap().total > 0);
            let log = cluster.log().split_off(before);
            let plans: Vec<&str> = log.split("Query Text:").filter(|plan| plan.contains("ORDER BY")).collect();
            let matches = plans.iter().find(|plan| plan.contains("OFFSET")).unwrap_or_else(|| panic!("{log}"));
            // An "Incremental Sort" is fine: it settles ties in the order of an index. So is sorting few.
            let step = |line: &str| line.trim_start_matches(['\t', ' ', '-', '>']).starts_with("Sort  (");
            let sorts_many = !match_few(&query) && matches.lines().any(step);
            assert!(matches.contains(index) && !sorts_many, "{query:?}\n{matches}");
            assert!(!log.contains("Seq Scan on image"), "{query:?}\n{log}");
        }
    }
}
