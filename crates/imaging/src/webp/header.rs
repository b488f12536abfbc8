//! A WebP's dimensions, coding and alpha.
//!
//! Owns the headers of the two bitstreams (RFC 9649, section 3.4; RFC 6386, section 9.1); refuses to
//! read further into them. The surprising rule: a canvas that differs from its one picture is corrupt,
//! since decoders differ on what to show.

use super::chunks::Chunk;
use super::parts::parts;
use crate::failure::{Result, corrupt};
use crate::header::{Coding, Header, Model};
use crate::orientation::Orientation;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;

/// What the chunks say without a bitstream being decoded.
///
/// # Errors
/// As [`parts`], and `Corrupt` for a bitstream that does not begin as one.
pub(crate) fn read(data: &[u8]) -> Result<Header> {
    let parts = parts(data)?;
    let picture = match &parts.picture.kind {
        b"VP8L" => lossless(&parts.picture)?,
        _ => lossy(&parts.picture)?,
    };
    if parts.canvas.is_some_and(|canvas| canvas != picture.size) {
        return Err(corrupt("its canvas and its picture differ in size"));
    }
    Ok(Header {
        coding: Coding::WebP { lossless: picture.lossless },
        coded: picture.size,
        // No browser turns a WebP, whatever its EXIF says.
        orientation: Orientation::Upright,
        model: if picture.alpha || parts.alpha.is_some() { Model::Rgba } else { Model::Rgb },
    })
}

#[derive(Clone, Copy)]
struct Picture {
    size: Dimensions,
    alpha: bool,
    lossless: bool,
}

/// A frame tag of three bytes, a start code, width and height in 14 bits each.
fn lossy(chunk: &Chunk<'_>) -> Result<Picture> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = chunk.data else {
        return Err(corrupt("its VP8 data has no key frame"));
    };
    if tag & 1 != 0 {
        return Err(corrupt("its VP8 data has no key frame"));
    }
    let side = |b0, b1| u32::from(u16::from_le_bytes([b0, b1]) & 0x3fff);
    let size = Dimensions::new(side(w0, w1), side(h0, h1)).ok_or_else(empty)?;
    Ok(Picture { size, alpha: false, lossless: false })
}

/// A signature, width and height less one in 14 bits each, an alpha bit, a version of three bits.
fn lossless(chunk: &Chunk<'_>) -> Result<Picture> {
    let &[0x2f, b0, b1, b2, b3, ..] = chunk.data else {
        return Err(corrupt("its VP8L data has no signature"));
    };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    let size = Dimensions::new((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1).ok_or_else(empty)?;
    if bits >> 29 != 0 {
        return Err(corrupt("its VP8L data has an unknown version"));
    }
    Ok(Picture { size, alpha: bits >> 28 & 1 == 1, lossless: true })
}

fn empty() -> ProcessError {
    corrupt("its width or height is zero")
}
