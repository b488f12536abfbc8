//! A WebP's dimensions, EXIF orientation, alpha, and whether it is animated.
//!
//! Owns the three kinds of header (RFC 9649, sections 2.5 to 2.7; RFC 6386, section 9.1); refuses to
//! read further into a bitstream. The surprising rule: a canvas that differs from its one picture is
//! corrupt, since decoders differ on what to show.

use super::chunks::{Chunk, chunks};
use crate::exif;
use crate::failure::{Result, corrupt};
use crate::header::{Coding, Header, Model};
use crate::orientation::Orientation;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;

/// The flags of VP8X.
pub(crate) const FLAG_ICC: u8 = 0x20;
/// There is alpha.
pub(crate) const FLAG_ALPHA: u8 = 0x10;
/// There is an EXIF chunk.
pub(crate) const FLAG_EXIF: u8 = 0x08;
const FLAG_ANIMATION: u8 = 0x02;

/// What the chunks say without a bitstream being decoded.
///
/// # Errors
/// `Corrupt` for a broken structure, `Animated` for an animation.
pub(crate) fn read(data: &[u8]) -> Result<Header> {
    let mut canvas = None;
    let mut picture: Option<Picture> = None;
    let mut alpha = false;
    let mut orientation = None;
    for chunk in chunks(data)? {
        let chunk = chunk?;
        match &chunk.kind {
            b"VP8X" => {
                let (size, has_alpha) = extended(&chunk)?;
                alpha |= has_alpha;
                canvas = Some(size);
            }
            b"ANIM" | b"ANMF" => return Err(ProcessError::Animated),
            b"ALPH" => alpha = true,
            b"VP8 " if picture.is_none() => picture = Some(lossy(&chunk)?),
            b"VP8L" if picture.is_none() => picture = Some(lossless(&chunk)?),
            b"EXIF" => orientation = orientation.or_else(|| exif::orientation(chunk.data)),
            _ => {}
        }
    }
    let picture = picture.ok_or_else(|| corrupt("it has no image data"))?;
    if canvas.is_some_and(|canvas| canvas != picture.size) {
        return Err(corrupt("its canvas and its picture differ in size"));
    }
    Ok(Header {
        coding: Coding::WebP { lossless: picture.lossless },
        coded: picture.size,
        orientation: orientation.unwrap_or(Orientation::Upright),
        model: if picture.alpha || alpha { Model::Rgba } else { Model::Rgb },
    })
}

#[derive(Clone, Copy)]
struct Picture {
    size: Dimensions,
    alpha: bool,
    lossless: bool,
}

/// The canvas and whether it has alpha: flags, three reserved bytes, width and height less one in 24 bits each.
fn extended(chunk: &Chunk<'_>) -> Result<(Dimensions, bool)> {
    let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = chunk.data else {
        return Err(corrupt("its VP8X chunk is too short"));
    };
    if flags & FLAG_ANIMATION != 0 {
        return Err(ProcessError::Animated);
    }
    let side = |b0, b1, b2| u32::from_le_bytes([b0, b1, b2, 0]) + 1;
    let size = Dimensions::new(side(w0, w1, w2), side(h0, h1, h2)).ok_or_else(empty)?;
    Ok((size, flags & FLAG_ALPHA != 0))
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
