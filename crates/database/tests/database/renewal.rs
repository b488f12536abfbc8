//! Texts of an older packshot: what its rows hold is found as if it had been written today, after a migration that
//! several instances do at once and that may have broken off before.

use crate::postgres::CLUSTER;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use packshot_contract::{repos, seed};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::ports::image_repo::{ImageQuery, ImageRepo};
use packshot_domain::ports::product_repo::{ProductQuery, ProductRepo};
use std::thread;

/// More than two batches.
const IMAGES: u32 = 2_100;
const PRODUCTS: u32 = 30;
/// The one that asks for the renewal.
const MIGRATION: &str = "20261129000001";

/// What the first form made of texts beyond ASCII: `ẞ` stayed a letter of its own, marks stayed where they were.
const OLD_TEXTS: &str = "UPDATE products SET name = 'GROẞE ' || name, search_text = 'große ' || search_text; \
     UPDATE images SET alt_text = 'GROẞE Kuchenstühle', search_text = 'große kuchenstu\u{308}hle' WHERE display_order < 9;";
/// An image's tags were kept as they were sent; some have one twice, for whoever reads them.
const OLD_TAGS: &str = "UPDATE image_tags SET tag = 'cafe\u{301}' WHERE tag IN ('theme-1', 'theme-2'); \
     UPDATE image_tags SET tag = 'café' WHERE tag = 'colour-1'; \
     UPDATE image_tags SET tag = '東京' WHERE tag = 'colour-2'; \
     DELETE FROM tag_counts; \
     INSERT INTO tag_counts (tag, images) SELECT tag, count(*) FROM image_tags GROUP BY tag;";
const WRONG_COUNTS: &str = "SELECT count(*) AS number FROM tag_counts c \
     WHERE images <> (SELECT count(*) FROM image_tags t WHERE t.tag = c.tag) OR NOT is_composed";
const UNCOUNTED: &str =
    "SELECT count(*) AS number FROM image_tags t WHERE NOT EXISTS (SELECT 1 FROM tag_counts c WHERE c.tag = t.tag)";
const WITH_CAFE: &str =
    "SELECT count(DISTINCT image_id) AS number FROM image_tags WHERE tag IN ('café', 'cafe\u{301}')";

fn folder(name: &str) -> FileBasedMigrations {
    FileBasedMigrations::from_path(format!("{}/../../migrations/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What three instances that start at the same moment have renewed together.
fn start_three(url: &DatabaseUrl) -> u64 {
    let start = || Database::open(&DatabaseSettings::new(url.clone())).unwrap().migrate().unwrap().renewed_rows;
    thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).sum()
    })
}

async fn is_renewed(url: DatabaseUrl, run: impl Fn(&str), number: impl Fn(&str) -> i64) {
    let database = Database::open(&DatabaseSettings::new(url.clone())).unwrap();
    run(OLD_TEXTS);
    run(OLD_TAGS);
    let with_cafe = number(WITH_CAFE) as u64;
    assert!(start_three(&url) > u64::from(IMAGES / 10 * 9 + PRODUCTS));
    assert_eq!(start_three(&url), 0, "once is enough");

    let search = |search: &str| ImageQuery { search: Some(search.to_owned()), ..repos::everything() };
    for text in ["grosse KUCHENSTÜHLE", "große kuchenstu\u{308}hle", "GROẞE"] {
        assert_eq!(
            ImageRepo::list(&database, &search(text)).await.unwrap().total,
            u64::from(IMAGES / 10 * 9),
            "{text}"
        );
    }
    let products = ProductQuery { search: Some("GROSSE PRODUCT".to_owned()), page: 1, page_size: 1 };
    assert_eq!(ProductRepo::list(&database, &products).await.unwrap().total, u64::from(PRODUCTS));
    for (tag, total) in [("café", with_cafe), ("cafe\u{301}", 0), ("東京", u64::from(IMAGES / 7))] {
        let query = ImageQuery { tags: vec![tag.to_owned()], ..repos::everything() };
        assert_eq!(ImageRepo::list(&database, &query).await.unwrap().total, total, "{tag}");
    }
    assert_eq!((number(WRONG_COUNTS), number(UNCOUNTED)), (0, 0));

    // What an instance of the older version wrote last, while it was being replaced; or what a renewal left.
    run("UPDATE images SET search_text = 'große kuchenstu\u{308}hle' WHERE display_order = 3");
    run("UPDATE image_tags SET tag = 'e\u{301}' WHERE tag = 'theme-3'");
    run("INSERT INTO tag_counts (tag, images) SELECT 'e\u{301}', images FROM tag_counts WHERE tag = 'theme-3'");
    run("DELETE FROM tag_counts WHERE tag = 'theme-3'");
    assert!(start_three(&url) >= u64::from(IMAGES / 10));
    assert_eq!(ImageRepo::list(&database, &search("grosse")).await.unwrap().total, u64::from(IMAGES / 10 * 9));
    assert_eq!((number(WRONG_COUNTS), number(UNCOUNTED)), (0, 0));
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_rows_of_an_older_version_are_found_as_those_of_today() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("packshot.db");
    let connect = || {
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 60000").unwrap();
        connection
    };
    let url = DatabaseUrl::Sqlite(path.clone());
    Database::open(&DatabaseSettings::new(url.clone())).unwrap().migrate().unwrap();
    let mut connection = connect();
    connection.batch_execute(&format!("BEGIN; {} COMMIT;", seed::sqlite(IMAGES, PRODUCTS))).unwrap();
    while connection.revert_last_migration(folder("sqlite")).unwrap().to_string() != MIGRATION {}
    let run = |sql: &str| connect().batch_execute(&format!("BEGIN; {sql}; COMMIT;")).unwrap();
    let number = |sql: &str| diesel::sql_query(sql).get_result::<Row>(&mut connect()).unwrap().number;
    is_renewed(url, run, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_rows_of_an_older_version_are_found_as_those_of_today() {
    let url = CLUSTER.create_database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let parsed = DatabaseUrl::parse(&url).unwrap();
    Database::open(&DatabaseSettings::new(parsed.clone())).unwrap().migrate().unwrap();
    CLUSTER.sql(name, &seed::postgres(IMAGES, PRODUCTS)).unwrap();
    let mut connection = PgConnection::establish(&url).unwrap();
    while connection.revert_last_migration(folder("postgres")).unwrap().to_string() != MIGRATION {}
    let run = |sql: &str| drop(CLUSTER.sql(name, sql).unwrap());
    let number = |sql: &str| CLUSTER.sql(name, sql).unwrap().trim().parse().unwrap();
    is_renewed(parsed, run, number).await;
}
