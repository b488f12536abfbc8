//! Shrinking a row.
//!
//! Owns the weights across, laid out as the samples of a row lie; refuses to know rows' order.
//! The surprising rule: a weight is stored once for every channel, so that one pass over the samples as
//! they lie does all channels at once.

use super::taps::taps;
use super::vectors::add_across;
use crate::raster::Channels;

/// Pixels that are weighed at a time.
const GROUP: usize = 8;

/// Room that a row needs after its last sample: weights of nothing are multiplied with it.
pub(super) const SLACK_SAMPLES: usize = GROUP * 4;

/// Shrinks rows from one width to another.
pub(super) struct Across {
    starts: Vec<usize>,
    groups: usize,
    weights: Weights,
}

/// By channels.
enum Weights {
    One(Vec<[f32; GROUP]>),
    Two(Vec<[f32; GROUP * 2]>),
    Three(Vec<[f32; GROUP * 3]>),
    Four(Vec<[f32; GROUP * 4]>),
}

impl Across {
    /// From `source` to `target` pixels.
    pub(super) fn new(source: u32, target: u32, channels: Channels) -> Self {
        let all = taps(source, target);
        let groups = all.iter().map(|taps| taps.weights.len().div_ceil(GROUP)).max().unwrap_or(1);
        let lines: Vec<Vec<f32>> = all
            .iter()
            .map(|taps| {
                let mut line = taps.weights.clone();
                line.resize(groups * GROUP, 0.0);
                line
            })
            .collect();
        let weights = match channels.count() {
            1 => Weights::One(spread::<1, GROUP>(&lines)),
            2 => Weights::Two(spread::<2, { GROUP * 2 }>(&lines)),
            3 => Weights::Three(spread::<3, { GROUP * 3 }>(&lines)),
            _ => Weights::Four(spread::<4, { GROUP * 4 }>(&lines)),
        };
        let starts = all.iter().map(|taps| taps.first * channels.count()).collect();
        Self { starts, groups, weights }
    }

    /// Samples that a row of `samples` must have with its slack.
    pub(super) fn row_samples(&self, samples: usize, channels: Channels) -> usize {
        let last = self.starts.last().copied().unwrap_or(0) + self.groups * GROUP * channels.count();
        last.max(samples) + SLACK_SAMPLES
    }

    /// Shrinks `row`, which has its slack, into `into`.
    pub(super) fn shrink(&self, row: &[f32], into: &mut [u16]) {
        match &self.weights {
            Weights::One(weights) => self.pixels::<1, GROUP>(row, weights, into),
            Weights::Two(weights) => self.pixels::<2, { GROUP * 2 }>(row, weights, into),
            Weights::Three(weights) => self.pixels::<3, { GROUP * 3 }>(row, weights, into),
            Weights::Four(weights) => self.pixels::<4, { GROUP * 4 }>(row, weights, into),
        }
    }

    fn pixels<const C: usize, const N: usize>(&self, row: &[f32], weights: &[[f32; N]], into: &mut [u16]) {
        let mut sums = [[0.0; C]; 64];
        let pixels = into.as_chunks_mut::<C>().0.chunks_mut(sums.len());
        let parts = self.starts.chunks(sums.len()).zip(weights.chunks(sums.len() * self.groups));
        for (pixels, (starts, weights)) in pixels.zip(parts) {
            let sums = &mut sums[..pixels.len()];
            add_across(sums, row, starts, weights, self.groups);
            for (pixel, sum) in pixels.iter_mut().zip(sums) {
                *pixel = sum.map(light);
            }
        }
    }
}

/// Repeats each weight for every channel.
fn spread<const C: usize, const N: usize>(lines: &[Vec<f32>]) -> Vec<[f32; N]> {
    let groups = lines.iter().flat_map(|line| line.chunks_exact(GROUP));
    groups.map(|group| std::array::from_fn(|at| group[at / C])).collect()
}

/// The filter rings: what it takes beyond the darkest and the lightest is cut off.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the range; casts saturate")]
fn light(sum: f32) -> u16 {
    (sum + 0.5).clamp(0.0, 65535.0) as u16
}
