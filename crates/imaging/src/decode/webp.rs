//! WebP to pixels, by libwebp.
//!
//! Owns asking it; refuses animations before it is asked.
//! The surprising rule: libwebp says no more than that it failed, so the text for the client is general.

mod rows;

use super::{Decoded, Goal, Sink};
use crate::failure::{Result, corrupt};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::raster::{Channels, Rows};
use rows::WebpRows;
use webp::BitstreamFeatures;

/// Decodes a WebP.
///
/// # Errors
/// `Corrupt`, `TooCostly`.
pub(super) fn decode(data: &[u8], header: &Header, goal: Goal<'_>, limit: CpuLimit) -> Result<Decoded> {
    let features = BitstreamFeatures::new(data).ok_or_else(|| corrupt("its WebP header is damaged"))?;
    let channels = if features.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let mut codec = WebpRows::open(data, header.coded, channels)?;
    let mut sink = Sink::new(header.coded, channels, false, goal);
    while let Some(rows) = codec.next(limit)? {
        sink.push(Rows::Eight(rows))?;
    }
    sink.finish()
}
