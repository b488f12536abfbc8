//! Pixels to JPEG: by jpegli, or by libjpeg-turbo where speed counts and for grey.
//!
//! Owns the encoders, subsampling and scan scripts; refuses alpha.
//! The surprising rule: jpegli does not subsample colour. It spends so few bytes on it that 4:4:4 scores
//! higher than 4:2:0 of the same size, and its quality is shifted so that a quality means about the bytes
//! that it means to libjpeg-turbo with 4:2:0, but for thumbnails.

use super::Effort;
use crate::failure::{Result, internal};
use crate::raster::{Channels, Raster};
use crate::settings::Profile;
use jpegli_rust::{Options, ScanMode, Subsampling, encode_rgb};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// Codes `picture`, which has no alpha.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(picture: &Raster<u8>, effort: Effort) -> Result<Vec<u8>> {
    match (picture.channels, effort.profile) {
        (Channels::Rgb, Profile::Quality) => jpegli(picture, effort),
        (Channels::Rgb, Profile::Fast) => turbo(picture, PixelFormat::RGB, Subsamp::Sub2x2, effort),
        (Channels::Gray, _) => turbo(picture, PixelFormat::GRAY, Subsamp::Gray, effort),
        (Channels::GrayAlpha | Channels::Rgba, _) => Err(internal("a JPEG has no alpha")),
    }
}

fn jpegli(picture: &Raster<u8>, effort: Effort) -> Result<Vec<u8>> {
    let options = Options {
        quality: jpegli_quality(effort.quality, picture.size.pixels()),
        scan_mode: ScanMode::Oximg,
        subsampling: Subsampling::S444,
        max_pixels: usize::MAX,
        max_output_bytes: isize::MAX as usize,
    };
    let (width, height, row) = (picture.width(), picture.height(), picture.row_samples());
    let coded = encode_rgb(&picture.samples, width, height, row, options).map_err(internal)?;
    Ok(coded.to_vec())
}

/// Measured on photographs at libjpeg-turbo's quality 85, where a shift of 1 means about its bytes. A thumbnail is
/// not shifted: against a shift of 5, which would mean its bytes there, it gains three points of SSIMULACRA2 for
/// 6 kB.
fn jpegli_quality(quality: u8, pixels: u64) -> u8 {
    let shift = if pixels < 300_000 { 0 } else { 1 };
    quality.saturating_sub(shift).max(1)
}

fn turbo(picture: &Raster<u8>, format: PixelFormat, subsampling: Subsamp, effort: Effort) -> Result<Vec<u8>> {
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
