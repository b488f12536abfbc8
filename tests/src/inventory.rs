//! What a server has: every image that it lists, and every file in its store.
//!
//! Owns the promise that the two agree; refuses to look into the database.

use crate::server::Server;
use serde_json::Value;
use std::path::PathBuf;

/// Every image with its variants, in the order of their upload, read page by page.
///
/// # Panics
/// When a page is not answered.
#[must_use]
#[track_caller]
pub fn every_image(server: &Server) -> Vec<Value> {
    let mut images = Vec::new();
    for page in 1.. {
        let query = format!("/files?include_variants=true&sort_order=asc&page_size=100&page={page}");
        let mut page = server.anyone().get(&query).expect(200).json();
        images.append(page["items"].as_array_mut().expect("items"));
        if page["hasNext"] == false {
            break;
        }
    }
    images
}

/// The id of an image.
///
/// # Panics
/// When this is none.
#[must_use]
#[track_caller]
pub fn id(image: &Value) -> &str {
    image["id"].as_str().expect("an image has an id")
}

/// The URLs of an image's files.
///
/// # Panics
/// When the image was read without its variants.
#[must_use]
#[track_caller]
pub fn urls(image: &Value) -> Vec<&str> {
    let variants = image["variants"].as_object().expect("an image with its variants");
    variants.values().map(|url| url.as_str().expect("a URL")).collect()
}

/// Checks that the store holds the files of every listed image and no others, and that each can be read.
///
/// # Panics
/// When not; says which.
#[track_caller]
pub fn assert_rows_and_files_agree(server: &Server) {
    let images = every_image(server);
    let mut named: Vec<PathBuf> = Vec::new();
    for url in images.iter().flat_map(urls) {
        let answer = server.anyone().get(url);
        assert!(answer.status == 200 && !answer.body.is_empty(), "{url}: {}", answer.shown());
        named.push(url.strip_prefix("/static/img/products/").expect("an image's URL").into());
    }
    named.sort();
    let stored = server.stored_files();
    let orphans: Vec<&PathBuf> = stored.iter().filter(|file| named.binary_search(file).is_err()).collect();
    let missing: Vec<&PathBuf> = named.iter().filter(|file| stored.binary_search(file).is_err()).collect();
    assert!(orphans.is_empty() && missing.is_empty(), "orphans: {orphans:?}; missing: {missing:?}");
}
