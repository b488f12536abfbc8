//! Shrinking, in linear light, with a Lanczos filter.
//!
//! Owns the resampling; refuses to know variants and codings.
//! The surprising rule: the full picture never exists in linear light. Rows are taken as the decoder
//! makes them and linearised; as soon as the filter can reach no further row, they are shrunk down, and
//! band by band across. What is held is the filter's reach, a band and the result.

use crate::failure::{Result, internal};
use crate::linear::{self, Linear};
use crate::raster::{Channels, Raster, Rows};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use packshot_domain::image::Dimensions;
use packshot_domain::step::Step;

/// Rows of the shrunk picture that are made at a time: enough to spread the price of the filter's
/// coefficients, few enough that a strip is a small part of the picture.
const BAND_ROWS: u32 = 96;

/// Rows of the shrunk picture whose source rows are linear at a time: what stays in a core's cache.
const STEP_ROWS: u32 = 8;

/// Lanczos3 reaches three source rows a side, in units of the scale.
const REACH: f64 = 3.0;

/// Takes a picture's rows and makes a smaller picture of them.
pub(crate) struct Shrinker {
    source: Dimensions,
    channels: Channels,
    /// Source rows in linear light, those that the next step still needs.
    strip: Vec<u16>,
    /// The first row of `strip`, and one past its last.
    strip_start: u32,
    strip_end: u32,
    /// Source width; the rows of a band, shrunk down but not yet across.
    band: Vec<u16>,
    /// Rows of the target that are in `band` or done.
    rows_made: u32,
    /// Rows of the target that are done.
    rows_done: u32,
    shrunk: Raster<u16>,
    resizer: Resizer,
}

impl Shrinker {
    /// For a picture of `source` that shall be `target`, neither side of which is longer.
    pub(crate) fn new(source: Dimensions, target: Dimensions, channels: Channels) -> Self {
        let row = source.width() as usize * channels.count();
        Self {
            source,
            channels,
            strip: Vec::new(),
            strip_start: 0,
            strip_end: 0,
            band: vec![0; row * BAND_ROWS.min(target.height()) as usize],
            rows_made: 0,
            rows_done: 0,
            shrunk: Raster::empty(target, channels),
            resizer: Resizer::new(),
        }
    }

    /// How many rows at a time are cheapest.
    pub(crate) fn rows_at_a_time(&self) -> usize {
        16.min(self.source.height() as usize)
    }

    /// Takes some whole rows, in order from the top.
    pub(crate) fn push(&mut self, rows: Rows<'_>) -> Result<()> {
        let _step = Step::Resize.span().entered();
        let chunk = self.source_row() * self.rows_at_a_time();
        match rows {
            Rows::Eight(samples) => samples.chunks(chunk).try_for_each(|part| self.take(Rows::Eight(part), part.len())),
            Rows::Sixteen(samples) => {
                samples.chunks(chunk).try_for_each(|part| self.take(Rows::Sixteen(part), part.len()))
            }
        }
    }

    /// The smaller picture, once every row has been taken.
    pub(crate) fn finish(self) -> Result<Linear> {
        if self.strip_end != self.source.height() || self.rows_done != self.shrunk.size.height() {
            return Err(internal("the decoder made fewer rows than the picture has"));
        }
        Ok(Linear(self.shrunk))
    }

    fn source_row(&self) -> usize {
        self.source.width() as usize * self.channels.count()
    }

    fn take(&mut self, rows: Rows<'_>, samples: usize) -> Result<()> {
        let count = u32::try_from(samples / self.source_row()).map_err(internal)?;
        if self.strip_end + count > self.source.height() {
            return Err(internal("the decoder made more rows than the picture has"));
        }
        let kept = self.strip.len();
        self.strip.resize(kept + samples, 0);
        linear::from_rows(rows, self.channels, &mut self.strip[kept..]);
        self.strip_end += count;
        let height = self.shrunk.size.height();
        while self.rows_made < height {
            let until = (self.rows_made + STEP_ROWS).min(self.rows_done + BAND_ROWS).min(height);
            if self.source_rows(until - 1).1 > self.strip_end {
                break;
            }
            self.shrink_down(until)?;
            if self.rows_made == height || self.rows_made == self.rows_done + BAND_ROWS {
                self.shrink_across()?;
            }
        }
        Ok(())
    }

    /// The source rows that a row of the target is made of, from the first to one past the last.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both ends are cut to the source's height, and casts of floats saturate"
    )]
    fn source_rows(&self, row: u32) -> (u32, u32) {
        let scale = self.scale();
        let centre = (f64::from(row) + 0.5) * scale;
        let reach = REACH * scale.max(1.0) + 1.0;
        ((centre - reach).floor() as u32, ((centre + reach).ceil() as u32).min(self.source.height()))
    }

    fn scale(&self) -> f64 {
        f64::from(self.source.height()) / f64::from(self.shrunk.size.height())
    }

    /// Makes the band's next rows of the strip, and forgets the source rows that are needed no more.
    fn shrink_down(&mut self, until: u32) -> Result<()> {
        let (width, channels, row) = (self.source.width(), self.channels, self.source_row());
        let (first, rows) = (self.rows_made, until - self.rows_made);
        let scale = self.scale();
        let held = self.strip_end - self.strip_start;
        let top = f64::from(first) * scale - f64::from(self.strip_start);
        // The last step may exceed the picture by a rounding error.
        let reach = (f64::from(rows) * scale).min(f64::from(held) - top);
        let place = (first - self.rows_done) as usize * row;
        let part = &mut self.band[place..place + rows as usize * row];
        let from = image(&self.strip, width, held, channels)?;
        let mut to = image_mut(part, width, rows, channels)?;
        let options = options().crop(0.0, top, f64::from(width), reach);
        self.resizer.resize(&from, &mut to, &options).map_err(internal)?;
        self.rows_made = until;
        let keep = self.source_rows(until).0.clamp(self.strip_start, self.strip_end);
        self.strip.drain(..(keep - self.strip_start) as usize * row);
        self.strip_start = keep;
        Ok(())
    }

    /// Makes the target's next rows of the band.
    fn shrink_across(&mut self) -> Result<()> {
        let (rows, channels) = (self.rows_made - self.rows_done, self.channels);
        let filled = rows as usize * self.source_row();
        let across = self.shrunk.row_samples();
        let place = self.rows_done as usize * across;
        let part = &mut self.shrunk.samples[place..place + rows as usize * across];
        let from = image(&self.band[..filled], self.source.width(), rows, channels)?;
        let mut to = image_mut(part, self.shrunk.size.width(), rows, channels)?;
        self.resizer.resize(&from, &mut to, &options()).map_err(internal)?;
        self.rows_done = self.rows_made;
        Ok(())
    }
}

/// The part `window` of `picture`, shrunk to `target`.
pub(crate) fn shrink(picture: &Linear, window: Window, target: Dimensions) -> Result<Linear> {
    let _step = Step::Resize.span().entered();
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
