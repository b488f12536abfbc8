//! From coded sRGB to the planes that a lossy WebP holds: luma of every pixel, chroma of every four.
//!
//! Owns the conversion (ITU-R BT.601, limited range; RFC 6386); refuses to know the encoder.
//! The surprising rule: luma is not that of the pixel but what makes the decoded pixel as bright as it should
//! be. Chroma is shared by four pixels and spread over their neighbours again when it is shown, so a pixel
//! seldom gets its own; with plain luma a bright red beside grey comes out too dark. Brightness is reckoned with
//! light as the square of a code, which has a closed solution and is near enough to the sRGB curve.

use crate::raster::{Channels, Raster};

/// Luma, chroma and alpha, rows without padding.
pub(super) struct Planes {
    /// A sample a pixel.
    pub(super) y: Vec<u8>,
    /// A sample for each block of two by two pixels.
    pub(super) u: Vec<u8>,
    /// As `u`.
    pub(super) v: Vec<u8>,
    /// A sample a pixel, where there is alpha.
    pub(super) alpha: Option<Vec<u8>>,
}

/// What the eye takes red, green and blue light for (ITU-R BT.709, sRGB's primaries).
const BRIGHTNESS: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The planes of `picture`.
pub(super) fn planes(picture: &Raster<u8>) -> Planes {
    match picture.channels {
        Channels::Rgba => convert::<4>(picture),
        Channels::Rgb => convert::<3>(picture),
        Channels::Gray => of_gray::<1>(picture),
        Channels::GrayAlpha => of_gray::<2>(picture),
    }
}

fn of_gray<const C: usize>(picture: &Raster<u8>) -> Planes {
    let pixels = picture.samples.as_chunks::<C>().0;
    let chroma = vec![128; picture.width().div_ceil(2) * picture.height().div_ceil(2)];
    Planes {
        y: pixels.iter().map(|pixel| sample(luma(f32::from(pixel[0])))).collect(),
        u: chroma.clone(),
        v: chroma,
        alpha: (C == 2).then(|| pixels.iter().map(|pixel| pixel[C - 1]).collect()),
    }
}

fn convert<const C: usize>(picture: &Raster<u8>) -> Planes {
    let (width, height) = (picture.width(), picture.height());
    let across = width.div_ceil(2);
    let rows: Vec<&[[u8; C]]> = picture.samples.as_chunks::<C>().0.chunks_exact(width).collect();
    let mut u = Vec::with_capacity(across * height.div_ceil(2));
    let mut v = Vec::with_capacity(u.capacity());
    for pair in rows.chunks(2) {
        let (upper, lower) = (pair[0], pair[pair.len() - 1]);
        for (upper, lower) in upper.chunks(2).zip(lower.chunks(2)) {
            let [red, green, blue] = together([upper[0], upper[upper.len() - 1], lower[0], lower[lower.len() - 1]]);
            u.push(sample(128.0 - 0.148_223 * red - 0.290_993 * green + 0.439_216 * blue));
            v.push(sample(128.0 + 0.439_216 * red - 0.367_788 * green - 0.071_427 * blue));
        }
    }
    let mut y = vec![0; width * height];
    let mut shown = Shown::new(width);
    for (at, (row, into)) in rows.iter().zip(y.chunks_exact_mut(width)).enumerate() {
        let near = at / 2;
        let far = if at % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(height.div_ceil(2) - 1) };
        let (near, far) = (near * across..(near + 1) * across, far * across..(far + 1) * across);
        shown.spread([&u[near.clone()], &u[far.clone()]], [&v[near], &v[far]]);
        shown.luma(row, into);
    }
    let alpha = (C == 4).then(|| picture.samples.as_chunks::<C>().0.iter().map(|pixel| pixel[C - 1]).collect());
    Planes { y, u, v, alpha }
}

/// The colour of four pixels' light together, each as far as it is opaque.
fn together<const C: usize>(pixels: [[u8; C]; 4]) -> [f32; 3] {
    let mut parts = [1.0; 4];
    if C == 4 && pixels.iter().any(|pixel| pixel[C - 1] != 0) {
        parts = pixels.map(|pixel| f32::from(pixel[C - 1]));
    }
    let whole: f32 = parts.iter().sum();
    std::array::from_fn(|channel| {
        let light = |(pixel, part): (&[u8; C], f32)| {
            let code = f32::from(pixel[channel]);
            code * code * part
        };
        (pixels.iter().zip(parts).map(light).sum::<f32>() / whole).sqrt()
    })
}

/// Chroma of a row as a decoder will show it: spread over the pixels, a quarter from the farther neighbour each way.
struct Shown {
    u: Vec<f32>,
    v: Vec<f32>,
    /// Samples at the row's height.
    between: Vec<f32>,
}

impl Shown {
    fn new(width: usize) -> Self {
        Self { u: vec![0.0; width], v: vec![0.0; width], between: Vec::new() }
    }

    /// From the nearer and the farther row of each plane.
    fn spread(&mut self, u: [&[u8]; 2], v: [&[u8]; 2]) {
        for ([near, far], into) in [(u, &mut self.u), (v, &mut self.v)] {
            self.between.clear();
            let down = |(&near, &far): (&u8, &u8)| 0.75 * f32::from(near) + 0.25 * f32::from(far) - 128.0;
            self.between.extend(near.iter().zip(far).map(down));
            let between = &self.between;
            let last = between.len() - 1;
            for (at, pair) in into.chunks_mut(2).enumerate() {
                let near = 0.75 * between[at];
                pair[0] = near + 0.25 * between[at.saturating_sub(1)];
                if let Some(second) = pair.get_mut(1) {
                    *second = near + 0.25 * between[(at + 1).min(last)];
                }
            }
        }
    }

    /// The luma that gives each pixel of `row` its brightness.
    fn luma<const C: usize>(&self, row: &[[u8; C]], into: &mut [u8]) {
        let [red_part, green_part, blue_part] = BRIGHTNESS;
        for (((pixel, &u), &v), into) in row.iter().zip(&self.u).zip(&self.v).zip(into) {
            // What the decoder adds to a pixel's luma.
            let (red, green, blue) = (1.596 * v, -0.813 * v - 0.391 * u, 2.018 * u);
            let light = |channel: usize| f32::from(pixel[channel]) * f32::from(pixel[channel]);
            let wanted = red_part * light(0) + green_part * light(1) + blue_part * light(2);
            // The sum of part * (luma + added)^2 shall be what is wanted.
            let mean = red_part * red + green_part * green + blue_part * blue;
            let squares = red_part * red * red + green_part * green * green + blue_part * blue * blue;
            let code = (mean * mean - squares + wanted).max(0.0).sqrt() - mean;
            *into = sample(luma(code));
        }
    }
}

/// Of a grey of this code.
fn luma(code: f32) -> f32 {
    16.0 + code * (219.0 / 255.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn sample(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use packshot_domain::image::Dimensions;

    fn flat(pixel: &[u8], channels: Channels, width: u32, height: u32) -> Planes {
        let size = Dimensions::new(width, height).unwrap();
        let samples = pixel.repeat((width * height) as usize);
        planes(&Raster { size, channels, samples })
    }

    #[test]
    fn flat_colours_are_those_of_the_standard() {
        for (rgb, expected) in [
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
            ([255, 0, 0], [82, 90, 240]),
            ([0, 255, 0], [145, 54, 34]),
            ([0, 0, 255], [41, 240, 110]),
            ([128, 128, 128], [126, 128, 128]),
        ] {
            let made = flat(&rgb, Channels::Rgb, 5, 3);
            assert_eq!((made.y.len(), made.u.len(), made.v.len()), (15, 6, 6));
            assert!(made.alpha.is_none());
            for y in made.y {
                assert!(y.abs_diff(expected[0]) <= 1, "{rgb:?}: {y}");
            }
            assert!(made.u.iter().all(|&u| u == expected[1]), "{rgb:?}: {:?}", made.u);
            assert!(made.v.iter().all(|&v| v == expected[2]), "{rgb:?}: {:?}", made.v);
        }
    }

    #[test]
    fn grey_is_the_same_with_one_channel_or_three() {
        for gray in [0, 1, 77, 128, 254, 255] {
            let (one, three) = (flat(&[gray], Channels::Gray, 4, 4), flat(&[gray; 3], Channels::Rgb, 4, 4));
            assert_eq!((&one.y, &one.u, &one.v), (&three.y, &three.u, &three.v), "{gray}");
        }
    }

    #[test]
    fn clear_pixels_lend_no_colour() {
        let size = Dimensions::new(2, 2).unwrap();
        let samples = [[255, 0, 0, 255], [0, 255, 0, 0], [0, 255, 0, 0], [0, 255, 0, 0]].concat();
        let made = planes(&Raster { size, channels: Channels::Rgba, samples });
        assert_eq!((made.u[0], made.v[0]), (90, 240));
        assert_eq!(made.alpha, Some(vec![255, 0, 0, 0]));
    }

    #[test]
    fn a_pixel_beside_another_colour_keeps_its_brightness() {
        // A column of red, then grey: decoded with spread chroma, each is as bright as it was.
        let size = Dimensions::new(8, 2).unwrap();
        let row: Vec<u8> = (0..8).flat_map(|x| if x < 3 { [200, 40, 40] } else { [120; 3] }).collect();
        let samples = [row.clone(), row].concat();
        let made = planes(&Raster { size, channels: Channels::Rgb, samples: samples.clone() });
        let mut shown = Shown::new(8);
        shown.spread([&made.u, &made.u], [&made.v, &made.v]);
        let brightness = |rgb: [f32; 3]| -> f32 { rgb.iter().zip(BRIGHTNESS).map(|(c, part)| part * c * c).sum() };
        for x in 0..8 {
            let grey = (f32::from(made.y[x]) - 16.0) * 255.0 / 219.0;
            let (u, v) = (shown.u[x], shown.v[x]);
            let decoded = [grey + 1.596 * v, grey - 0.813 * v - 0.391 * u, grey + 2.018 * u];
            let was = std::array::from_fn(|at| f32::from(samples[x * 3 + at]));
            let (is, was) = (brightness(decoded).sqrt(), brightness(was).sqrt());
            assert!((is - was).abs() < 1.0, "{x}: {is} for {was}");
        }
    }
}
