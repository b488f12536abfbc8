//! A WebP without what is not its picture.
//!
//! Owns which chunks stay (bitstream, alpha plane, ICC profile, and VP8X with its flags made true) and
//! the RIFF length; refuses to change bitstreams. The surprising rule: an orientation that is not
//! upright turns a simple file into an extended one, because only that can state it.

use super::chunks::{Chunk, chunks, write};
use super::header::{FLAG_ALPHA, FLAG_EXIF, FLAG_ICC};
use crate::exif;
use crate::failure::{Result, internal};
use crate::header::Header;
use crate::orientation::Orientation;
use crate::original::{Keep, profile_bytes};

/// `data` with nothing in it but what [`Keep`] and the decoder ask for.
///
/// # Errors
/// `Corrupt` when the structure is broken.
pub(crate) fn clean(data: &[u8], header: &Header, keep: Keep) -> Result<Vec<u8>> {
    let mut kept: Vec<Chunk<'_>> = Vec::new();
    let mut extended = false;
    for chunk in chunks(data)? {
        let mut chunk = chunk?;
        extended |= &chunk.kind == b"VP8X";
        let wanted = match &chunk.kind {
            b"ICCP" if keep.icc => profile_bytes(chunk.data).is_some_and(|bytes| {
                chunk.data = &chunk.data[..bytes];
                true
            }),
            b"ALPH" | b"VP8 " | b"VP8L" => true,
            _ => false,
        };
        if wanted && !kept.iter().any(|earlier| same_role(earlier.kind, chunk.kind)) {
            kept.push(chunk);
        }
    }
    let has = |kind: &[u8; 4]| kept.iter().any(|chunk| &chunk.kind == kind);
    let turned = keep.orientation != Orientation::Upright;
    let mut out = Vec::with_capacity(data.len() + 64);
    out.extend_from_slice(b"RIFF\0\0\0\0WEBP");
    if extended || turned {
        let flags = [(has(b"ICCP"), FLAG_ICC), (header.model.has_alpha(), FLAG_ALPHA), (turned, FLAG_EXIF)]
            .into_iter()
            .filter_map(|(holds, flag)| holds.then_some(flag))
            .sum();
        write(*b"VP8X", &canvas(flags, header), &mut out);
    }
    for chunk in &kept {
        // Only extended files have profiles and separate alpha.
        if extended || matches!(&chunk.kind, b"VP8 " | b"VP8L") {
            write(chunk.kind, chunk.data, &mut out);
        }
    }
    if turned {
        write(*b"EXIF", &exif::only_orientation(keep.orientation), &mut out);
    }
    let length = u32::try_from(out.len() - 8).map_err(internal)?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

/// A second bitstream, profile or alpha plane is not the picture's.
fn same_role(a: [u8; 4], b: [u8; 4]) -> bool {
    let bitstream = |kind: [u8; 4]| matches!(&kind, b"VP8 " | b"VP8L");
    a == b || (bitstream(a) && bitstream(b))
}

fn canvas(flags: u8, header: &Header) -> [u8; 10] {
    let [w0, w1, w2, _] = (header.coded.width() - 1).to_le_bytes();
    let [h0, h1, h2, _] = (header.coded.height() - 1).to_le_bytes();
    [flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]
}

/// The embedded ICC profile, where there is one.
pub(crate) fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let chunk = chunks(data).ok()?.map_while(Result::ok).find(|chunk| &chunk.kind == b"ICCP")?;
    Some(chunk.data.to_vec())
}
