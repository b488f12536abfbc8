//! What the fuzz targets (`fuzz/`) see of this crate besides its port.
//!
//! There in builds with `--cfg fuzzing` alone, which cargo-fuzz and `cargo xtask fuzz` set. Owns nothing:
//! each function is one step of the pipeline as the pipeline calls it.

use crate::colour::Stated;
use crate::settings::Profile;
use crate::{cost, header, original, sniff};
use bytes::Bytes;
use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::ports::image_processor::{ProcessError, Sniffed};
use packshot_domain::variant::VariantSpecs;

/// What is known of a picture before a pixel is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The coding.
    pub format: ImageFormat,
    /// The size as displayed.
    pub displayed: Dimensions,
    /// How it must be turned, as EXIF counts: 1 to 8.
    pub orientation: u8,
    /// What it counts in the budget, with the customer's variants.
    pub working_bytes: u64,
}

/// The step `sniff`.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Sniffed {
    sniff::sniff(bytes)
}

/// The step `header`.
///
/// # Errors
/// As the port's `process`.
pub fn header(data: &[u8], format: ImageFormat) -> Result<Seen, ProcessError> {
    let header = header::read(data, format)?;
    Ok(Seen {
        format: header.format(),
        displayed: header.displayed(),
        orientation: header.orientation.to_exif(),
        working_bytes: cost::working_bytes(&header, &VariantSpecs::default(), Profile::Quality),
    })
}

/// The embedded ICC profile, where nothing counts more.
#[must_use]
pub fn profile(data: &[u8], format: ImageFormat) -> Option<Vec<u8>> {
    match header::colours(data, format) {
        Stated::Profile(profile) => Some(profile),
        Stated::Nothing | Stated::Coded { .. } => None,
    }
}

/// The step `original`, both halves of it: what is decoded, and what is stored.
///
/// # Errors
/// As the port's `process`.
pub fn original(upload: &Bytes, format: ImageFormat) -> Result<(Bytes, Bytes), ProcessError> {
    let header = header::read(upload, format)?;
    let stripped = original::strip(upload, &header)?;
    let finished = original::finish(upload, stripped.clone(), &header)?;
    Ok((stripped, finished))
}
