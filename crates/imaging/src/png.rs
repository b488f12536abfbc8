//! What packshot knows of a PNG's structure (W3C PNG, third edition), without decoding it.
//!
//! Owns the walk over chunks, which of them make the picture, the header and the cleaning; refuses to
//! inflate anything but the ICC profile and, to find its end, the image data, each only to a bound.
//! The surprising rule: an ancillary chunk whose checksum is wrong does not exist.

pub(crate) mod chunks;
pub(crate) mod clean;
pub(crate) mod colour;
pub(crate) mod data;
pub(crate) mod header;
pub(crate) mod icc;
pub(crate) mod parts;
