//! Pixels to WebP, by libwebp.
//!
//! Owns its effort; refuses pictures with a side above 16,383, which the settings keep away.
//! The surprising rule: colours under full transparency are free to change.

use super::Effort;
use crate::failure::{Result, internal};
use crate::raster::{Channels, Raster};
use crate::settings::Profile;
use std::borrow::Cow;
use webp::{Encoder, PixelLayout, WebPConfig};

/// What the sharper conversion to YUV adds in bytes, taken back in quality; still a gain of one to two
/// points of SSIMULACRA2 at the same bytes.
const SHARP_YUV_SHIFT: f32 = 1.5;

/// Codes `picture`.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(picture: &Raster<u8>, effort: Effort) -> Result<Vec<u8>> {
    let (layout, samples): (_, Cow<'_, [u8]>) = match picture.channels {
        Channels::Rgb => (PixelLayout::Rgb, picture.samples.as_slice().into()),
        Channels::Rgba => (PixelLayout::Rgba, picture.samples.as_slice().into()),
        Channels::Gray => (PixelLayout::Rgb, picture.samples.iter().flat_map(|&gray| [gray; 3]).collect()),
        Channels::GrayAlpha => {
            (PixelLayout::Rgba, picture.samples.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect())
        }
    };
    let mut config = WebPConfig::new().map_err(|()| internal("libwebp has another version"))?;
    config.lossless = i32::from(effort.lossless);
    match effort.profile {
        Profile::Quality => {
            config.method = 4;
            config.use_sharp_yuv = 1;
            config.quality = (f32::from(effort.quality) - SHARP_YUV_SHIFT).max(0.0);
        }
        Profile::Fast => {
            config.method = 2;
            config.quality = f32::from(effort.quality);
        }
    }
    let encoder = Encoder::new(&samples, layout, picture.size.width(), picture.size.height());
    match encoder.encode_advanced(&config) {
        Ok(coded) => Ok(coded.to_vec()),
        Err(error) => Err(internal(format!("libwebp failed: {error:?}"))),
    }
}
