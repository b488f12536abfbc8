//! A PNG without what is not its picture.
//!
//! Owns which chunks stay: those that decoding and colour need, and the pixel density, each once and as
//! long as its definition. Refuses to change a byte of what stays. The surprising rule: everything else
//! goes, known or not (text, time, EXIF, private chunks, leftovers of an animation, bytes after the end,
//! a profile that is none).

use super::chunks::{Chunk, SIGNATURE, chunks, write};
use super::icc;
use crate::exif;
use crate::failure::{Result, corrupt};
use crate::orientation::Orientation;
use crate::original::Keep;
use miniz_oxide::deflate::compress_to_vec_zlib;
use std::borrow::Cow;

/// Ancillary chunks that say how the samples are to be shown (section 11.3), with the least and the most
/// bytes of their contents: in one of another length, something else is kept.
const SHOWN: [(&[u8; 4], usize, usize); 10] = [
    (b"tRNS", 1, 256),
    (b"gAMA", 4, 4),
    (b"cHRM", 32, 32),
    (b"sRGB", 1, 1),
    (b"cICP", 4, 4),
    (b"mDCV", 24, 24),
    (b"cLLI", 8, 8),
    (b"sBIT", 1, 4),
    (b"bKGD", 1, 6),
    (b"pHYs", 9, 9),
];

/// `data` with nothing in it but what [`Keep`] and the decoder ask for.
///
/// # Errors
/// `Corrupt` when the structure is broken, a critical chunk's checksum is wrong or IEND is missing.
pub(crate) fn clean(data: &[u8], keep: Keep) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() + 38);
    out.extend_from_slice(SIGNATURE);
    let mut ancillary: Vec<[u8; 4]> = Vec::new();
    let mut before_data = true;
    for chunk in chunks(data) {
        let chunk = chunk?;
        if chunk.is_critical() {
            check(&chunk)?;
            // What an end chunk holds stands after the end of the picture.
            if &chunk.kind == b"IEND" {
                write(*b"IEND", b"", &mut out)
            } else {
                out.extend_from_slice(chunk.raw)
            }
            before_data &= &chunk.kind != b"IDAT";
        } else if before_data
            && !ancillary.contains(&chunk.kind)
            && let Some(shown) = shown(&chunk, keep)
        {
            ancillary.push(chunk.kind);
            out.extend_from_slice(&shown);
        }
        if &chunk.kind == b"IHDR" && keep.orientation != Orientation::Upright {
            write(*b"eXIf", &exif::only_orientation(keep.orientation), &mut out);
        }
    }
    Ok(out)
}

fn check(chunk: &Chunk<'_>) -> Result<()> {
    if chunk.is_intact() {
        return Ok(());
    }
    Err(corrupt(format!("the checksum of a {} chunk is wrong", String::from_utf8_lossy(&chunk.kind))))
}

/// What stays of an ancillary chunk.
fn shown<'a>(chunk: &Chunk<'a>, keep: Keep) -> Option<Cow<'a, [u8]>> {
    if &chunk.kind == b"iCCP" {
        return if keep.icc && chunk.is_intact() { with_profile(chunk) } else { None };
    }
    let fits =
        |&(kind, least, most): &(&[u8; 4], _, _)| kind == &chunk.kind && (least..=most).contains(&chunk.data.len());
    (SHOWN.iter().any(fits) && chunk.is_intact()).then_some(chunk.raw.into())
}

/// The profile's chunk as it is; anew, where it holds more than the profile, or less than its stream.
fn with_profile<'a>(chunk: &Chunk<'a>) -> Option<Cow<'a, [u8]>> {
    let embedded = icc::embedded(chunk)?;
    if embedded.is_exact {
        return Some(chunk.raw.into());
    }
    let mut anew = Vec::new();
    write(chunk.kind, &[embedded.before, &compress_to_vec_zlib(&embedded.profile, 9)].concat(), &mut anew);
    Some(anew.into())
}
