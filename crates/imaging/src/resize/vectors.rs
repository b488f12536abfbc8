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

/// Adds rows of `light`, each times its weight, to `sums`.
pub(super) fn add_rows(sums: &mut [f32; BLOCK], light: &[[f32; BLOCK]], weights: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { add_rows_avx2(sums, light, weights) };
    }
    add_rows_plain(sums, light, weights);
}

/// Adds up each `C`-channel pixel of `into` from `row`: `starts` are the first samples, and of the
/// `weights`, `groups` times `N` in a row belong to one pixel, a weight for every sample.
pub(super) fn add_across<const C: usize, const N: usize>(
    into: &mut [[f32; C]],
    row: &[f32],
    starts: &[usize],
    weights: &[[f32; N]],
    groups: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { add_across_avx2(into, row, starts, weights, groups) };
    }
    add_across_plain(into, row, starts, weights, groups);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_rows_avx2(sums: &mut [f32; BLOCK], light: &[[f32; BLOCK]], weights: &[f32]) {
    add_rows_plain(sums, light, weights);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_across_avx2<const C: usize, const N: usize>(
    into: &mut [[f32; C]],
    row: &[f32],
    starts: &[usize],
    weights: &[[f32; N]],
    groups: usize,
) {
    add_across_plain(into, row, starts, weights, groups);
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
fn add_across_plain<const C: usize, const N: usize>(
    into: &mut [[f32; C]],
    row: &[f32],
    starts: &[usize],
    weights: &[[f32; N]],
    groups: usize,
) {
    for ((pixel, &start), weights) in into.iter_mut().zip(starts).zip(weights.chunks_exact(groups)) {
        let mut sums = [0_f32; N];
        let samples = row[start..start + groups * N].as_chunks::<N>().0;
        for (samples, weights) in samples.iter().zip(weights) {
            for ((sum, &sample), &weight) in sums.iter_mut().zip(samples).zip(weights) {
                *sum += sample * weight;
            }
        }
        *pixel = [0.0; C];
        for sums in sums.as_chunks::<C>().0 {
            for (colour, &sum) in pixel.iter_mut().zip(sums) {
                *colour += sum;
            }
        }
    }
}
