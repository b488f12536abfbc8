//! From coded bytes to pixels, once.
//!
//! Owns where the decoders' rows go: into a whole picture, or at once into a shrunk one.
//! Refuses to know why a size was chosen. The surprising rule: nobody asks a decoder for a picture;
//! decoders push rows, so that a large picture need not exist.

mod jpeg;
mod png;
mod webp;

use crate::colour::Colour;
use crate::failure::{Result, corrupt};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::linear::Linear;
use crate::raster::{Channels, Raster, Rows};
use crate::resize::Shrinker;
use crate::settings::Profile;
use packshot_domain::image::{Dimensions, ImageFormat};

/// How large the decoded picture must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal<'a> {
    /// As large as it is coded.
    Whole,
    /// Shrunk to these sizes, the largest first, in the orientation in which it is coded.
    Shrunk(&'a [Dimensions]),
}

/// A decoded picture, in the orientation and, but for inks, the colours in which it is coded.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// Whole, 8 bits a sample.
    Eight(Raster<u8>),
    /// Whole, 16 bits a sample.
    Sixteen(Raster<u16>),
    /// Shrunk to each size of the goal.
    Shrunk(Vec<Linear>),
}

/// Decodes `data`, whose header is `header`.
///
/// # Errors
/// `Corrupt` for damaged or truncated data; `TooCostly` for data made to be expensive.
pub(crate) fn decode(
    data: &[u8],
    header: &Header,
    goal: Goal<'_>,
    colour: &Colour,
    profile: Profile,
    limit: CpuLimit,
) -> Result<Decoded> {
    match header.format() {
        ImageFormat::Jpeg => jpeg::decode(data, header, goal, colour, profile, limit),
        ImageFormat::Png => png::decode(data, header, goal, limit),
        ImageFormat::WebP => webp::decode(data, header, goal, limit),
    }
}

/// Takes rows for a [`Goal`].
enum Sink {
    Eight(Raster<u8>),
    Sixteen(Raster<u16>),
    Shrink(Shrinker),
}

impl Sink {
    fn new(size: Dimensions, channels: Channels, sixteen_bits: bool, goal: Goal<'_>) -> Self {
        let samples = size.width() as usize * size.height() as usize * channels.count();
        match goal {
            Goal::Shrunk(targets) => Self::Shrink(Shrinker::new(size, targets, channels)),
            Goal::Whole if sixteen_bits => {
                Self::Sixteen(Raster { size, channels, samples: Vec::with_capacity(samples) })
            }
            Goal::Whole => Self::Eight(Raster { size, channels, samples: Vec::with_capacity(samples) }),
        }
    }

    /// How many rows at a time are cheapest.
    fn rows_at_a_time(&self) -> usize {
        match self {
            Self::Eight(_) | Self::Sixteen(_) => 16,
            Self::Shrink(shrinker) => shrinker.rows_at_a_time(),
        }
    }

    fn push(&mut self, rows: Rows<'_>) -> Result<()> {
        match (self, rows) {
            (Self::Shrink(shrinker), rows) => return shrinker.push(rows),
            (Self::Eight(raster), Rows::Eight(samples)) => raster.samples.extend_from_slice(samples),
            (Self::Sixteen(raster), Rows::Sixteen(samples)) => raster.samples.extend_from_slice(samples),
            (Self::Eight(_), Rows::Sixteen(_)) | (Self::Sixteen(_), Rows::Eight(_)) => {
                return Err(corrupt("its headers contradict each other"));
            }
        }
        Ok(())
    }

    /// Takes all rows at once, without a copy where the whole is wanted.
    fn push_all(&mut self, samples: Vec<u8>) -> Result<()> {
        match self {
            Self::Eight(raster) if raster.samples.is_empty() => {
                raster.samples = samples;
                Ok(())
            }
            other => other.push(Rows::Eight(&samples)),
        }
    }

    fn finish(self) -> Result<Decoded> {
        let whole = |size: Dimensions, channels: Channels, samples: usize| {
            size.width() as usize * size.height() as usize * channels.count() == samples
        };
        match self {
            Self::Shrink(shrinker) => shrinker.finish().map(Decoded::Shrunk),
            Self::Eight(raster) if whole(raster.size, raster.channels, raster.samples.len()) => {
                Ok(Decoded::Eight(raster))
            }
            Self::Sixteen(raster) if whole(raster.size, raster.channels, raster.samples.len()) => {
                Ok(Decoded::Sixteen(raster))
            }
            Self::Eight(_) | Self::Sixteen(_) => Err(corrupt("it has another number of rows than its header says")),
        }
    }
}
