//! A JPEG's frame header and the EXIF orientation.
//!
//! Owns which codings are taken; refuses to trust anything but the frame header for dimensions.
//! The surprising rule: only segments before the first scan are read, so the price does not depend on
//! the file's size.

use super::segments::{APP1, Piece, SOS, is_frame, pieces};
use crate::exif;
use crate::failure::{Result, corrupt, unsupported};
use crate::header::{Coding, Header, Model};
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;

/// What the segments before the first scan say.
///
/// # Errors
/// `Corrupt` for a broken structure, `Unsupported` for codings other than baseline, extended and
/// progressive Huffman with 8 bits and 1, 3 or 4 components.
pub(crate) fn read(data: &[u8]) -> Result<Header> {
    let mut frame: Option<Frame> = None;
    let mut block = None;
    for piece in pieces(data) {
        match piece? {
            Piece::Segment { marker: SOS, .. } => {
                let frame = frame.ok_or_else(|| corrupt("a scan comes before the frame header"))?;
                return Ok(Header {
                    coding: Coding::Jpeg { progressive: frame.progressive, coefficients: frame.coefficients },
                    coded: frame.size,
                    orientation: block.and_then(exif::orientation).unwrap_or_default(),
                    model: frame.model,
                });
            }
            Piece::Segment { marker: APP1, payload, .. } => block = block.or_else(|| exif_block(payload)),
            Piece::Segment { marker, payload, .. } if is_frame(marker) => {
                let earlier = frame.replace(Frame::parse(marker, payload)?);
                if earlier.is_some() {
                    return Err(corrupt("it has two frame headers"));
                }
            }
            _ => {}
        }
    }
    Err(corrupt("it has no image data"))
}

/// The block in an EXIF segment. Browsers look at the first such segment alone, whatever it says; it is one when
/// anything follows its prefix, whose last byte is for padding.
fn exif_block(payload: &[u8]) -> Option<&[u8]> {
    let (prefix, block) = payload.split_at_checked(exif::PREFIX.len())?;
    (prefix[..5] == exif::PREFIX[..5] && !block.is_empty()).then_some(block)
}

struct Frame {
    size: Dimensions,
    model: Model,
    progressive: bool,
    coefficients: u64,
}

impl Frame {
    fn parse(marker: u8, payload: &[u8]) -> Result<Self> {
        let progressive = match marker {
            0xc0 | 0xc1 => false,
            0xc2 => true,
            0xc3 => return Err(unsupported("lossless JPEG")),
            0xc5..=0xc7 => return Err(unsupported("hierarchical JPEG")),
            _ => return Err(unsupported("JPEG with arithmetic coding")),
        };
        let &[precision, h1, h0, w1, w0, components, ..] = payload else {
            return Err(corrupt("the frame header is too short"));
        };
        if precision != 8 {
            return Err(unsupported(format!("JPEG with {precision} bits a sample")));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        if height == 0 && width > 0 {
            return Err(unsupported("JPEG that states its height only after the data"));
        }
        let size = Dimensions::new(width.into(), height.into()).ok_or_else(empty)?;
        let model = match components {
            1 => Model::Gray,
            3 => Model::Rgb,
            4 => Model::Cmyk,
            other => return Err(unsupported(format!("JPEG with {other} components"))),
        };
        if payload.len() != 6 + 3 * usize::from(components) {
            return Err(corrupt("the frame header has the wrong length"));
        }
        Ok(Self { size, model, progressive, coefficients: coefficients(size, &payload[6..]) })
    }
}

/// Of all blocks of a picture of `size` with these components: an identifier, sampling factors, a table (ITU T.81,
/// B.2.2 and A.2.4). Factors that no decoder takes count for nothing.
fn coefficients(size: Dimensions, components: &[u8]) -> u64 {
    let factors = || components.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
    let greatest = |factor: fn((u8, u8)) -> u8| u32::from(factors().map(factor).max().unwrap_or(1).max(1));
    let across = size.width().div_ceil(8 * greatest(|(across, _)| across));
    let down = size.height().div_ceil(8 * greatest(|(_, down)| down));
    let blocks: u64 = factors().map(|(across, down)| u64::from(across) * u64::from(down)).sum();
    u64::from(across) * u64::from(down) * blocks * 64
}

fn empty() -> ProcessError {
    corrupt("its width or height is zero")
}
