//! What packshot knows of a JPEG's structure (ITU T.81), without decoding it.
//!
//! Owns the walk over segments, the header, the metadata that matters and the cleaning; refuses to
//! touch entropy-coded data, except to find its end and, through the codec, to turn it losslessly.
//! The surprising rule: what stands after the first end-of-image marker does not exist.

pub(crate) mod clean;
pub(crate) mod complete;
pub(crate) mod header;
pub(crate) mod icc;
pub(crate) mod segments;
pub(crate) mod turn;
