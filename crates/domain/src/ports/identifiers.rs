//! Fresh identities.

use crate::image::{FileToken, ImageId};
use crate::ports::idempotency::Lease;

/// Makes identities that nobody else has.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Identifiers: Send + Sync {
    /// A new image id: UUID version 7 (RFC 9562), so ids sort by the time they were made.
    fn image_id(&self) -> ImageId;
    /// 48 bits from a cryptographic source.
    fn file_token(&self) -> FileToken;
    /// A new owner of an idempotency key.
    fn lease(&self) -> Lease;
}
