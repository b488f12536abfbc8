//! A part of a picture, to a fraction of a pixel.
//!
//! Owns that it is never empty and never outside; refuses floats but as what leaves this module.
//! The surprising rule: its edges are cut down to a 65,536th of a pixel. Then start, length and their sum are numbers
//! that a float holds exactly, so whoever adds them up finds the picture's own edge and not the number next to it.

use super::{Placement, margin};
use packshot_domain::image::Dimensions;

/// Binary places of a pixel.
const PLACES: u32 = 16;

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    across: Span,
    down: Span,
}

impl Window {
    /// What `placement` shows, in a picture of size `kept` that is the whole of it.
    #[inline]
    pub(crate) fn new(kept: Dimensions, placement: Placement) -> Self {
        let (scaled, shown) = (placement.scaled(), placement.shown());
        Self {
            across: Span::new(kept.width(), scaled.width(), shown.width()),
            down: Span::new(kept.height(), scaled.height(), shown.height()),
        }
    }

    /// Across.
    pub(crate) fn across(self) -> Span {
        self.across
    }

    /// Down.
    pub(crate) fn down(self) -> Span {
        self.down
    }
}

/// A part of a side, in units of 1 / 2^[`PLACES`] pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u64,
    length: u64,
}

impl Span {
    /// The middle `shown` of `scaled`, in a side of `kept` pixels that is the whole `scaled`. No side is zero.
    #[inline]
    fn new(kept: u32, scaled: u32, shown: u32) -> Self {
        let scaled = scaled.max(1);
        let shown = shown.clamp(1, scaled);
        // Grows with `place`, which is at most `scaled`; that one is the whole side. Nothing overflows: a product of
        // two sides has 64 bits, a rest has 32.
        let at = |place: u32| {
            let (product, scaled) = (u64::from(kept) * u64::from(place), u64::from(scaled));
            ((product / scaled) << PLACES) + ((product % scaled) << PLACES) / scaled
        };
        let start = at(margin(scaled, shown));
        let end = at(margin(scaled, shown) + shown).max(start + 1);
        Self { start, length: end - start }
    }

    /// Where it begins, in pixels.
    #[inline]
    pub(crate) fn start(self) -> f64 {
        pixels(self.start)
    }

    /// How long it is, in pixels.
    #[inline]
    pub(crate) fn length(self) -> f64 {
        pixels(self.length)
    }
}

#[expect(clippy::cast_precision_loss, reason = "32 bits of pixels and 16 of their fraction are fewer than 53")]
#[inline]
fn pixels(units: u64) -> f64 {
    units as f64 / f64::from(1_u32 << PLACES)
}
