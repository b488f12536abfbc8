//! Shrinking, in linear light, with a Lanczos filter.
//!
//! Owns the resampling; refuses to know variants and codings.
//! The surprising rule: the full picture never exists in linear light, nor does any part of it but a few
//! rows. Rows are taken as the decoder makes them, and each is added at once to the rows of the target
//! that it belongs to; a row that is complete is shrunk across.
//!
//! The first shrinking, from the full size, is this module's own, because it must take rows as they come;
//! the smaller variants are made from its result by `fast_image_resize`.

mod across;
mod taps;
mod vectors;

use crate::failure::{Result, internal};
use crate::linear::{self, Linear};
use crate::raster::{Channels, Raster, Rows};
use across::Across;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use packshot_domain::image::Dimensions;
use packshot_domain::step::Step;
use std::collections::VecDeque;
use taps::{Taps, taps};
use vectors::{BLOCK, add_rows};

/// Source rows that are worked on at a time: with a block of columns what stays in the fastest cache.
const BATCH_ROWS: usize = 16;

/// Takes a picture's rows and makes a smaller picture of them.
pub(crate) struct Shrinker {
    source: Dimensions,
    channels: Channels,
    /// For each row of the target, which rows of the source it is made of.
    down: Vec<Taps>,
    across: Across,
    /// A block of columns of the batch's rows, in linear light.
    light: Vec<[f32; BLOCK]>,
    /// Rows of the target in work, from `rows_done` on, in the source's width: sums so far.
    open: VecDeque<Vec<f32>>,
    /// Rows to be used again.
    spare: Vec<Vec<f32>>,
    /// Rows of the source that were taken.
    rows_taken: usize,
    /// Rows of the target that are done.
    rows_done: usize,
    shrunk: Raster<u16>,
}

impl Shrinker {
    /// For a picture of `source` that shall be `target`, neither side of which is longer.
    pub(crate) fn new(source: Dimensions, target: Dimensions, channels: Channels) -> Self {
        Self {
            source,
            channels,
            down: taps(source.height(), target.height()),
            across: Across::new(source.width(), target.width(), channels),
            light: vec![[0.0; BLOCK]; BATCH_ROWS],
            open: VecDeque::new(),
            spare: Vec::new(),
            rows_taken: 0,
            rows_done: 0,
            shrunk: Raster::empty(target, channels),
        }
    }

    /// How many rows at a time are cheapest.
    pub(crate) fn rows_at_a_time(&self) -> usize {
        BATCH_ROWS.min(self.source.height() as usize)
    }

    /// Takes some whole rows, in order from the top.
    pub(crate) fn push(&mut self, rows: Rows<'_>) -> Result<()> {
        let _step = Step::Resize.span().entered();
        let batch = self.source_row() * BATCH_ROWS;
        match rows {
            Rows::Eight(samples) => samples.chunks(batch).try_for_each(|part| self.take(Rows::Eight(part))),
            Rows::Sixteen(samples) => samples.chunks(batch).try_for_each(|part| self.take(Rows::Sixteen(part))),
        }
    }

    /// The smaller picture, once every row has been taken.
    pub(crate) fn finish(self) -> Result<Linear> {
        if self.rows_taken != self.source.height() as usize || self.rows_done != self.down.len() {
            return Err(internal("the decoder made fewer rows than the picture has"));
        }
        Ok(Linear(self.shrunk))
    }

    fn source_row(&self) -> usize {
        self.source.width() as usize * self.channels.count()
    }

    fn take(&mut self, rows: Rows<'_>) -> Result<()> {
        let row = self.source_row();
        let count = rows.samples() / row;
        if self.rows_taken + count > self.source.height() as usize {
            return Err(internal("the decoder made more rows than the picture has"));
        }
        self.open(self.rows_taken + count);
        for (block, start) in (0..row).step_by(BLOCK).enumerate() {
            let end = row.min(start + BLOCK);
            for (line, light) in self.light.iter_mut().enumerate().take(count) {
                linear::from_row(rows.part(line * row + start, line * row + end), self.channels, light);
            }
            self.add(block, count);
        }
        self.rows_taken += count;
        self.close();
        Ok(())
    }

    /// Makes room for the rows of the target that begin before the source's row `end`.
    fn open(&mut self, end: usize) {
        let length = self.across.row_samples(self.source_row().next_multiple_of(BLOCK));
        while self.down.get(self.rows_done + self.open.len()).is_some_and(|taps| taps.first < end) {
            let mut sums = self.spare.pop().unwrap_or_default();
            sums.clear();
            sums.resize(length, 0.0);
            self.open.push_back(sums);
        }
    }

    /// Adds a block of columns of the batch's `count` rows to the rows of the target in work.
    fn add(&mut self, block: usize, count: usize) {
        let (first, end) = (self.rows_taken, self.rows_taken + count);
        for (taps, sums) in self.down[self.rows_done..].iter().zip(&mut self.open) {
            let (from, to) = (first.max(taps.first), end.min(taps.end()));
            if from < to
                && let Some(sums) = sums.as_chunks_mut::<BLOCK>().0.get_mut(block)
            {
                let weights = &taps.weights[from - taps.first..to - taps.first];
                add_rows(sums, &self.light[from - first..to - first], weights);
            }
        }
    }

    /// Shrinks across what has got every row of the source that it is made of.
    fn close(&mut self) {
        let across = self.shrunk.row_samples();
        while self.down.get(self.rows_done).is_some_and(|taps| taps.end() <= self.rows_taken)
            && let Some(sums) = self.open.pop_front()
        {
            let place = self.rows_done * across;
            self.across.shrink(&sums, &mut self.shrunk.samples[place..place + across]);
            self.spare.push(sums);
            self.rows_done += 1;
        }
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
