//! Linear light: what pixels must be in while they are averaged.
//!
//! Owns the sRGB transfer curve (IEC 61966-2-1) as tables, and premultiplied alpha; refuses to know
//! sizes and profiles. The surprising rule: the sRGB curve is used whatever the profile says; it is
//! exact for sRGB and Display P3 and close enough for the others, and it is undone exactly, so a
//! profile is still applied to the very samples that it describes.

use crate::raster::{Channels, Raster, Rows};
use std::sync::LazyLock;

/// A picture in linear light, 16 bits a sample, its colours multiplied by its alpha.
#[derive(Debug, Clone)]
pub(crate) struct Linear(pub(crate) Raster<u16>);

const MAX: u32 = 65535;

/// Coded 8-bit sample to linear, in units of 16-bit samples.
#[expect(clippy::cast_possible_truncation, reason = "a float of half the size is exact enough for 16 bits")]
static LIGHT_8: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|code| (decode(code as f64 / 255.0) * f64::from(MAX)) as f32));

/// Coded 16-bit sample to linear.
static FROM_16: LazyLock<Vec<u16>> =
    LazyLock::new(|| (0..=MAX).map(|code| round(decode(f64::from(code) / f64::from(MAX)))).collect());

/// Linear to coded 16-bit sample.
static TO_16: LazyLock<Vec<u16>> =
    LazyLock::new(|| (0..=MAX).map(|light| round(encode(f64::from(light) / f64::from(MAX)))).collect());

/// Linear to coded 8-bit sample.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is within 0 to 255")]
static TO_8: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=MAX).map(|light| (encode(f64::from(light) / f64::from(MAX)) * 255.0).round() as u8).collect()
});

fn decode(code: f64) -> f64 {
    if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

fn encode(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is within 0 to 65535")]
fn round(unit: f64) -> u16 {
    (unit * f64::from(MAX)).round() as u16
}

/// Linear, premultiplied light of coded, straight `row`, in units of 16-bit samples, written over the front of `into`.
pub(crate) fn from_row(row: Rows<'_>, channels: Channels, into: &mut [f32]) {
    match row {
        Rows::Eight(samples) => {
            let table = &*LIGHT_8;
            light_of(samples, channels, into, |code| table[usize::from(code)], |alpha| f32::from(alpha) / 255.0);
        }
        Rows::Sixteen(samples) => {
            let table = FROM_16.as_slice();
            light_of(
                samples,
                channels,
                into,
                |code| f32::from(table[usize::from(code)]),
                |alpha| f32::from(alpha) / 65535.0,
            );
        }
    }
}

#[inline(always)]
fn light_of<T: Copy>(
    samples: &[T],
    channels: Channels,
    into: &mut [f32],
    light: impl Fn(T) -> f32,
    part: impl Fn(T) -> f32,
) {
    match channels {
        Channels::Gray | Channels::Rgb => {
            for (into, &code) in into.iter_mut().zip(samples) {
                *into = light(code);
            }
        }
        Channels::GrayAlpha => premultiplied::<2, T>(samples, into, light, part),
        Channels::Rgba => premultiplied::<4, T>(samples, into, light, part),
    }
}

#[inline(always)]
fn premultiplied<const C: usize, T: Copy>(
    samples: &[T],
    into: &mut [f32],
    light: impl Fn(T) -> f32,
    part: impl Fn(T) -> f32,
) {
    for (into, pixel) in into.as_chunks_mut::<C>().0.iter_mut().zip(samples.as_chunks::<C>().0) {
        let alpha = part(pixel[C - 1]);
        for (into, &code) in into.iter_mut().zip(&pixel[..C - 1]) {
            *into = light(code) * alpha;
        }
        into[C - 1] = alpha * 65535.0;
    }
}

/// The coded 16-bit sample of this part of white; what is less than nothing or more than white is cut off.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the range; casts saturate")]
pub(crate) fn coded_16(light: f32) -> u16 {
    TO_16[usize::from((light.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16)]
}

/// `value * by / 65535`, to the nearest.
fn scale(value: u16, by: u16) -> u16 {
    let product = u32::from(value) * u32::from(by);
    // The quotient of two 16-bit numbers' product and 65535 is at most 65535.
    u16::try_from((product + MAX / 2) / MAX).unwrap_or(u16::MAX)
}

/// `value / by` in units of 65535; what exceeds the alpha (a filter's ringing) is cut off.
fn unscale(value: u16, by: u16) -> u16 {
    if by == 0 {
        return 0;
    }
    let quotient = (u32::from(value) * MAX + u32::from(by) / 2) / u32::from(by);
    u16::try_from(quotient).unwrap_or(u16::MAX)
}

impl Linear {
    /// Coded, straight samples of 16 bits.
    pub(crate) fn into_coded_16(self) -> Raster<u16> {
        let mut raster = self.0;
        let table = TO_16.as_slice();
        each(&mut raster, |light| table[usize::from(light)], unscale);
        raster
    }

    /// The way back from [`into_coded_16`](Self::into_coded_16).
    pub(crate) fn from_coded_16(mut raster: Raster<u16>) -> Self {
        let table = FROM_16.as_slice();
        if raster.channels.has_alpha() {
            let size = raster.channels.count();
            for pixel in raster.samples.chunks_exact_mut(size) {
                let alpha = pixel[size - 1];
                for colour in &mut pixel[..size - 1] {
                    *colour = scale(table[usize::from(*colour)], alpha);
                }
            }
        } else {
            each(&mut raster, |code| table[usize::from(code)], |value, _| value);
        }
        Self(raster)
    }

    /// Coded, straight samples of 8 bits.
    pub(crate) fn to_coded_8(&self) -> Raster<u8> {
        let table = TO_8.as_slice();
        let raster = &self.0;
        let samples = if raster.channels.has_alpha() {
            let size = raster.channels.count();
            let mut samples = Vec::with_capacity(raster.samples.len());
            for pixel in raster.samples.chunks_exact(size) {
                let alpha = pixel[size - 1];
                samples.extend(pixel[..size - 1].iter().map(|&light| table[usize::from(unscale(light, alpha))]));
                samples.push(to_8(alpha));
            }
            samples
        } else {
            raster.samples.iter().map(|&light| table[usize::from(light)]).collect()
        };
        Raster { size: raster.size, channels: raster.channels, samples }
    }
}

/// Changes every colour sample of `raster` in place: first freed of its alpha by `free`, then by `map`.
fn each(raster: &mut Raster<u16>, map: impl Fn(u16) -> u16, free: impl Fn(u16, u16) -> u16) {
    if !raster.channels.has_alpha() {
        for sample in &mut raster.samples {
            *sample = map(*sample);
        }
        return;
    }
    let size = raster.channels.count();
    for pixel in raster.samples.chunks_exact_mut(size) {
        let alpha = pixel[size - 1];
        for colour in &mut pixel[..size - 1] {
            *colour = map(free(*colour, alpha));
        }
    }
}

/// A 16-bit sample of any meaning as 8 bits, to the nearest.
pub(crate) fn to_8(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) * 255 + MAX / 2) / MAX).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use packshot_domain::image::Dimensions;

    fn raster(channels: Channels, samples: &[u8]) -> Linear {
        let width = u32::try_from(samples.len() / channels.count()).unwrap();
        let mut light = vec![0.0; samples.len()];
        from_row(Rows::Eight(samples), channels, &mut light);
        let light = light.into_iter().map(|light| round(f64::from(light) / f64::from(MAX))).collect();
        Linear(Raster { size: Dimensions::new(width, 1).unwrap(), channels, samples: light })
    }

    #[test]
    fn every_8_bit_code_survives_the_way_there_and_back() {
        let codes: Vec<u8> = (0..=255).collect();
        assert_eq!(raster(Channels::Gray, &codes).to_coded_8().samples, codes);
        let wide = raster(Channels::Gray, &codes).into_coded_16();
        let narrow: Vec<u8> = wide.samples.iter().map(|&sample| to_8(sample)).collect();
        assert_eq!(narrow, codes);
    }

    #[test]
    fn half_the_light_is_code_188() {
        let light =
            Linear(Raster { size: Dimensions::new(1, 1).unwrap(), channels: Channels::Gray, samples: vec![32768] });
        assert_eq!(light.to_coded_8().samples, [188]);
    }

    #[test]
    fn colours_under_alpha_come_back_and_clear_pixels_are_black() {
        let straight = [200, 100, 50, 128, 10, 20, 30, 255, 255, 255, 255, 0];
        let back = raster(Channels::Rgba, &straight).to_coded_8();
        assert_eq!(back.samples, [200, 100, 50, 128, 10, 20, 30, 255, 0, 0, 0, 0]);
    }
}
