//! Pixels to PNG, by the `png` crate.
//!
//! Owns filter and compression; refuses to lose anything.
//! The surprising rule: quality means nothing here.

use super::Effort;
use crate::failure::{Result, internal};
use crate::raster::{Channels, Raster};
use png::{BitDepth, ColorType, Compression, Encoder};

/// Codes `picture`.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(picture: &Raster<u8>, _effort: Effort) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, picture.size.width(), picture.size.height());
    encoder.set_color(match picture.channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().map_err(internal)?;
    writer.write_image_data(&picture.samples).map_err(internal)?;
    writer.finish().map_err(internal)?;
    Ok(out)
}
