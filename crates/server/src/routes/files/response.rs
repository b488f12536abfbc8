//! What an image looks like in an answer.
//!
//! Owns the JSON names and the URLs; refuses to know which request asks.

use chrono::{DateTime, SecondsFormat, Utc};
use packshot_domain::image::{Dimensions, Image};
use packshot_domain::product::ProductName;
use packshot_domain::storage::{ObjectKey, StorageLocation};
use serde::Serialize;
use serde_json::{Map, Value};

/// An image as the 201 of an upload shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageResponse {
    id: String,
    product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_name: Option<String>,
    filename: String,
    original_name: String,
    mime_type: &'static str,
    size: u64,
    dimensions: DimensionsResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Map<String, Value>>,
    is_primary: bool,
    alt_text: Option<String>,
    caption: Option<String>,
    order: i32,
    tags: Vec<String>,
    metadata: Map<String, Value>,
    uploaded_at: String,
    uploaded_by: String,
    processing_status: &'static str,
    storage: StorageResponse,
}

/// `dimensions`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DimensionsResponse {
    width: u32,
    height: u32,
    aspect_ratio: String,
}

/// `storage`
#[derive(Debug, Serialize)]
pub(crate) struct StorageResponse {
    location: String,
    bucket: String,
    region: String,
}

/// Where image files can be had.
pub(crate) struct Urls<'a> {
    public_base_url: &'a str,
    storage: StorageLocation,
}

impl<'a> Urls<'a> {
    /// URLs that start with `public_base_url`, for a product that lies at `storage`.
    pub(crate) fn new(public_base_url: &'a str, storage: StorageLocation) -> Self {
        Self { public_base_url, storage }
    }

    fn of(&self, key: &ObjectKey) -> Value {
        format!("{}/products/{key}", self.public_base_url).into()
    }
}

impl ImageResponse {
    /// The answer for `image`.
    pub(crate) fn new(image: &Image, urls: &Urls<'_>) -> Self {
        Self {
            id: image.id.to_string(),
            product_id: image.product_id.to_string(),
            product_name: None,
            filename: image.filename.to_string(),
            original_name: image.original_name.as_str().to_owned(),
            mime_type: image.format.mime_type(),
            size: image.size_bytes,
            dimensions: image.dimensions.into(),
            url: None,
            variants: Some(variants(image, urls)),
            is_primary: image.is_primary,
            alt_text: image.alt_text.as_ref().map(|text| text.as_str().to_owned()),
            caption: image.caption.as_ref().map(|text| text.as_str().to_owned()),
            order: image.order.get(),
            tags: image.tags.as_slice().to_vec(),
            metadata: image.metadata.as_object().clone(),
            uploaded_at: timestamp(image.uploaded_at),
            uploaded_by: image.uploaded_by.as_str().to_owned(),
            // An image has a row only when everything of it is done.
            processing_status: "completed",
            storage: StorageResponse {
                location: urls.storage.location.clone(),
                bucket: urls.storage.bucket.clone(),
                region: urls.storage.region.clone(),
            },
        }
    }

    /// The same with its product's name.
    pub(crate) fn of_product(self, name: &ProductName) -> Self {
        Self { product_name: Some(name.as_str().to_owned()), ..self }
    }

    /// The same with the original's URL as `url`.
    pub(crate) fn with_url(self) -> Self {
        let url = self.variants.as_ref().and_then(|variants| variants.get("original").cloned());
        Self { url, ..self }
    }

    /// The same without its variants.
    pub(crate) fn without_variants(self) -> Self {
        Self { variants: None, ..self }
    }
}

impl From<Dimensions> for DimensionsResponse {
    fn from(dimensions: Dimensions) -> Self {
        Self { width: dimensions.width(), height: dimensions.height(), aspect_ratio: dimensions.aspect_ratio() }
    }
}

fn variants(image: &Image, urls: &Urls<'_>) -> Map<String, Value> {
    let original = urls.of(&ObjectKey::original(&image.product_id, &image.filename));
    let variants = image.variants.iter().map(|variant| {
        let key = ObjectKey::variant(&image.product_id, &variant.folder, &image.filename, variant.format);
        (variant.name.to_string(), urls.of(&key))
    });
    std::iter::once(("original".to_owned(), original)).chain(variants).collect()
}

/// RFC 3339 in UTC, whole seconds.
pub(crate) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
