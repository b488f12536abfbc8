//! What an image looks like in an answer.
//!
//! Owns the JSON names and the URLs; refuses to know which request asks.

use crate::app::App;
use crate::http::json::Verbatim;
use crate::openapi::schemas::{MimeType, ProcessingStatus, Tag};
use chrono::{DateTime, SecondsFormat, Utc};
use packshot_domain::image::{Dimensions, Image};
use packshot_domain::product::{ProductId, ProductName};
use packshot_domain::storage::{ObjectKey, StorageLocation};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A product image. `variants` is left out of lists unless asked for; `productName` and `url` are left
/// out of the answer of an upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageResponse {
    /// `img_` and a UUID.
    #[schema(
        example = "img_12345678-1234-5678-1234-567812345678",
        pattern = "^img_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )]
    id: String,
    /// The product that it shows.
    #[schema(example = "prod_789")]
    product_id: String,
    /// The product's name.
    #[schema(nullable = false, example = "Wireless keyboard")]
    #[serde(skip_serializing_if = "Option::is_none")]
    product_name: Option<String>,
    /// The server's name of the original.
    #[schema(example = "prod_789_abc123def456.jpg")]
    filename: String,
    /// The client's name of the file, path parts removed.
    #[schema(example = "product-image.jpg", max_length = 255)]
    original_name: String,
    /// What the uploaded file is, by its signature.
    #[schema(value_type = MimeType)]
    mime_type: &'static str,
    /// Bytes of the stored original.
    #[schema(example = 2_457_600)]
    size: u64,
    /// Of the original as displayed.
    dimensions: DimensionsResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// URL of the original.
    #[schema(value_type = Option<String>, nullable = false, example = "/static/img/products/prod_789/prod_789_abc123def456.jpg")]
    url: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// URLs by the variants' names, `original` first.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    variants: Option<Map<String, Value>>,
    /// Whether it is its product's primary image.
    is_primary: bool,
    /// Alternative text.
    #[schema(required, max_length = 255, example = "Premium wireless keyboard on wooden desk")]
    alt_text: Option<String>,
    /// Caption.
    #[schema(required, max_length = 500)]
    caption: Option<String>,
    /// Display order, lower first.
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    order: i32,
    /// Tags in the order given.
    #[schema(value_type = Vec<Tag>, max_items = 10)]
    tags: Vec<String>,
    /// Metadata of the client, with `colorProfile` added.
    #[schema(value_type = Object)]
    metadata: Verbatim,
    /// RFC 3339, UTC, whole seconds.
    #[schema(format = DateTime, example = "2024-01-15T10:30:00Z")]
    uploaded_at: String,
    /// Who uploaded it.
    #[schema(example = "admin_user")]
    uploaded_by: String,
    /// Always `completed`: an image that can be seen is whole.
    #[schema(value_type = ProcessingStatus)]
    processing_status: &'static str,
    /// Where its files lie.
    storage: StorageResponse,
}

/// Width and height in pixels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dimensions)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DimensionsResponse {
    /// Pixels across.
    #[schema(minimum = 300, maximum = 5000, example = 1200)]
    width: u32,
    /// Pixels down.
    #[schema(minimum = 300, maximum = 5000, example = 800)]
    height: u32,
    /// In lowest terms.
    #[schema(example = "3:2", pattern = "^[1-9][0-9]*:[1-9][0-9]*$")]
    aspect_ratio: String,
}

/// Where an image's files lie.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storage)]
pub(crate) struct StorageResponse {
    /// Never a path of the server's disk.
    #[schema(example = "s3://product-images/prod_789/")]
    location: String,
    /// Bucket, container or folder.
    #[schema(example = "product-images")]
    bucket: String,
    /// Region; `local` on disk.
    #[schema(example = "us-east-1")]
    region: String,
}

/// Where image files can be had.
pub(crate) struct Urls<'a> {
    public_base_url: &'a str,
    storage: StorageLocation,
}

impl<'a> Urls<'a> {
    /// URLs of the files of `product`.
    pub(crate) fn new(app: &'a App, product: &ProductId) -> Self {
        Self { public_base_url: &app.http.public_base_url, storage: app.store.location(product) }
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
            metadata: image.metadata.as_object().into(),
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
