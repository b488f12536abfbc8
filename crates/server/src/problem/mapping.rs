//! The one place where errors of the use cases become problems.
//!
//! Every match names every variant: a new error does not compile until somebody has decided what a
//! client is told. Each sentence is fit for a client; causes travel beside it, for the log.

use crate::http::pace::is_too_slow;
use crate::http::preconditions::failed;
use crate::problem::{Problem, Slug};
use crate::routes::files::form::{MAX_FILE_BYTES, NoForm};
use actix_multipart::MultipartError;
use actix_web::error::PayloadError;
use packshot_domain::catalog::CatalogError;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::guard::Objection;
use packshot_domain::ports::image_processor::ProcessError;
use packshot_domain::ports::image_store::StoreError;
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::rate_limiter::{RateLimitError, Scope};
use packshot_domain::upload::UploadError;

/// Seconds after which a client may try again when something is down.
const RETRY_AFTER_SECONDS: u64 = 5;
/// The same when only the turn of a list has not come.
const BUSY_RETRY_AFTER_SECONDS: u64 = 1;
/// What a client is told of our own fault in an upload.
pub(crate) const UPLOAD_FAILED: &str = "Failed to process uploaded image.";
/// What is wrong with a member that is not what it was, and cannot be changed by its request.
pub(crate) const READ_ONLY: &str = "cannot be changed here";
/// What a client is told of our own fault in any other request.
pub(crate) const FAILED: &str = "The server failed to answer the request.";

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::KeyReused => Self::fields(
                Slug::Validation,
                "The Idempotency-Key was used for a request with another payload.",
                [("Idempotency-Key", "Use a new key for a new request")],
            ),
            UploadError::StillRunning => {
                Self::new(Slug::Conflict, "The first request with this Idempotency-Key is still running.")
                    .retry_after(1)
            }
            UploadError::UnsupportedType { received } => unsupported_image(received),
            UploadError::Invalid(errors) => {
                let names: Vec<_> = errors.iter().map(|error| error.field).collect();
                let detail = match errors.as_slice() {
                    [only] => format!("{}.", only.message.trim_end_matches('.')),
                    _ => format!("Invalid fields: {}.", names.join(", ")),
                };
                Self::fields(Slug::Validation, detail, errors.iter().map(|error| (error.field, &error.message)))
            }
            UploadError::ProductNotFound(id) => product_not_found(&id),
            UploadError::Limited(error) => error.into(),
            UploadError::Process(error) => error.into(),
            UploadError::Store(error @ StoreError::NotFound) => Self::internal(UPLOAD_FAILED, error),
            UploadError::Store(error @ StoreError::Unavailable(_)) => Self::unavailable(RETRY_AFTER_SECONDS, error),
            UploadError::Repo(error) => error.into(),
            error @ UploadError::Swept => Self::unavailable(RETRY_AFTER_SECONDS, error),
            error @ UploadError::NoFreeKey(_) => Self::internal(UPLOAD_FAILED, error),
        }
    }
}

impl From<ProcessError> for Problem {
    fn from(error: ProcessError) -> Self {
        let file = |detail: String, message: String| Self::fields(Slug::Validation, detail, [("file", message)]);
        match error {
            ProcessError::TooSmall { min_width, min_height, .. } => file(
                format!("Image dimensions too small. Minimum: {min_width}x{min_height} pixels."),
                format!("Image dimensions must be at least {min_width}x{min_height} pixels"),
            ),
            ProcessError::TooLarge { max_width, max_height, .. } => file(
                format!("Image dimensions too large. Maximum: {max_width}x{max_height} pixels."),
                format!("Image dimensions must be at most {max_width}x{max_height} pixels"),
            ),
            ProcessError::Animated => {
                file("Animated images are not supported.".to_owned(), "Image must not be animated".to_owned())
            }
            ProcessError::Corrupt(what) => file(
                "The image data is corrupt or truncated.".to_owned(),
                format!("Image data is corrupt or truncated: {what}"),
            ),
            ProcessError::Unsupported(what) => file(
                "The image uses a coding that is not supported.".to_owned(),
                format!("Image coding is not supported: {what}"),
            ),
            ProcessError::TooCostly(what) => file(
                "The image costs too much to process.".to_owned(),
                format!("Image costs too much to process: {what}"),
            ),
            error @ ProcessError::Overloaded => Self::unavailable(RETRY_AFTER_SECONDS, error),
            ProcessError::Internal(cause) => Self::internal(UPLOAD_FAILED, cause),
        }
    }
}

impl From<RateLimitError> for Problem {
    fn from(error: RateLimitError) -> Self {
        match error {
            RateLimitError::Exceeded { scope, retry_after_seconds } => {
                let whose = match scope {
                    Scope::User => "by this user",
                    Scope::Address => "from this address",
                    Scope::Product => "to this product",
                };
                let detail = format!("Too many uploads {whose}. Try again in {retry_after_seconds} seconds.");
                Self::new(Slug::RateLimited, detail).retry_after(retry_after_seconds)
            }
            RateLimitError::Repo(error) => error.into(),
        }
    }
}

impl From<NoForm> for Problem {
    fn from(error: NoForm) -> Self {
        match error {
            NoForm::Bad(detail) => Self::new(Slug::BadRequest, detail),
            NoForm::FileTooLarge(size_bytes) | NoForm::Endless(size_bytes, _) => file_too_large(size_bytes),
            NoForm::Malformed(MultipartError::Payload(PayloadError::Overflow)) => {
                Self::new(Slug::PayloadTooLarge, "The form is too large.")
            }
            NoForm::Malformed(MultipartError::Payload(error)) if is_too_slow(&error) => too_slow(),
            NoForm::Malformed(error) => {
                tracing::info!(cause = %error, "a multipart form was malformed");
                Self::new(Slug::BadRequest, "The multipart form is malformed or incomplete.")
            }
        }
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::ProductNotFound(id) => product_not_found(&id),
            CatalogError::ImageNotFound(id) => image_not_found(&id),
            CatalogError::Metadata(error) => {
                Self::fields(Slug::Validation, format!("{error}."), [("metadata", error.to_string())])
            }
            CatalogError::Store(error) => error.into(),
            CatalogError::Refused(objection) => objection.into(),
            CatalogError::Repo(error) => error.into(),
        }
    }
}

impl From<Objection> for Problem {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Precondition => failed(),
            Objection::ReadOnly(names) => invalid_members(names.into_iter().map(|name| (name, READ_ONLY.to_owned()))),
        }
    }
}

impl From<RepoError> for Problem {
    fn from(error: RepoError) -> Self {
        match error {
            RepoError::Unavailable(cause) => Self::unavailable(RETRY_AFTER_SECONDS, cause),
            error @ RepoError::Busy => {
                let detail = "Too many lists and searches are running. Try again later.";
                Self { cause: Some(error.into()), ..Self::new(Slug::Unavailable, detail) }
                    .retry_after(BUSY_RETRY_AFTER_SECONDS)
            }
            RepoError::TooSlow(cause) => {
                let detail =
                    "The answer takes longer than it may. Ask for less: a product, fewer pages, a longer word.";
                Self { cause: Some(cause), ..Self::new(Slug::Unavailable, detail) }.retry_after(RETRY_AFTER_SECONDS)
            }
            RepoError::Corrupt(cause) => Self::internal(FAILED, cause),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::new(Slug::NotFound, "There is no such file."),
            StoreError::Unavailable(cause) => Self::unavailable(RETRY_AFTER_SECONDS, cause),
        }
    }
}

/// Members of a body that break a rule, each with what is wrong with it.
pub(crate) fn invalid_members(errors: impl IntoIterator<Item = (String, String)>) -> Problem {
    let errors: Vec<(String, String)> = errors.into_iter().collect();
    let names: Vec<_> = errors.iter().map(|(name, _)| name.as_str()).collect();
    let detail = format!("Invalid fields: {}.", names.join(", "));
    Problem::fields(Slug::Validation, detail, errors)
}

/// There is no product of that id, which may be anything that a client sent.
pub(crate) fn product_not_found(id: &str) -> Problem {
    Problem::new(Slug::NotFound, format!("Product with ID '{}' not found.", shown(id)))
}

/// There is no image of that id, which may be anything that a client sent.
pub(crate) fn image_not_found(id: &str) -> Problem {
    Problem::new(Slug::NotFound, format!("Image with ID '{}' not found.", shown(id)))
}

/// The file has this many bytes, or more, where it was not read to its end.
pub(crate) fn file_too_large(size_bytes: u64) -> Problem {
    Problem::new(Slug::FileTooLarge, "File size exceeds maximum allowed size of 5MB.")
        .with("maxSize", MAX_FILE_BYTES)
        .with("actualSize", size_bytes)
}

/// The request's body arrived too slowly.
pub(crate) fn too_slow() -> Problem {
    Problem::new(Slug::RequestTimeout, "The request took too long to arrive.")
}

fn unsupported_image(received: String) -> Problem {
    let allowed: Vec<_> = ImageFormat::ALL.iter().map(|format| format.mime_type()).collect();
    Problem::new(Slug::UnsupportedMediaType, "Only JPEG, PNG, and WebP images are supported.")
        .with("allowedTypes", allowed)
        .with("receivedType", received)
}

/// A client's text, short enough to repeat.
fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 80;
    let mut shown: String = text.chars().take(MAX_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
