//! The two inner loops of shrinking, in plain Rust that the compiler turns into vector instructions.
//!
//! Owns the choice of the instruction set while the program runs; refuses to know what is added up.
//! The surprising rule: products are rounded before they are added (no fused multiply-add), so that
//! every machine makes the same picture.

#![allow(unsafe_code, reason = "calling a function that is compiled for AVX2, after asking the processor for it")]

/// Samples of a row that are worked on at a time: whole pixels of 1 to 4 channels, and with
/// [`super::BATCH_ROWS`] rows of them what stays in the fastest cache.
pub(super) const BLOCK: usize = 192;

/// Samples that are kept in registers.
const LANES: usize = 32;

/// Samples that are weighed at once across: a pixel, and of pixels of fewer channels some of the next, which
/// nobody looks at.
pub(super) const LANES_ACROSS: usize = 4;

/// Adds rows of `light`, each times its weight, to `sums`.
pub(super) fn add_rows(sums: &mut [f32; BLOCK], light: &[[f32; BLOCK]], weights: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { add_rows_avx2(sums, light, weights) };
    }
    add_rows_plain(sums, light, weights);
}

/// Adds up each pixel of `into` from `row`: its first sample is at its place in `starts`, and `taps` of the
/// `weights` belong to it, one for each pixel of `C` channels. `taps` is even.
pub(super) fn add_across<const C: usize>(
    into: &mut [[f32; LANES_ACROSS]],
    row: &[f32],
    starts: &[usize],
    weights: &[f32],
    taps: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { add_across_avx2::<C>(into, row, starts, weights, taps) };
    }
    add_across_plain::<C>(into, row, starts, weights, taps);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_rows_avx2(sums: &mut [f32; BLOCK], light: &[[f32; BLOCK]], weights: &[f32]) {
    add_rows_plain(sums, light, weights);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_across_avx2<const C: usize>(
    into: &mut [[f32; LANES_ACROSS]],
    row: &[f32],
    starts: &[usize],
    weights: &[f32],
    taps: usize,
) {
    add_across_plain::<C>(into, row, starts, weights, taps);
}

#[inline(always)]
fn add_rows_plain(sums: &mut [f32; BLOCK], light: &[[f32; BLOCK]], weights: &[f32]) {
    for (part, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut kept = *sums;
        for (line, &weight) in light.iter().zip(weights) {
            let line = &line.as_chunks::<LANES>().0[part];
            for (sum, &sample) in kept.iter_mut().zip(line) {
                *sum += sample * weight;
            }
        }
        *sums = kept;
    }
}

#[inline(always)]
fn add_across_plain<const C: usize>(
    into: &mut [[f32; LANES_ACROSS]],
    row: &[f32],
    starts: &[usize],
    weights: &[f32],
    taps: usize,
) {
    for ((pixel, &start), weights) in into.iter_mut().zip(starts).zip(weights.chunks_exact(taps)) {
        // Two sums, so that an addition need not wait for the one before it.
        let (mut even, mut odd) = ([0.0; LANES_ACROSS], [0.0; LANES_ACROSS]);
        let samples = &row[start..start + taps * C + LANES_ACROSS];
        for (at, weights) in weights.as_chunks::<2>().0.iter().enumerate() {
            let place = at * 2 * C;
            add(&mut even, &samples[place..place + LANES_ACROSS], weights[0]);
            add(&mut odd, &samples[place + C..place + C + LANES_ACROSS], weights[1]);
        }
        *pixel = std::array::from_fn(|lane| even[lane] + odd[lane]);
    }
}

#[inline(always)]
fn add(sums: &mut [f32; LANES_ACROSS], samples: &[f32], weight: f32) {
    for (sum, &sample) in sums.iter_mut().zip(samples) {
        *sum += sample * weight;
    }
}
