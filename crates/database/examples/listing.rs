//! Measures lists of images on both databases: `listing [IMAGES] [PRODUCTS]`, a million of 100000
//! products unless told otherwise. Prints the middle and the slowest of 50 runs, in milliseconds.
//!
//! `cargo run --release -p packshot-database --example listing`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_contract::{repos, seed};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_repo::{ImageQuery, ImageRepo, SortBy};
use packshot_domain::product::ProductId;
use std::time::Instant;

const RUNS: usize = 50;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let (images, products) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(100_000));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    let database = open(DatabaseUrl::Sqlite(path.clone()));
    let start = Instant::now();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection
        .batch_execute(&format!("PRAGMA synchronous = OFF; BEGIN; {} COMMIT;", seed::sqlite(images, products)))
        .unwrap();
    println!("\n{}: {images} images of {products} products, made in {:.0?}", database.describe(), start.elapsed());
    measure(&database).await;

    let cluster = PostgresCluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let database = open(DatabaseUrl::parse(&url).unwrap());
    let start = Instant::now();
    cluster.sql(url.rsplit('/').next().unwrap(), &seed::postgres(images, products)).unwrap();
    println!("\n{}: the same, made in {:.0?}", database.describe(), start.elapsed());
    measure(&database).await;
}

fn open(url: DatabaseUrl) -> Database {
    let database = Database::open(&DatabaseSettings::new(url)).unwrap();
    database.migrate().unwrap();
    database
}

async fn measure(database: &Database) {
    let all = ImageQuery { page_size: 20, ..repos::everything() };
    let product = ImageQuery { product_id: Some(ProductId::parse("p77").unwrap()), ..all.clone() };
    let tag = |name: &str| ImageQuery { tags: vec![name.to_owned()], ..all.clone() };
    let two = ImageQuery { tags: vec!["colour-3".to_owned(), "theme-10".to_owned()], ..all.clone() };
    let by = |sort_by| ImageQuery { sort_by, ..all.clone() };
    let png = ImageQuery { format: Some(ImageFormat::Png), ..all.clone() };
    let cases = [
        ("one product", product.clone()),
        ("one product, a tag", ImageQuery { tags: vec!["colour-0".to_owned()], ..product }),
        ("a tag of 1/7", tag("colour-3")),
        ("a tag of 1/50", tag("theme-10")),
        ("a tag of 1/5000", tag("series-10")),
        ("two tags", two),
        ("everything", all.clone()),
        ("everything by order", by(SortBy::Order)),
        ("everything by file name", by(SortBy::Filename)),
        ("everything by size", by(SortBy::Size)),
        ("everything by width", by(SortBy::Width)),
        ("one format", png),
        ("primary ones", ImageQuery { is_primary: Some(true), ..all.clone() }),
        ("page 1000 of everything", ImageQuery { page: 1000, ..all.clone() }),
        ("a tag by size", ImageQuery { sort_by: SortBy::Size, ..tag("theme-10") }),
        ("at least 4000 wide", ImageQuery { min_width: Some(4000), ..all.clone() }),
        ("a rare search", ImageQuery { search: Some("thing 777777".to_owned()), ..all }),
    ];
    println!("{:<28}{:>10}{:>10}{:>10}", "", "middle", "slowest", "total");
    for (name, query) in cases {
        let mut total = 0;
        let mut times = Vec::new();
        let runs = if name.starts_with("a rare") || name.starts_with("at least") { 3 } else { RUNS };
        for _ in 0..runs {
            let start = Instant::now();
            total = database.list(&query).await.unwrap().total;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{name:<28}{:>10.2}{:>10.2}{total:>10}", times[times.len() / 2], times[times.len() - 1]);
    }
}
