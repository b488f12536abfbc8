//! Which folder of images a database remembers as its own.

use crate::postgres::CLUSTER;
use packshot_contract::builders::{image, object_keys, origin, product_id, product_name};
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use packshot_domain::ports::image_repo::ImageRepo;
use packshot_domain::ports::product_repo::ProductRepo;
use packshot_domain::ports::upload_journal::UploadJournal;
use packshot_domain::storage::StoreId;

async fn remembers_one_store(url: DatabaseUrl) {
    let database = Database::open(&DatabaseSettings::new(url)).unwrap();
    database.migrate().unwrap();
    let (first, second) = (StoreId::from_bits(1), StoreId::from_bits(2));
    assert_eq!(database.image_store().unwrap(), None);
    assert_eq!(database.remember_image_store(first).unwrap(), first);
    // Whoever comes second learns of the first.
    assert_eq!(database.remember_image_store(second).unwrap(), first);
    assert_eq!(database.image_store().unwrap(), Some(first));
    database.move_to_image_store(second).unwrap();
    assert_eq!(database.image_store().unwrap(), Some(second));

    assert_eq!(database.some_originals().unwrap(), []);
    database.put(&product_id("p"), &product_name("P"), &origin(0)).await.unwrap();
    for number in 1..=50 {
        let image = image("p", number);
        database.begin(image.id, &object_keys(&image), image.uploaded_at).await.unwrap();
        database.insert(&image, None, &origin(0)).await.unwrap();
    }
    let some = database.some_originals().unwrap();
    for number in [1, 50] {
        assert!(some.contains(&object_keys(&image("p", number))[0]), "{number}: {some:?}");
    }
    assert!(some.len() < 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_remembers_one_store() {
    let folder = tempfile::tempdir().unwrap();
    remembers_one_store(DatabaseUrl::Sqlite(folder.path().join("packshot.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_remembers_one_store() {
    remembers_one_store(DatabaseUrl::parse(&CLUSTER.create_database().unwrap()).unwrap()).await;
}
