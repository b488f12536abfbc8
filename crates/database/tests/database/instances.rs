//! Several instances of packshot on one database: what the contract says of callers at once holds
//! across their pools, too.

use crate::postgres::CLUSTER;
use packshot_contract::builders::{image, moment, object_keys, origin, product_id, product_name, user};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::image::Image;
use packshot_domain::ports::idempotency::{
    Fingerprint, Horizon, IdempotencyKey, IdempotencyKeys, Lease, Reservation, ScopedKey,
};
use packshot_domain::ports::image_repo::ImageRepo;
use packshot_domain::ports::product_repo::ProductRepo;
use packshot_domain::ports::rate_limiter::{Quota, RateLimitError, RateLimiter, Scope};
use packshot_domain::ports::upload_journal::UploadJournal;
use tokio::task::JoinSet;

/// Three instances that start at the same moment on an empty database.
async fn three(url: DatabaseUrl) -> Vec<Database> {
    let settings = DatabaseSettings::new(url);
    let mut starts = JoinSet::new();
    for _ in 0..3 {
        let settings = settings.clone();
        starts.spawn_blocking(move || {
            let database = Database::open(&settings).unwrap();
            let applied = database.migrate().unwrap().applied.len();
            (database, applied)
        });
    }
    let started = starts.join_all().await;
    assert_eq!(
        started.iter().map(|(_, applied)| applied).sum::<usize>(),
        crate::migrations::names_of_all().len(),
        "each migration is applied by one of them"
    );
    started.into_iter().map(|(database, _)| database).collect()
}

async fn hold_the_rules(instances: Vec<Database>) {
    let first = &instances[0];
    first.put(&product_id("p"), &product_name("P"), &origin(0)).await.unwrap();
    let quota = Quota { scope: Scope::Product, subject: "p".to_owned(), limit: 20, window: chrono::TimeDelta::days(1) };
    let key = ScopedKey { user: user("ada"), key: IdempotencyKey::parse("k").unwrap() };
    let horizon = Horizon { completed_after: moment(-10), renewed_after: moment(-10) };
    let mut uploads = JoinSet::new();
    for number in 1..=30 {
        let database = instances[number as usize % 3].clone();
        let (quota, key) = (quota.clone(), key.clone());
        uploads.spawn(async move {
            let lease = Lease(uuid::Uuid::from_u128(number.into()));
            let reserved = database.reserve(&key, lease, &Fingerprint([1; 32]), moment(0), &horizon).await.unwrap();
            let granted = match database.acquire(&[quota], moment(0)).await {
                Ok(()) => true,
                Err(RateLimitError::Exceeded { .. }) => false,
                Err(error) => panic!("{error:?}"),
            };
            if granted {
                let image = Image { is_primary: true, ..image("p", number) };
                database.begin(image.id, &object_keys(&image), moment(0)).await.unwrap();
                database.insert(&image, None, &origin(0)).await.unwrap();
            }
            (granted, reserved == Reservation::Reserved)
        });
    }
    let outcomes = uploads.join_all().await;
    assert_eq!(outcomes.iter().filter(|(granted, _)| *granted).count(), 20);
    assert_eq!(outcomes.iter().filter(|(_, reserved)| *reserved).count(), 1);
    for database in &instances {
        let summary = database.summary(&product_id("p")).await.unwrap();
        assert_eq!((summary.count, summary.primary.is_some()), (20, true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_on_one_sqlite_file_hold_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    hold_the_rules(three(DatabaseUrl::Sqlite(folder.path().join("packshot.db"))).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_on_one_postgres_hold_the_rules() {
    let url = DatabaseUrl::parse(&CLUSTER.create_database().unwrap()).unwrap();
    hold_the_rules(three(url).await).await;
}
