//! What an upload's header says, and whether packshot takes it.
//!
//! Owns the limits on dimensions; refuses to decode.
//! The surprising rule: dimensions are those as displayed, so a turned picture is measured turned.

use crate::colour::Stated;
use crate::failure::Result;
use crate::orientation::Orientation;
use crate::raster::Channels;
use crate::settings::ImagingSettings;
use crate::{jpeg, png, webp};
use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::ports::image_processor::ProcessError;

/// What is known before a pixel is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// How it is coded.
    pub(crate) coding: Coding,
    /// The size of the stored pixels.
    pub(crate) coded: Dimensions,
    /// How they must be turned.
    pub(crate) orientation: Orientation,
    /// What a pixel is made of.
    pub(crate) model: Model,
}

/// The format of a file, and what of its coding decides how much of the picture a decoder must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// A progressive one shows the whole picture again and again, each time finer. `coefficients` are those of
    /// all its blocks.
    Jpeg { progressive: bool, coefficients: u64 },
    /// An interlaced one shows the whole picture again and again, each time finer.
    Png { sixteen_bits: bool, interlaced: bool },
    /// A lossless one is decoded from entropy codes that span the picture.
    WebP { lossless: bool },
}

/// What a pixel of the file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Lightness.
    Gray,
    /// Lightness, alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
    /// Four inks.
    Cmyk,
}

impl Model {
    /// Whether there is alpha.
    pub(crate) fn has_alpha(self) -> bool {
        self.channels().has_alpha()
    }

    /// What the decoded picture is made of.
    pub(crate) fn channels(self) -> Channels {
        match self {
            Self::Gray => Channels::Gray,
            Self::GrayAlpha => Channels::GrayAlpha,
            Self::Rgb | Self::Cmyk => Channels::Rgb,
            Self::Rgba => Channels::Rgba,
        }
    }
}

impl Header {
    /// The format of the file.
    pub(crate) fn format(&self) -> ImageFormat {
        match self.coding {
            Coding::Jpeg { .. } => ImageFormat::Jpeg,
            Coding::Png { .. } => ImageFormat::Png,
            Coding::WebP { .. } => ImageFormat::WebP,
        }
    }

    /// The size as displayed.
    pub(crate) fn displayed(&self) -> Dimensions {
        self.orientation.display(self.coded)
    }

    /// Checks the size as displayed.
    ///
    /// # Errors
    /// `TooSmall`, `TooLarge`.
    pub(crate) fn check(&self, settings: &ImagingSettings) -> Result<()> {
        let actual = self.displayed();
        let &ImagingSettings { min_width, min_height, max_width, max_height, .. } = settings;
        if actual.width() > max_width || actual.height() > max_height {
            return Err(ProcessError::TooLarge { actual, max_width, max_height });
        }
        if actual.width() < min_width || actual.height() < min_height {
            return Err(ProcessError::TooSmall { actual, min_width, min_height });
        }
        Ok(())
    }
}

/// Reads the header of an upload in `format`.
///
/// # Errors
/// `Corrupt`, `Animated`, `Unsupported`.
pub(crate) fn read(data: &[u8], format: ImageFormat) -> Result<Header> {
    match format {
        ImageFormat::Jpeg => jpeg::header::read(data),
        ImageFormat::Png => png::header::read(data),
        ImageFormat::WebP => webp::header::read(data),
    }
}

/// What the file says that its samples mean.
pub(crate) fn colours(data: &[u8], format: ImageFormat) -> Stated {
    let profile = match format {
        ImageFormat::Jpeg => jpeg::icc::profile(data),
        ImageFormat::Png => return png::colour::stated(data),
        ImageFormat::WebP => webp::clean::profile(data),
    };
    profile.map_or(Stated::Nothing, Stated::Profile)
}
