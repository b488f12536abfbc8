//! SSIMULACRA2 (J. Sneyers, 2022) of a variant against what it should have been.
//!
//! Owns the reference: every pixel decoded, turned, in sRGB, shrunk with a Lanczos filter in linear light, in
//! floats, none of it by the code under test. Refuses to read files. Pictures with alpha are judged on white.

use anyhow::Result;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder as _, ImageReader, Rgba32FImage};
use moxcms::{ColorProfile, Layout, TransformOptions};
use ssimulacra2::{LinearRgb, compute_frame_ssimulacra2};
use std::io::Cursor;
use std::path::Path;

/// An upload as it should look, in premultiplied linear light.
pub(crate) struct Reference {
    light: Rgba32FImage,
}

impl Reference {
    /// Of the file at `path`.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let mut light = decoded(&std::fs::read(path)?)?;
        for pixel in light.pixels_mut() {
            let alpha = pixel.0[3];
            for sample in &mut pixel.0[..3] {
                *sample = to_linear(*sample) * alpha;
            }
        }
        Ok(Self { light })
    }

    /// The score of the coded picture `variant`.
    pub(crate) fn score(&self, variant: &[u8]) -> Result<f64> {
        let variant = decoded(variant)?;
        let (width, height) = variant.dimensions();
        let shrunk = self.shrunk(width, height)?;
        // On white in coded space, as browsers do it.
        let reference = shrunk.chunks_exact(4).map(|pixel| {
            let alpha = pixel[3].clamp(0.0, 1.0);
            let straight = |light: f32| if alpha > 0.0 { (light / alpha).clamp(0.0, 1.0) } else { 0.0 };
            std::array::from_fn(|at| on_white(to_coded(straight(pixel[at])), alpha))
        });
        let distorted = variant.pixels().map(|pixel| std::array::from_fn(|at| on_white(pixel.0[at], pixel.0[3])));
        let frame = |pixels: Vec<[f32; 3]>| LinearRgb::new(pixels, width as usize, height as usize);
        let frames = (frame(reference.collect()), frame(distorted.collect()));
        let (Ok(reference), Ok(distorted)) = frames else { anyhow::bail!("a frame has another size than its pixels") };
        compute_frame_ssimulacra2(reference, distorted).map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn shrunk(&self, width: u32, height: u32) -> Result<Vec<f32>> {
        let (from_width, from_height) = self.light.dimensions();
        let samples = bytes_of(self.light.as_raw());
        let from = ImageRef::new(from_width, from_height, &samples, PixelType::F32x4)?;
        let mut to = Image::new(width, height, PixelType::F32x4);
        let lanczos = ResizeAlg::Convolution(FilterType::Lanczos3);
        Resizer::new().resize(&from, &mut to, &ResizeOptions::new().resize_alg(lanczos).use_alpha(false))?;
        Ok(to.buffer().as_chunks::<4>().0.iter().map(|&bytes| f32::from_ne_bytes(bytes)).collect())
    }
}

/// Linear light of a coded colour over white.
fn on_white(coded: f32, alpha: f32) -> f32 {
    to_linear(coded * alpha + (1.0 - alpha))
}

/// Upright and in sRGB, straight alpha.
fn decoded(coded: &[u8]) -> Result<Rgba32FImage> {
    let mut decoder = ImageReader::new(Cursor::new(coded)).with_guessed_format()?.into_decoder()?;
    let (profile, orientation) = (decoder.icc_profile()?, decoder.orientation()?);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgba32f();
    match profile {
        Some(profile) => in_srgb(picture, &profile),
        None => Ok(picture),
    }
}

fn in_srgb(picture: Rgba32FImage, profile: &[u8]) -> Result<Rgba32FImage> {
    let own = ColorProfile::new_from_slice(profile)?;
    let transform =
        own.create_transform_f32(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgba, TransformOptions::default())?;
    let mut converted = Rgba32FImage::new(picture.width(), picture.height());
    let row = picture.width() as usize * 4;
    for (from, to) in picture.as_raw().chunks_exact(row).zip(converted.chunks_exact_mut(row)) {
        transform.transform(from, to)?;
    }
    Ok(converted)
}

fn bytes_of(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
}

fn to_linear(coded: f32) -> f32 {
    if coded <= 0.04045 { coded / 12.92 } else { ((coded + 0.055) / 1.055).powf(2.4) }
}

fn to_coded(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}
