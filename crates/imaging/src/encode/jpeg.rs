//! Pixels to JPEG, by libjpeg-turbo.
//!
//! Owns subsampling and the scan script; refuses alpha.
//! The surprising rule: none.

use super::Effort;
use crate::failure::{Result, internal};
use crate::raster::{Channels, Raster};
use crate::settings::Profile;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// Codes `picture`, which has no alpha.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(picture: &Raster<u8>, effort: Effort) -> Result<Vec<u8>> {
    let (format, subsampling) = match picture.channels {
        Channels::Gray => (PixelFormat::GRAY, Subsamp::Gray),
        Channels::Rgb => (PixelFormat::RGB, Subsamp::Sub2x2),
        Channels::GrayAlpha | Channels::Rgba => return Err(internal("a JPEG has no alpha")),
    };
    let mut codec = Compressor::new().map_err(internal)?;
    codec.set_quality(effort.quality.into()).map_err(internal)?;
    codec.set_subsamp(subsampling).map_err(internal)?;
    codec.set_optimize(true).map_err(internal)?;
    codec.set_progressive(effort.profile == Profile::Quality).map_err(internal)?;
    let image = Image {
        pixels: picture.samples.as_slice(),
        width: picture.width(),
        pitch: picture.row_samples(),
        height: picture.height(),
        format,
    };
    codec.compress_to_vec(image).map_err(internal)
}
