//! Schemas of what is not read or written through a type of its own: the form, the merge patch, problems.
//!
//! Owns the description only. The form is read as a stream and the patch member by member, so that
//! every fault is named; these types say what they take.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The form of an upload; parts come in any order, and unknown ones are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UploadForm {
    /// The image file: at most 5 MiB (5242880 bytes) of JPEG, PNG or WebP, 300×300 to 5000×5000 pixels.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// The product to associate the image with.
    #[serde(rename = "productId")]
    #[schema(example = "prod_789", min_length = 1)]
    pub product_id: String,
    /// Set as the product's primary image; `1` and `0` mean the same.
    #[schema(default = false, nullable = false)]
    pub is_primary: Option<bool>,
    /// Alternative text for accessibility, without control characters.
    #[schema(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", nullable = false)]
    pub alt_text: Option<String>,
    /// Image caption, without control characters.
    #[schema(max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", nullable = false)]
    pub caption: Option<String>,
    /// Display order, lower numbers first.
    #[schema(minimum = 0, maximum = 2_147_483_647, default = 0, nullable = false)]
    pub order: Option<i32>,
    /// Tags, one part each; the part may also be named `tags[]`. Trimmed, empty and repeated ones dropped; then
    /// at most 10.
    #[schema(nullable = false)]
    pub tags: Option<Vec<Tag>>,
    /// A JSON object of at most 16 KiB and 8 levels, as text.
    #[schema(value_type = Option<Object>, nullable = false, example = json!({"camera": "Canon EOS R5"}))]
    pub metadata: Option<Value>,
}

/// One tag: at most 50 characters, no control characters.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "desk")]
pub struct Tag(pub String);

/// A JSON merge patch (RFC 7396) of an image; `null` takes a value away.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ImagePatch)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImagePatchRequest {
    /// Alternative text, without control characters.
    #[schema(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub alt_text: Option<String>,
    /// Caption, without control characters.
    #[schema(max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub caption: Option<String>,
    /// Display order; `null` is 0.
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub order: Option<i32>,
    /// All tags; trimmed, empty and repeated ones dropped; then at most 10.
    pub tags: Option<Vec<Tag>>,
    /// Metadata, merged member by member; at most 16 KiB and 8 levels.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
}

/// The body of `PUT /products/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PutProduct)]
#[serde(deny_unknown_fields)]
pub struct PutProductRequest {
    /// 1 to 200 characters after trimming, no control characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Wireless keyboard"
    )]
    pub name: String,
}

/// A problem (RFC 9457). The members after `instance` come with some kinds only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "https://example.com/errors/validation")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The request's path without `/api`.
    #[schema(example = "/files")]
    pub instance: String,
    /// Fields at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub errors: Option<Vec<FieldProblem>>,
    /// The largest size in bytes, with 413.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_size: Option<u64>,
    /// The file's size in bytes, with 413.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub actual_size: Option<u64>,
    /// Types that are taken, with 415.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allowed_types: Option<Vec<String>>,
    /// What the file is, with 415.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub received_type: Option<String>,
    /// What does not answer, with 503 of readiness.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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
    pub status: Fine,
}

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fine {
    /// Always.
    Ok,
}

/// Everything answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadinessBody {
    /// `ok`
    pub status: Fine,
    /// `ok`
    pub database: Fine,
    /// `ok`
    pub store: Fine,
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

/// How far the work on an image is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProcessingStatus {
    /// Everything is done.
    Completed,
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
