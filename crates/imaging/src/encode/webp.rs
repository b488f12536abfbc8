//! Pixels to WebP, by libwebp.
//!
//! Owns its effort; refuses pictures with a side above 16,383, which the settings keep away.
//! The surprising rules: colours under full transparency are free to change; and a quality is shifted a little, so
//! that it costs about the bytes that it costs with libwebp's own conversion to YUV and its usual effort. What
//! `planes` makes and less effort both cost some more.

mod native;
mod planes;

use super::Effort;
use crate::failure::{Result, internal};
use crate::raster::{Channels, Raster};
use crate::settings::Profile;
use std::borrow::Cow;
use webp::{Encoder, PixelLayout, WebPConfig};

/// Codes `picture`.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(picture: &Raster<u8>, effort: Effort) -> Result<Vec<u8>> {
    let mut config = WebPConfig::new().map_err(|()| internal("libwebp has another version"))?;
    let (method, shift) = match effort.profile {
        Profile::Quality => (4, 0.75),
        Profile::Fast => (1, 2.25),
    };
    config.method = method;
    if effort.lossless {
        config.lossless = 1;
        config.quality = f32::from(effort.quality);
        return lossless(picture, &config);
    }
    config.quality = (f32::from(effort.quality) - shift).max(0.0);
    native::encode(planes::planes(picture), picture.size, &config)
}

fn lossless(picture: &Raster<u8>, config: &WebPConfig) -> Result<Vec<u8>> {
    let (layout, samples): (_, Cow<'_, [u8]>) = match picture.channels {
        Channels::Rgb => (PixelLayout::Rgb, picture.samples.as_slice().into()),
        Channels::Rgba => (PixelLayout::Rgba, picture.samples.as_slice().into()),
        Channels::Gray => (PixelLayout::Rgb, picture.samples.iter().flat_map(|&gray| [gray; 3]).collect()),
        Channels::GrayAlpha => {
            (PixelLayout::Rgba, picture.samples.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect())
        }
    };
    let encoder = Encoder::new(&samples, layout, picture.size.width(), picture.size.height());
    match encoder.encode_advanced(config) {
        Ok(coded) => Ok(coded.to_vec()),
        Err(error) => Err(internal(format!("libwebp failed: {error:?}"))),
    }
}
