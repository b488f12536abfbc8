//! The store on the emulator of Azure Blob Storage.

use crate::support::{attributes, key, open_with, paths};
use packshot_contract::image_store::Fixture;
use packshot_contract::image_store_suite;
use packshot_contract::servers::NoServer;
use packshot_contract::servers::azurite::AzuriteServer;
use packshot_domain::ports::image_store::{ImageStore as _, StoreError};
use packshot_store::ObjectImageStore;
use std::sync::{Arc, LazyLock};

/// One for all tests; it ends with this process.
static SERVER: LazyLock<Result<AzuriteServer, NoServer>> = LazyLock::new(|| {
    let server = AzuriteServer::start()?;
    server.create_container("images")?;
    Ok(server)
});

fn server() -> &'static AzuriteServer {
    SERVER.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

fn open(url: &str) -> ObjectImageStore {
    open_with(url, server().options())
}

async fn under_a_prefix() -> Fixture {
    Fixture { store: Arc::new(open("az://images/shop")), guard: Box::new(()) }
}

image_store_suite!(under_a_prefix);

#[tokio::test]
async fn objects_carry_their_type_and_cache_policy() {
    let store = open("az://images/attributes");
    store.put(&key("p/webp/p_000000000001.webp"), "x".into()).await.unwrap();
    let found = attributes("az://images", server().options(), "attributes/p/webp/p_000000000001.webp").await;
    assert_eq!(found, (Some("image/webp".to_owned()), Some("public, max-age=31536000, immutable".to_owned())));
    assert_eq!(paths(&store).await, ["p/webp/p_000000000001.webp"]);
}

#[tokio::test]
async fn a_container_that_is_missing_is_unavailable_and_not_an_empty_store() {
    let store = open("az://no-such-container");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.put(&key("p/p_000000000001.jpg"), "x".into()).await, Err(StoreError::Unavailable(_))));
}
