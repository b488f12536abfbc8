//! Short ways to say why an upload failed.
//!
//! Owns the constructors of [`ProcessError`] that the steps use; refuses to know any library's error.
//! The surprising rule: the texts are read by clients, so they are plain sentences without internals.

use packshot_domain::ports::Cause;
use packshot_domain::ports::image_processor::ProcessError;

/// What a step returns.
pub(crate) type Result<T> = std::result::Result<T, ProcessError>;

/// The data is damaged or ends too early; `text` is a sentence for a client.
pub(crate) fn corrupt(text: impl Into<String>) -> ProcessError {
    ProcessError::Corrupt(text.into())
}

/// A valid coding that packshot does not take; `text` is a sentence for a client.
pub(crate) fn unsupported(text: impl Into<String>) -> ProcessError {
    ProcessError::Unsupported(text.into())
}

/// Our own fault, with its cause for the log.
pub(crate) fn internal(cause: impl Into<Cause>) -> ProcessError {
    ProcessError::Internal(cause.into())
}
