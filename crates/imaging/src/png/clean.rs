//! A PNG without what is not its picture.
//!
//! Owns the order of what stays: what decoding and colour need, and the pixel density, each once. Refuses to change a
//! sample. The surprising rule: everything else goes, known or not (text, time, EXIF, private chunks, leftovers of an
//! animation, bytes after the end, a profile that is none); and the file is always written anew, in the order of the
//! standard and with true checksums, so one that some readers refuse comes out as one that all can open.

use super::chunks::{SIGNATURE, write};
use super::data::{Mended, mended};
use super::icc;
use super::parts::{Part, Parts, parts};
use crate::exif;
use crate::failure::Result;
use crate::orientation::Orientation;
use crate::original::Keep;
use miniz_oxide::deflate::compress_to_vec_zlib;
use std::borrow::Cow;

/// What says what colours the samples mean, besides the profile. It goes with that, which hid some of it.
const COLOURS: [&[u8; 4]; 6] = [b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI"];

/// An upload's own bytes, with nothing in them but what [`Keep`] and the decoder ask for. Its image data is one whole
/// zlib stream with a true checksum and nothing behind it.
///
/// # Errors
/// As [`parts`] and [`mended`].
pub(crate) fn upload(data: &[u8], keep: Keep) -> Result<Vec<u8>> {
    let parts = parts(data)?;
    let Mended { pieces, end } = mended(&parts.data, &parts.header.1)?;
    Ok(written(&parts, keep, pieces.into_iter(), &end, data.len()))
}

/// The same of what has been cleaned before, whose image data is as it must be.
///
/// # Errors
/// As [`parts`].
pub(crate) fn clean(data: &[u8], keep: Keep) -> Result<Vec<u8>> {
    let parts = parts(data)?;
    let pieces = parts.data.iter().map(|piece| Cow::Borrowed(piece.bytes));
    Ok(written(&parts, keep, pieces, &[], data.len()))
}

fn written<'a>(
    parts: &Parts<'a>,
    keep: Keep,
    pieces: impl Iterator<Item = Cow<'a, [u8]>>,
    end: &[u8],
    bytes: usize,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 64);
    out.extend_from_slice(SIGNATURE);
    write(*b"IHDR", parts.header.0, &mut out);
    if keep.orientation != Orientation::Upright {
        write(*b"eXIf", &exif::only_orientation(keep.orientation), &mut out);
    }
    ancillary(&parts.before_palette, keep, &mut out);
    if let Some(palette) = parts.palette {
        write(*b"PLTE", palette, &mut out);
    }
    ancillary(&parts.behind_palette, keep, &mut out);
    pieces.for_each(|piece| write(*b"IDAT", &piece, &mut out));
    if !end.is_empty() {
        write(*b"IDAT", end, &mut out);
    }
    write(*b"IEND", b"", &mut out);
    out
}

fn ancillary(parts: &[Part<'_>], keep: Keep, out: &mut Vec<u8>) {
    for part in parts {
        if &part.kind != b"iCCP" {
            if keep.icc || !COLOURS.contains(&&part.kind) {
                write(part.kind, &part.data, out);
            }
        } else if keep.icc
            && let Some(data) = with_profile(&part.data)
        {
            write(part.kind, &data, out);
        }
    }
}

/// The contents of the profile's chunk as they are; anew, where they hold more than the profile, or less than its
/// stream.
fn with_profile(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let embedded = icc::embedded(data)?;
    if embedded.is_exact {
        return Some(data.into());
    }
    Some([embedded.before, &compress_to_vec_zlib(&embedded.profile, 9)].concat().into())
}
