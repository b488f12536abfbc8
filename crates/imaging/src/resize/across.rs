//! Shrinking a row.
//!
//! Owns the weights across; refuses to know rows' order.
//! The surprising rule: every place of the target has as many weights as the one with most; those beyond
//! its own are nothing, and a row needs room behind its end for them.

use super::taps::taps;
use super::vectors::{LANES_ACROSS, add_across};
use crate::raster::Channels;

/// Pixels that are made at a time.
const PIXELS: usize = 64;

/// Shrinks rows from one width to another.
pub(super) struct Across {
    channels: Channels,
    /// The first sample of each place.
    starts: Vec<usize>,
    /// Weights of a place; an even number.
    taps: usize,
    /// Those of all places.
    weights: Vec<f32>,
}

impl Across {
    /// From `source` to `target` pixels.
    pub(super) fn new(source: u32, target: u32, channels: Channels) -> Self {
        let places = taps(source, target);
        let most = places.iter().map(|place| place.weights.len()).max().unwrap_or(0).next_multiple_of(2);
        let padding = |count: usize| std::iter::repeat_n(0.0, most - count);
        let weights = places.iter().flat_map(|place| place.weights.iter().copied().chain(padding(place.weights.len())));
        let weights = weights.collect();
        let starts = places.iter().map(|place| place.first * channels.count()).collect();
        Self { channels, starts, taps: most, weights }
    }

    /// Samples that a row of `samples` must have, with the room behind its end.
    pub(super) fn row_samples(&self, samples: usize) -> usize {
        let last = self.starts.last().copied().unwrap_or(0) + self.taps * self.channels.count();
        last.max(samples) + LANES_ACROSS
    }

    /// Shrinks `row`, which has its room, into `into`.
    pub(super) fn shrink(&self, row: &[f32], into: &mut [u16]) {
        match self.channels {
            Channels::Gray => self.pixels::<1>(row, into),
            Channels::GrayAlpha => self.pixels::<2>(row, into),
            Channels::Rgb => self.pixels::<3>(row, into),
            Channels::Rgba => self.pixels::<4>(row, into),
        }
    }

    fn pixels<const C: usize>(&self, row: &[f32], into: &mut [u16]) {
        let mut sums = [[0.0; LANES_ACROSS]; PIXELS];
        let parts = self.starts.chunks(PIXELS).zip(self.weights.chunks(PIXELS * self.taps));
        for (pixels, (starts, weights)) in into.as_chunks_mut::<C>().0.chunks_mut(PIXELS).zip(parts) {
            let sums = &mut sums[..pixels.len()];
            add_across::<C>(sums, row, starts, weights, self.taps);
            for (pixel, sums) in pixels.iter_mut().zip(sums) {
                *pixel = std::array::from_fn(|channel| light(sums[channel]));
            }
        }
    }
}

/// The filter rings: what it takes beyond the darkest and the lightest is cut off.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the range; casts saturate")]
fn light(sum: f32) -> u16 {
    (sum + 0.5).clamp(0.0, 65535.0) as u16
}
