//! Schemas of what is not read or written through a type of its own: the form, the merge patch, problems.
//!
//! Owns the description only. The form is read as a stream and the patch member by member, so that
//! every fault is named; these types say what they take.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The form of an upload.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UploadForm {
    /// The image file: at most 5 MiB of JPEG, PNG or WebP.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// The product to associate the image with.
    #[serde(rename = "productId")]
    #[schema(example = "prod_789", min_length = 1)]
    pub product_id: String,
    /// Set as the product's primary image: `true`, `false`, `1` or `0`.
    pub is_primary: Option<bool>,
    /// Alternative text for accessibility.
    #[schema(max_length = 255)]
    pub alt_text: Option<String>,
    /// Image caption.
    #[schema(max_length = 500)]
    pub caption: Option<String>,
    /// Display order, lower numbers first.
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub order: Option<i32>,
    /// Tags, repeated; also as `tags[]`.
    #[schema(max_items = 10)]
    pub tags: Option<Vec<String>>,
    /// A JSON object as text: at most 16 KiB and 8 levels.
    #[schema(example = r#"{"camera": "Canon EOS R5"}"#)]
    pub metadata: Option<String>,
}

/// A JSON merge patch (RFC 7396) of an image; `null` takes a value away.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ImagePatch)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImagePatchRequest {
    /// Alternative text.
    #[schema(max_length = 255)]
    pub alt_text: Option<String>,
    /// Caption.
    #[schema(max_length = 500)]
    pub caption: Option<String>,
    /// Display order.
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub order: Option<i32>,
    /// All tags.
    #[schema(max_items = 10)]
    pub tags: Option<Vec<String>>,
    /// Metadata, merged member by member.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
}

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "https://example.com/errors/validation")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The request's path without `/api`.
    pub instance: String,
    /// Fields at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldProblem>>,
    /// The largest size in bytes, with 413.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u64>,
    /// The file's size in bytes, with 413.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_size: Option<u64>,
    /// Types that are taken, with 415.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_types: Option<Vec<String>>,
    /// What the file is, with 415.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_type: Option<String>,
    /// What does not answer, with 503 of readiness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Vec<String>>,
}

/// One field at fault.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Its name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthBody {
    /// `ok`
    pub status: String,
}

/// Everything answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadinessBody {
    /// `ok`
    pub status: String,
    /// `ok`
    pub database: String,
    /// `ok`
    pub store: String,
}

/// The media types of images.
#[derive(Debug, Deserialize, ToSchema)]
pub enum MimeType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    WebP,
}

/// What images can be sorted by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortByName {
    /// Time of upload.
    UploadedAt,
    /// Display order.
    Order,
    /// File name.
    Filename,
    /// Bytes.
    Size,
    /// Pixels across.
    Width,
}

/// Which way to sort.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortOrderName {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}
