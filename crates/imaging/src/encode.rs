//! From pixels to coded bytes.
//!
//! Owns the choice of the encoder; refuses to change pixels, except that WebP has no grey.
//! The surprising rule: what an encoder writes has no metadata, not even a profile; no profile is sRGB.

mod jpeg;
mod png;
mod webp;

use crate::failure::Result;
use crate::raster::Raster;
use crate::settings::Profile;
use packshot_domain::image::ImageFormat;
use packshot_domain::step::Step;

/// How hard and how well to code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// 1 to 100, for lossy codings.
    pub(crate) quality: u8,
    /// Every pixel as it is, where the coding can do both.
    pub(crate) lossless: bool,
    /// Quality or CPU time.
    pub(crate) profile: Profile,
}

/// Codes straight sRGB samples; a JPEG's have no alpha.
///
/// # Errors
/// `Internal` when the encoder fails.
pub(crate) fn encode(picture: &Raster<u8>, format: ImageFormat, effort: Effort) -> Result<Vec<u8>> {
    let _step = Step::Encode.span().entered();
    match format {
        ImageFormat::Jpeg => jpeg::encode(picture, effort),
        ImageFormat::Png => png::encode(picture, effort),
        ImageFormat::WebP => webp::encode(picture, effort),
    }
}
