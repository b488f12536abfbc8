//! What packshot knows of a WebP's structure (RFC 9649), without decoding it.
//!
//! Owns the walk over RIFF chunks, which of them make the picture, the header and the cleaning; refuses to
//! read bitstreams beyond their dimensions.
//! The surprising rule: what the VP8X chunk claims is checked against the bitstream itself.

pub(crate) mod chunks;
pub(crate) mod clean;
pub(crate) mod header;
pub(crate) mod parts;
