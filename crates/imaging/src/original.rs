//! The cleaned original.
//!
//! Owns the rule of what becomes of an upload's own bytes; refuses to decode them.
//! The surprising rule: a turned JPEG is turned losslessly where its size is a multiple of the coding's
//! block in the directions that matter. Every other turned picture keeps its pixels and states its
//! orientation in a fresh EXIF block that holds that one tag, so that it is displayed upright.

use crate::failure::Result;
use crate::header::{Coding, Header};
use crate::orientation::Orientation;
use crate::{jpeg, png, webp};
use bytes::Bytes;
use packshot_domain::image::ImageFormat;

/// Which of the optional parts of a file stay when it is cleaned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// The ICC profile, and what else says what colours the samples mean.
    pub(crate) icc: bool,
    /// An orientation to state; upright is stated by saying nothing.
    pub(crate) orientation: Orientation,
}

/// `upload` without metadata, its orientation included: what is decoded, and what the original is made
/// of. Decoders never see what packshot does not keep.
///
/// # Errors
/// `Corrupt` when the file's structure is broken.
pub(crate) fn strip(upload: &Bytes, header: &Header) -> Result<Bytes> {
    let keep = Keep { icc: true, orientation: Orientation::Upright };
    let stripped = match header.format() {
        ImageFormat::Png => png::clean::upload(upload, keep)?,
        ImageFormat::Jpeg | ImageFormat::WebP => without_metadata(upload, header, keep)?,
    };
    Ok(if stripped == *upload { upload.clone() } else { stripped.into() })
}

/// The original: `stripped`, turned upright or stating how it must be turned; `upload` itself, not a
/// copy, where there was nothing to take out.
///
/// # Errors
/// `Internal`.
pub(crate) fn finish(upload: &Bytes, stripped: Bytes, header: &Header) -> Result<Bytes> {
    if header.orientation == Orientation::Upright {
        return Ok(stripped);
    }
    if let Coding::Jpeg { progressive, .. } = header.coding
        && let Some(turned) = jpeg::turn::losslessly(&stripped, header.orientation, progressive)
    {
        return Ok(turned.into());
    }
    let stating = without_metadata(&stripped, header, Keep { icc: true, orientation: header.orientation })?;
    Ok(if stating == *upload { upload.clone() } else { stating.into() })
}

/// `data` with nothing in it but what [`Keep`] and a decoder ask for.
///
/// # Errors
/// `Corrupt` when the file's structure is broken.
pub(crate) fn without_metadata(data: &[u8], header: &Header, keep: Keep) -> Result<Vec<u8>> {
    match header.format() {
        ImageFormat::Jpeg => jpeg::clean::clean(data, keep),
        ImageFormat::Png => png::clean::clean(data, keep),
        ImageFormat::WebP => webp::clean::clean(data, header, keep),
    }
}

/// How many of these bytes are an ICC profile: as many as it says itself (ICC.1:2022, 7.2.2), where there are as many.
/// None without the signature that readers look for first (7.2.11): to none of them does that mean a colour.
pub(crate) fn profile_bytes(bytes: &[u8]) -> Option<usize> {
    let (size, rest) = bytes.split_first_chunk()?;
    let stated = usize::try_from(u32::from_be_bytes(*size)).ok()?;
    (rest.get(32..36)? == b"acsp").then_some(stated.clamp(40, bytes.len()))
}
