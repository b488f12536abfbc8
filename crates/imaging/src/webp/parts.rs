//! Which chunks of a WebP make its picture (RFC 9649, section 2.7).
//!
//! Owns finding them, wherever they stand and whatever stands between them; refuses to look into a bitstream. The
//! surprising rule: an animation of one frame that fills its canvas is a still picture, and a file whose chunks stand
//! in another order than the standard's is read as if they stood in it, since cleaning writes them so.

use super::chunks::{Chunk, chunks, inside};
use crate::failure::{Result, corrupt, unsupported};
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;

/// The flags of VP8X.
pub(crate) const FLAG_ICC: u8 = 0x20;
/// There is alpha.
pub(crate) const FLAG_ALPHA: u8 = 0x10;
const FLAG_ANIMATION: u8 = 0x02;

/// What of a frame's header comes before its chunks: place, size, duration, flags.
const FRAME_HEADER_BYTES: usize = 16;

/// The chunks that make the picture.
pub(crate) struct Parts<'a> {
    /// What VP8X says, in an extended file.
    pub(crate) canvas: Option<Dimensions>,
    /// The contents of ICCP, where VP8X says that it counts.
    pub(crate) profile: Option<&'a [u8]>,
    /// The contents of ALPH, where it counts: not beside VP8L, which has its own alpha.
    pub(crate) alpha: Option<&'a [u8]>,
    /// VP8 or VP8L.
    pub(crate) picture: Chunk<'a>,
}

/// The parts of `data`.
///
/// # Errors
/// `Corrupt` for a broken structure, `Animated` for an animation of several frames, `Unsupported` for a frame that
/// does not fill its canvas.
pub(crate) fn parts(data: &[u8]) -> Result<Parts<'_>> {
    let mut canvas: Option<Canvas> = None;
    let mut profile = None;
    let mut still = Picture::default();
    let mut frames: Vec<&[u8]> = Vec::new();
    for (place, chunk) in chunks(data)?.enumerate() {
        let chunk = chunk?;
        match &chunk.kind {
            // Anywhere else it is one that readers do not know.
            b"VP8X" if place == 0 => canvas = Some(Canvas::parse(chunk.data)?),
            b"ICCP" => profile = profile.or(Some(chunk.data)),
            b"ANMF" => frames.push(chunk.data),
            _ => still.note(chunk),
        }
    }
    let says = |flag| canvas.as_ref().is_some_and(|canvas| canvas.flags & flag != 0);
    // In a frame, alpha counts whatever VP8X says.
    let (Picture { alpha, bitstream }, alpha_counts) = match frames.as_slice() {
        [frame] if still.bitstream.is_none() => (Picture::of_frame(frame)?, true),
        [_, ..] if still.bitstream.is_none() || says(FLAG_ANIMATION) => return Err(ProcessError::Animated),
        _ => (still, says(FLAG_ALPHA)),
    };
    let picture = bitstream.ok_or_else(|| corrupt("it has no image data"))?;
    let alpha = alpha.filter(|_| &picture.kind == b"VP8 " && alpha_counts);
    Ok(Parts { profile: profile.filter(|_| says(FLAG_ICC)), alpha, picture, canvas: canvas.map(|canvas| canvas.size) })
}

/// What VP8X says.
struct Canvas {
    flags: u8,
    size: Dimensions,
}

impl Canvas {
    /// Flags, three reserved bytes, width and height less one in 24 bits each.
    fn parse(data: &[u8]) -> Result<Self> {
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = data else {
            return Err(corrupt("its VP8X chunk is too short"));
        };
        let side = |b0, b1, b2| u32::from_le_bytes([b0, b1, b2, 0]) + 1;
        let size = Dimensions::new(side(w0, w1, w2), side(h0, h1, h2))
            .ok_or_else(|| corrupt("its width or height is zero"))?;
        Ok(Self { flags, size })
    }
}

/// A bitstream and what may go with it: of each the first, since readers do not take another.
#[derive(Default)]
struct Picture<'a> {
    alpha: Option<&'a [u8]>,
    bitstream: Option<Chunk<'a>>,
}

impl<'a> Picture<'a> {
    fn note(&mut self, chunk: Chunk<'a>) {
        match &chunk.kind {
            b"ALPH" => self.alpha = self.alpha.or(Some(chunk.data)),
            b"VP8 " | b"VP8L" => self.bitstream = self.bitstream.or(Some(chunk)),
            _ => {}
        }
    }

    /// The picture in an ANMF chunk. How long it is shown, and how it would be blended, says nothing about one alone.
    fn of_frame(frame: &'a [u8]) -> Result<Self> {
        let (header, rest) =
            frame.split_at_checked(FRAME_HEADER_BYTES).ok_or_else(|| corrupt("its ANMF chunk is too short"))?;
        if header[..6] != [0; 6] {
            return Err(unsupported("animated WebP whose only frame does not fill its canvas"));
        }
        let mut picture = Self::default();
        for chunk in inside(rest) {
            picture.note(chunk?);
        }
        Ok(picture)
    }
}
