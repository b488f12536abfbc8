//! Pixels in memory.
//!
//! Owns the shape of a buffer of samples; refuses to know what the samples mean.
//! The surprising rule: there is no CMYK here; it becomes RGB while it is decoded.

use crate::geometry::{common, middle};
use packshot_domain::image::Dimensions;

/// A picture of interleaved samples, rows from the top, without padding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster<T> {
    /// Pixels across and down.
    pub(crate) size: Dimensions,
    /// What a pixel is made of.
    pub(crate) channels: Channels,
    /// `width * height * channels` samples.
    pub(crate) samples: Vec<T>,
}

impl<T: Copy + Default> Raster<T> {
    /// Pixels across.
    pub(crate) fn width(&self) -> usize {
        self.size.width() as usize
    }

    /// Pixels down.
    pub(crate) fn height(&self) -> usize {
        self.size.height() as usize
    }

    /// Samples in a row.
    pub(crate) fn row_samples(&self) -> usize {
        self.width() * self.channels.count()
    }

    /// A black, transparent picture.
    pub(crate) fn empty(size: Dimensions, channels: Channels) -> Self {
        let samples = vec![T::default(); size.width() as usize * size.height() as usize * channels.count()];
        Self { size, channels, samples }
    }

    /// The middle of the picture, as much of `size` as there is.
    pub(crate) fn middle(&self, size: Dimensions) -> Self {
        let size = common(self.size, size);
        let (left, top) = middle(self.size, size);
        let channels = self.channels.count();
        let (start, across) = (left as usize * channels, size.width() as usize * channels);
        let mut samples = Vec::with_capacity(across * size.height() as usize);
        for row in self.samples.chunks_exact(self.row_samples()).skip(top as usize).take(size.height() as usize) {
            samples.extend_from_slice(&row[start..start + across]);
        }
        Self { size, channels: self.channels, samples }
    }
}

/// What a pixel is made of. Alpha is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    /// Lightness.
    Gray,
    /// Lightness, alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// Samples in a pixel.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Whether the last sample of a pixel is alpha.
    pub(crate) fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }

    /// Whether there is one sample of lightness and no colour.
    pub(crate) fn is_gray(self) -> bool {
        matches!(self, Self::Gray | Self::GrayAlpha)
    }
}

/// Some whole rows of a picture, as a decoder makes them: straight alpha, in the file's own colours.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Samples of 8 bits.
    Eight(&'a [u8]),
    /// Samples of 16 bits.
    Sixteen(&'a [u16]),
}

impl<'a> Rows<'a> {
    /// How many samples there are.
    pub(crate) fn samples(self) -> usize {
        match self {
            Self::Eight(samples) => samples.len(),
            Self::Sixteen(samples) => samples.len(),
        }
    }

    /// The samples from `start` to before `end`.
    pub(crate) fn part(self, start: usize, end: usize) -> Rows<'a> {
        match self {
            Self::Eight(samples) => Rows::Eight(&samples[start..end]),
            Self::Sixteen(samples) => Rows::Sixteen(&samples[start..end]),
        }
    }
}
