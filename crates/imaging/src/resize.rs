//! Shrinking, in linear light, with a Lanczos filter.
//!
//! Owns the resampling; refuses to know variants and codings.
//! The surprising rule: the full picture never exists in linear light. Rows are taken as the decoder
//! makes them, linearised a strip at a time and shrunk across at once; only the narrow result is kept
//! and shrunk down at the end.

use crate::failure::{Result, internal};
use crate::linear::{self, Linear};
use crate::raster::{Channels, Raster, Rows};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use packshot_domain::image::Dimensions;

/// Bytes of one strip in linear light: what stays in a core's cache and still spreads the cost of the
/// filter's coefficients over many rows.
const STRIP_BYTES: usize = 1 << 20;

/// Takes a picture's rows and makes a smaller picture of them.
pub(crate) struct Shrinker {
    source: Dimensions,
    target: Dimensions,
    channels: Channels,
    /// A strip of the source in linear light.
    strip: Vec<u16>,
    strip_rows: usize,
    /// Target width, source height.
    narrow: Vec<u16>,
    rows_done: usize,
    resizer: Resizer,
}

impl Shrinker {
    /// For a picture of `source` that shall be `target`, neither side of which is longer.
    pub(crate) fn new(source: Dimensions, target: Dimensions, channels: Channels) -> Self {
        let row = source.width() as usize * channels.count();
        let strip_rows = (STRIP_BYTES / (row * 2)).clamp(1, source.height() as usize);
        Self {
            source,
            target,
            channels,
            strip: vec![0; row * strip_rows],
            strip_rows,
            narrow: vec![0; target.width() as usize * channels.count() * source.height() as usize],
            rows_done: 0,
            resizer: Resizer::new(),
        }
    }

    /// How many rows at a time are cheapest.
    pub(crate) fn rows_at_a_time(&self) -> usize {
        self.strip_rows
    }

    /// Takes some whole rows, in order from the top.
    pub(crate) fn push(&mut self, rows: Rows<'_>) -> Result<()> {
        let step = self.source.width() as usize * self.channels.count() * self.strip_rows;
        match rows {
            Rows::Eight(samples) => samples.chunks(step).try_for_each(|part| self.strip(Rows::Eight(part), part.len())),
            Rows::Sixteen(samples) => {
                samples.chunks(step).try_for_each(|part| self.strip(Rows::Sixteen(part), part.len()))
            }
        }
    }

    fn strip(&mut self, rows: Rows<'_>, samples: usize) -> Result<()> {
        let count = samples / (self.source.width() as usize * self.channels.count());
        linear::from_rows(rows, self.channels, &mut self.strip[..samples]);
        let across = self.target.width() as usize * self.channels.count();
        let start = self.rows_done * across;
        let Some(part) = self.narrow.get_mut(start..start + across * count) else {
            return Err(internal("the decoder made more rows than the picture has"));
        };
        let height = u32::try_from(count).map_err(internal)?;
        let from = image(&self.strip[..samples], self.source.width(), height, self.channels)?;
        let mut to = image_mut(part, self.target.width(), height, self.channels)?;
        self.resizer.resize(&from, &mut to, &options()).map_err(internal)?;
        self.rows_done += count;
        Ok(())
    }

    /// The smaller picture, once every row has been taken.
    pub(crate) fn finish(mut self) -> Result<Linear> {
        if self.rows_done != self.source.height() as usize {
            return Err(internal("the decoder made fewer rows than the picture has"));
        }
        let mut shrunk = Raster::empty(self.target, self.channels);
        let from = image(&self.narrow, self.target.width(), self.source.height(), self.channels)?;
        let mut to = image_mut(&mut shrunk.samples, self.target.width(), self.target.height(), self.channels)?;
        self.resizer.resize(&from, &mut to, &options()).map_err(internal)?;
        Ok(Linear(shrunk))
    }
}

/// The part `window` of `picture`, shrunk to `target`.
pub(crate) fn shrink(picture: &Linear, window: Window, target: Dimensions) -> Result<Linear> {
    let picture = &picture.0;
    let mut shrunk = Raster::empty(target, picture.channels);
    let from = image(&picture.samples, picture.size.width(), picture.size.height(), picture.channels)?;
    let mut to = image_mut(&mut shrunk.samples, target.width(), target.height(), picture.channels)?;
    let options = options().crop(window.left, window.top, window.width, window.height);
    Resizer::new().resize(&from, &mut to, &options).map_err(internal)?;
    Ok(Linear(shrunk))
}

/// A part of a picture, in pixels and fractions of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// From the left edge.
    pub(crate) left: f64,
    /// From the upper edge.
    pub(crate) top: f64,
    /// Across.
    pub(crate) width: f64,
    /// Down.
    pub(crate) height: f64,
}

fn options() -> ResizeOptions {
    // Alpha is premultiplied already.
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false)
}

fn pixel_type(channels: Channels) -> PixelType {
    match channels {
        Channels::Gray => PixelType::U16,
        Channels::GrayAlpha => PixelType::U16x2,
        Channels::Rgb => PixelType::U16x3,
        Channels::Rgba => PixelType::U16x4,
    }
}

fn image(samples: &[u16], width: u32, height: u32, channels: Channels) -> Result<ImageRef<'_>> {
    ImageRef::new(width, height, bytemuck::cast_slice(samples), pixel_type(channels)).map_err(internal)
}

fn image_mut(samples: &mut [u16], width: u32, height: u32, channels: Channels) -> Result<Image<'_>> {
    Image::from_slice_u8(width, height, bytemuck::cast_slice_mut(samples), pixel_type(channels)).map_err(internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).unwrap()
    }

    #[test]
    fn a_fine_chequerboard_becomes_half_the_light_not_half_the_code() {
        let source = size(64, 64);
        let samples: Vec<u8> = (0..64 * 64).map(|at| if (at + at / 64) % 2 == 0 { 255 } else { 0 }).collect();
        let mut shrinker = Shrinker::new(source, size(16, 16), Channels::Gray);
        shrinker.push(Rows::Eight(&samples)).unwrap();
        let shrunk = shrinker.finish().unwrap().to_coded_8();
        for (at, &code) in shrunk.samples.iter().enumerate() {
            let (x, y) = (at % 16, at / 16);
            if (2..14).contains(&x) && (2..14).contains(&y) {
                assert!((184..=192).contains(&code), "{code} at {x},{y}");
            }
        }
    }

    #[test]
    fn it_does_not_matter_how_many_rows_come_at_a_time() {
        let source = size(40, 30);
        let samples: Vec<u8> = (0..40 * 30 * 3).map(|at| u8::try_from(at * 7 % 256).unwrap()).collect();
        let whole = {
            let mut shrinker = Shrinker::new(source, size(17, 11), Channels::Rgb);
            shrinker.push(Rows::Eight(&samples)).unwrap();
            shrinker.finish().unwrap()
        };
        let mut shrinker = Shrinker::new(source, size(17, 11), Channels::Rgb);
        for row in samples.chunks(40 * 3) {
            shrinker.push(Rows::Eight(row)).unwrap();
        }
        assert_eq!(shrinker.finish().unwrap().0, whole.0);
    }

    #[test]
    fn colour_of_clear_pixels_does_not_bleed() {
        let source = size(40, 40);
        // The left half is opaque red; the right half is clear, but green underneath.
        let samples: Vec<u8> =
            (0..40 * 40).flat_map(|at| if at % 40 < 20 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
        let mut shrinker = Shrinker::new(source, size(13, 13), Channels::Rgba);
        shrinker.push(Rows::Eight(&samples)).unwrap();
        for pixel in shrinker.finish().unwrap().to_coded_8().samples.chunks_exact(4) {
            assert_eq!(pixel[1], 0, "{pixel:?}");
        }
    }

    #[test]
    fn too_few_rows_are_our_own_fault() {
        let shrinker = Shrinker::new(size(8, 8), size(4, 4), Channels::Gray);
        assert!(shrinker.finish().is_err());
    }
}
