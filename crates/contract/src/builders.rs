//! Test data: small, distinct, and good.
//!
//! Owns the defaults; a test changes the fields that it is about.

#![expect(clippy::unwrap_used, reason = "the values are constants that the domain's types take")]

use chrono::{DateTime, TimeDelta, Utc};
use packshot_domain::access::{Origin, UserName};
use packshot_domain::image::{Dimensions, FileToken, Filename, Image, ImageFormat, ImageId};
use packshot_domain::product::{ProductId, ProductName};
use packshot_domain::storage::ObjectKey;
use packshot_domain::text::{DisplayOrder, Metadata, OriginalName, Tags};
use packshot_domain::variant::{Folder, StoredVariant, VariantName};
use uuid::Uuid;

/// A moment so many seconds after an arbitrary one, with microseconds that must not get lost.
#[must_use]
pub fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap() + TimeDelta::seconds(seconds)
}

/// A write so many seconds after that moment.
#[must_use]
pub fn origin(seconds: i64) -> Origin {
    Origin {
        user: UserName::parse("admin_user").unwrap(),
        address: Some([192, 0, 2, 7].into()),
        request_id: Some("request-1".to_owned()),
        at: moment(seconds),
    }
}

/// The product id of that text.
#[must_use]
pub fn product_id(text: &str) -> ProductId {
    ProductId::parse(text).unwrap()
}

/// The product name of that text.
#[must_use]
pub fn product_name(text: &str) -> ProductName {
    ProductName::parse(text).unwrap()
}

/// The user name of that text.
#[must_use]
pub fn user(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

/// Tags of these texts.
#[must_use]
pub fn tags(tags: &[&str]) -> Tags {
    Tags::parse(tags).unwrap()
}

/// Image ids sort as their numbers do.
#[must_use]
pub fn image_id(number: u32) -> ImageId {
    ImageId::new(Uuid::from_u128(u128::from(number) << 64 | 0x7000_8000))
}

/// The file name of image `number` of that product.
#[must_use]
pub fn filename(product: &ProductId, number: u32, format: ImageFormat) -> Filename {
    Filename::new(product, FileToken::from_bits(number.into()), format)
}

/// Image `number` of that product: a JPEG with two variants, uploaded `number` seconds after
/// [`moment`]`(0)`, not primary, without texts and tags.
#[must_use]
pub fn image(product: &str, number: u32) -> Image {
    let product = product_id(product);
    Image {
        id: image_id(number),
        filename: filename(&product, number, ImageFormat::Jpeg),
        product_id: product,
        original_name: OriginalName::from_client("photo.jpg"),
        format: ImageFormat::Jpeg,
        size_bytes: 123_456,
        dimensions: Dimensions::new(1600, 1200).unwrap(),
        variants: vec![
            variant("medium", "medium", ImageFormat::Jpeg, 800, 600),
            variant("webp", "webp", ImageFormat::WebP, 1200, 900),
        ],
        is_primary: false,
        alt_text: None,
        caption: None,
        order: DisplayOrder::default(),
        tags: Tags::default(),
        metadata: Metadata::default(),
        uploaded_at: moment(number.into()),
        uploaded_by: user("ada"),
    }
}

/// A stored variant of that name, folder, format and size.
#[must_use]
pub fn variant(name: &str, folder: &str, format: ImageFormat, width: u32, height: u32) -> StoredVariant {
    StoredVariant {
        name: VariantName::parse(name).unwrap(),
        folder: Folder::parse(folder).unwrap(),
        format,
        dimensions: Dimensions::new(width, height).unwrap(),
        size_bytes: u64::from(width) * 10,
    }
}

/// The keys of all objects of that image, the original's first.
#[must_use]
pub fn object_keys(image: &Image) -> Vec<ObjectKey> {
    ObjectKey::all(&image.product_id, &image.filename, &image.variants)
}
