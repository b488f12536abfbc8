//! What a PNG's header says.
//!
//! Owns which codings are taken and how many bytes their rows are; refuses to inflate image data.
//! The surprising rule: transparency counts as alpha only where it is one that browsers honour.

use super::chunks::Chunk;
use super::parts::parts;
use crate::failure::{Result, corrupt, unsupported};
use crate::header::{Coding, Header, Model};
use packshot_domain::image::Dimensions;

/// What the chunks say without the image data being inflated.
///
/// # Errors
/// As [`parts`].
pub(crate) fn read(data: &[u8]) -> Result<Header> {
    let parts = parts(data)?;
    let ihdr = &parts.header.1;
    let alpha = matches!(ihdr.colour_type, 4 | 6) || parts.has_transparency();
    let model = match (ihdr.colour_type, alpha) {
        (0, false) => Model::Gray,
        (0 | 4, true) => Model::GrayAlpha,
        (_, false) => Model::Rgb,
        (_, true) => Model::Rgba,
    };
    Ok(Header {
        coding: Coding::Png { sixteen_bits: ihdr.depth == 16, interlaced: ihdr.interlaced },
        coded: ihdr.size,
        orientation: parts.orientation,
        model,
    })
}

/// Section 11.2.1.
pub(crate) struct Ihdr {
    size: Dimensions,
    depth: u8,
    colour_type: u8,
    interlaced: bool,
}

impl Ihdr {
    /// # Errors
    /// `Corrupt`, `Unsupported`.
    pub(crate) fn parse(chunk: &Chunk<'_>) -> Result<Self> {
        if &chunk.kind == b"CgBI" {
            return Err(unsupported("PNG in Apple's CgBI dialect"));
        }
        if &chunk.kind != b"IHDR" || !chunk.is_intact() {
            return Err(corrupt("its header chunk is missing or damaged"));
        }
        let &[w3, w2, w1, w0, h3, h2, h1, h0, depth, colour_type, compression, filter, interlace] = chunk.data else {
            return Err(corrupt("its header chunk has the wrong length"));
        };
        let allowed: &[u8] = match colour_type {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => &[],
        };
        if !allowed.contains(&depth) || compression != 0 || filter != 0 || interlace > 1 {
            return Err(corrupt("its header chunk holds a value that PNG does not have"));
        }
        let size = Dimensions::new(u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]))
            .ok_or_else(|| corrupt("its width or height is zero"))?;
        Ok(Self { size, depth, colour_type, interlaced: interlace == 1 })
    }

    /// Width and height.
    pub(crate) fn size(&self) -> Dimensions {
        self.size
    }

    /// Whether samples are indices into a palette.
    pub(crate) fn is_indexed(&self) -> bool {
        self.colour_type == 3
    }

    /// How many samples a pixel has.
    pub(crate) fn samples(&self) -> usize {
        match self.colour_type {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// The greatest value that a sample can have.
    pub(crate) fn greatest_sample(&self) -> u16 {
        u16::MAX >> (16 - self.depth)
    }

    /// How many colours of a palette an index can name.
    pub(crate) fn most_colours(&self) -> usize {
        usize::from(self.greatest_sample()) + 1
    }

    /// How many bytes the rows are, each with its filter (section 7.2).
    pub(crate) fn data_bytes(&self) -> usize {
        let samples = self.samples();
        let rows = |width: usize, height: usize| match width {
            0 => 0,
            _ => height.saturating_mul(1 + width.saturating_mul(samples * usize::from(self.depth)).div_ceil(8)),
        };
        let (width, height) = (self.size.width() as usize, self.size.height() as usize);
        if !self.interlaced {
            return rows(width, height);
        }
        // Section 8.2: where each pass begins, and how far its pixels are apart.
        let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        let pass = |(left, top, across, down): (usize, usize, usize, usize)| {
            rows(width.saturating_sub(left).div_ceil(across), height.saturating_sub(top).div_ceil(down))
        };
        passes.into_iter().map(pass).fold(0, usize::saturating_add)
    }
}
