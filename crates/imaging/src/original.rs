//! The cleaned original.
//!
//! Owns the rule of what becomes of an upload's own bytes; refuses to decode them.
//! The surprising rule: a turned JPEG is turned losslessly where its size is a multiple of the coding's
//! block in the directions that matter. Every other turned picture keeps its pixels and states its
//! orientation in a fresh EXIF block that holds that one tag, so that it is displayed upright.

use crate::failure::Result;
use crate::header::Header;
use crate::orientation::Orientation;
use crate::{jpeg, png, webp};
use bytes::Bytes;
use packshot_domain::image::ImageFormat;

/// Which of the optional parts of a file stay when it is cleaned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// The ICC profile.
    pub(crate) icc: bool,
    /// An orientation to state; upright is stated by saying nothing.
    pub(crate) orientation: Orientation,
}

/// The original of `upload`; the same bytes, not a copy, where there was nothing to take out.
///
/// # Errors
/// `Corrupt` when the file's structure is broken.
pub(crate) fn clean(upload: &Bytes, header: &Header) -> Result<Bytes> {
    if header.format == ImageFormat::Jpeg && header.orientation != Orientation::Upright {
        let plain = without_metadata(upload, header, Keep { icc: true, orientation: Orientation::Upright })?;
        if let Some(turned) = jpeg::turn::losslessly(&plain, header.orientation, header.needs_whole) {
            return Ok(turned.into());
        }
    }
    let cleaned = without_metadata(upload, header, Keep { icc: true, orientation: header.orientation })?;
    Ok(if cleaned == *upload { upload.clone() } else { cleaned.into() })
}

/// `data` with nothing in it but what [`Keep`] and a decoder ask for.
///
/// # Errors
/// `Corrupt` when the file's structure is broken.
pub(crate) fn without_metadata(data: &[u8], header: &Header, keep: Keep) -> Result<Vec<u8>> {
    match header.format {
        ImageFormat::Jpeg => jpeg::clean::clean(data, keep),
        ImageFormat::Png => png::clean::clean(data, keep),
        ImageFormat::WebP => webp::clean::clean(data, header, keep),
    }
}
