//! The arithmetic of sizes and windows, in whole numbers.
//!
//! Owns how large what is decoded, kept, shrunk, cut and shown is, and where in what; refuses to know pixels.
//! The surprising rule: nothing here can fail, whatever the sizes. A window is within its picture because there is
//! no way to make another; floats are made of it at the last moment, and hold it exactly.

mod eighths;
mod plan;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use eighths::Eighths;
pub(crate) use plan::{Plan, plan};
pub(crate) use window::Window;

use packshot_domain::image::Dimensions;
use packshot_domain::variant::Fit;

/// Where the parts of one variant lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    scaled: Dimensions,
    shown: Dimensions,
    output: Dimensions,
}

impl Placement {
    /// Of a picture that is displayed at `displayed`.
    #[inline]
    pub(crate) fn new(fit: Fit, displayed: Dimensions) -> Self {
        let (scaled, output) = (fit.scaled(displayed), fit.output(displayed));
        Self { scaled, shown: common(scaled, output), output }
    }

    /// The whole picture, once it is scaled; no side is longer than the upload's.
    pub(crate) fn scaled(self) -> Dimensions {
        self.scaled
    }

    /// What of that is shown, about its middle; no side is longer than `scaled`'s or `output`'s.
    pub(crate) fn shown(self) -> Dimensions {
        self.shown
    }

    /// The variant, which shows it in its own middle.
    pub(crate) fn output(self) -> Dimensions {
        self.output
    }
}

/// The largest size that fits in both.
#[inline]
pub(crate) fn common(a: Dimensions, b: Dimensions) -> Dimensions {
    Dimensions::new(a.width().min(b.width()), a.height().min(b.height())).unwrap_or(a)
}

/// The upper left corner of the middle `inner` of `outer`: left, top.
#[inline]
pub(crate) fn middle(outer: Dimensions, inner: Dimensions) -> (u32, u32) {
    (margin(outer.width(), inner.width()), margin(outer.height(), inner.height()))
}

/// What is left of `outer` before its middle `inner` begins.
#[inline]
fn margin(outer: u32, inner: u32) -> u32 {
    outer.saturating_sub(inner) / 2
}

/// Which of the pictures that were kept, the largest first, a picture of size `scaled` is made of.
#[inline]
pub(crate) fn base<T>(kept: &[T], size: impl Fn(&T) -> Dimensions, scaled: Dimensions) -> Option<&T> {
    kept.iter().find(|picture| size(picture) == scaled).or(kept.first())
}
