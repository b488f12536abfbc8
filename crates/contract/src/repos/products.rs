//! What a `ProductRepo` promises.

use super::Repos;
use crate::builders::{moment, origin, product_id, product_name};
use futures_util::future::join_all;
use packshot_domain::access::Origin;
use packshot_domain::ports::product_repo::{ProductQuery, Put};
use packshot_domain::product::Product;

fn query(search: Option<&str>, page: u32, page_size: u32) -> ProductQuery {
    ProductQuery { search: search.map(str::to_owned), page, page_size }
}

async fn found(repos: &Repos, search: &str) -> Vec<String> {
    let page = repos.products.list(&query(Some(search), 1, 100)).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|product| product.id.to_string()).collect()
}

/// A claim, as it is named.
pub async fn a_product_reads_back_and_others_are_not_there(repos: &Repos) {
    let product =
        Product { id: product_id("prod_789"), name: product_name("Été 100% \u{1f600}"), created_at: moment(0) };
    let put =
        repos.products.put(&product.id, &product.name, &Origin { at: product.created_at, ..origin(0) }).await.unwrap();
    assert_eq!(put, Put::Created(product.clone()));
    assert_eq!(repos.products.find(&product.id).await.unwrap(), Some(product));
    // Ids differ by case.
    assert_eq!(repos.products.find(&product_id("Prod_789")).await.unwrap(), None);
}

/// A claim, as it is named.
pub async fn a_second_put_renames_and_keeps_the_time(repos: &Repos) {
    let id = product_id("p");
    repos.products.put(&id, &product_name("Old"), &origin(0)).await.unwrap();
    let renamed = Product { id: id.clone(), name: product_name("New"), created_at: moment(0) };
    let put = repos.products.put(&id, &product_name("New"), &origin(5)).await.unwrap();
    assert_eq!(put, Put::Renamed(renamed.clone()));
    assert_eq!(repos.products.find(&id).await.unwrap(), Some(renamed));
    assert_eq!(found(repos, "old").await, [""; 0]);
    assert_eq!(found(repos, "new").await, ["p"]);
}

/// A claim, as it is named.
pub async fn it_is_empty_until_the_first_put(repos: &Repos) {
    assert!(repos.products.is_empty().await.unwrap());
    repos.put_products(&["p"]).await;
    assert!(!repos.products.is_empty().await.unwrap());
}

/// A claim, as it is named.
pub async fn products_are_listed_in_pages_in_byte_order_of_their_ids(repos: &Repos) {
    repos.put_products(&["b", "a_1", "B", "a-1", "a1", "A"]).await;
    let mut ids = Vec::new();
    for page in 1..=4 {
        let page = repos.products.list(&query(None, page, 2)).await.unwrap();
        assert_eq!(page.total, 6);
        ids.extend(page.items.into_iter().map(|product| product.id.to_string()));
    }
    assert_eq!(ids, ["A", "B", "a-1", "a1", "a_1", "b"]);
}

/// A claim, as it is named.
pub async fn a_search_is_literal_and_ignores_case_in_id_and_name(repos: &Repos) {
    for (id, name) in [("Lamp-1", "Desk light"), ("p_2", "50% WOLLE, grün"), ("p-3", "Straße")] {
        repos.products.put(&product_id(id), &product_name(name), &origin(0)).await.unwrap();
    }
    assert_eq!(found(repos, "lAMP").await, ["Lamp-1"]);
    assert_eq!(found(repos, "LIGHT").await, ["Lamp-1"]);
    assert_eq!(found(repos, "GRÜN").await, ["p_2"]);
    assert_eq!(found(repos, "0%").await, ["p_2"]);
    assert_eq!(found(repos, "_").await, ["p_2"]);
    assert_eq!(found(repos, "-").await, ["Lamp-1", "p-3"]);
    assert_eq!(found(repos, "strasse").await, ["p-3"]);
    assert_eq!(found(repos, "\\").await, [""; 0]);
    assert_eq!(found(repos, "\0").await, [""; 0]);
    assert_eq!(found(repos, "").await, ["Lamp-1", "p-3", "p_2"]);
}

/// A claim, as it is named.
pub async fn a_ping_is_answered(repos: &Repos) {
    repos.products.ping().await.unwrap();
}

/// A claim, as it is named.
pub async fn of_many_puts_at_once_one_creates(repos: &Repos) {
    let (id, name) = (product_id("p"), product_name("P"));
    let origin = origin(0);
    let puts = join_all((0..20).map(|_| repos.products.put(&id, &name, &origin))).await;
    let created = puts.into_iter().filter(|put| matches!(put.as_ref().unwrap(), Put::Created(_)));
    assert_eq!(created.count(), 1);
}
