//! The store in memory.

use crate::support::{key, open, paths};
use packshot_contract::image_store::Fixture;
use packshot_contract::image_store_suite;
use packshot_domain::ports::image_store::ImageStore as _;
use packshot_domain::product::ProductId;
use std::sync::Arc;

async fn fresh() -> Fixture {
    Fixture { store: Arc::new(open("memory://")), guard: Box::new(()) }
}

image_store_suite!(fresh);

#[tokio::test]
async fn each_store_in_memory_is_its_own() {
    let (first, second) = (open("memory://"), open("memory://"));
    first.put(&key("p/p_000000000001.jpg"), "x".into()).await.unwrap();
    assert_eq!(paths(&first).await, ["p/p_000000000001.jpg"]);
    assert!(paths(&second).await.is_empty());
}

#[test]
fn its_place_is_local() {
    let place = open("memory://").location(&ProductId::parse("prod_789").unwrap());
    assert_eq!(
        (place.location.as_str(), place.bucket.as_str(), place.region.as_str()),
        ("memory://images/prod_789/", "images", "local")
    );
}
