//! A PNG without what is not its picture.
//!
//! Owns which chunks stay: those that decoding and colour need, and the pixel density. Refuses to
//! change a byte of what stays. The surprising rule: everything else goes, known or not (text, time,
//! EXIF, private chunks, leftovers of an animation, bytes after the end).

use super::chunks::{Chunk, SIGNATURE, chunks, write};
use crate::exif;
use crate::failure::{Result, corrupt};
use crate::orientation::Orientation;
use crate::original::Keep;

/// Ancillary chunks that say how the samples are to be shown (section 11.3).
const SHOWN: [&[u8; 4]; 11] =
    [b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"iCCP"];

/// `data` with nothing in it but what [`Keep`] and the decoder ask for.
///
/// # Errors
/// `Corrupt` when the structure is broken, a critical chunk's checksum is wrong or IEND is missing.
pub(crate) fn clean(data: &[u8], keep: Keep) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() + 38);
    out.extend_from_slice(SIGNATURE);
    for chunk in chunks(data) {
        let chunk = chunk?;
        if stays(&chunk, keep)? {
            out.extend_from_slice(chunk.raw);
        }
        if &chunk.kind == b"IHDR" && keep.orientation != Orientation::Upright {
            write(*b"eXIf", &exif::only_orientation(keep.orientation), &mut out);
        }
    }
    Ok(out)
}

fn stays(chunk: &Chunk<'_>, keep: Keep) -> Result<bool> {
    if chunk.is_critical() {
        return if chunk.is_intact() {
            Ok(true)
        } else {
            Err(corrupt(format!("the checksum of a {} chunk is wrong", String::from_utf8_lossy(&chunk.kind))))
        };
    }
    let wanted = SHOWN.contains(&&chunk.kind) && (keep.icc || &chunk.kind != b"iCCP");
    Ok(wanted && chunk.is_intact())
}
