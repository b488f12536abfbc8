//! WebP to pixels, by libwebp.
//!
//! Owns asking it; refuses animations before it is asked.
//! The surprising rule: libwebp says no more than that it failed, so the text for the client is general.

use super::{Decoded, Goal, Sink};
use crate::failure::{Result, corrupt};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::raster::{Channels, Rows};
use webp::{Decoder, PixelLayout};

/// Decodes a WebP.
///
/// # Errors
/// `Corrupt`.
pub(super) fn decode(data: &[u8], header: &Header, goal: Goal, limit: CpuLimit) -> Result<Decoded> {
    let image = Decoder::new(data).decode().ok_or_else(|| corrupt("its WebP data is damaged or ends early"))?;
    if (image.width(), image.height()) != (header.coded.width(), header.coded.height()) {
        return Err(corrupt("its headers contradict each other"));
    }
    limit.check()?;
    let channels = match image.layout() {
        PixelLayout::Rgb => Channels::Rgb,
        PixelLayout::Rgba => Channels::Rgba,
    };
    let mut sink = Sink::new(header.coded, channels, false, goal);
    sink.push(Rows::Eight(&image))?;
    sink.finish()
}
