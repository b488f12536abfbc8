//! Shrinking, in linear light, with a Lanczos filter.
//!
//! Owns the resampling; refuses to know variants and codings.
//! The surprising rule: the full picture never exists in linear light, nor does any part of it but a few
//! rows. Rows are taken as the decoder makes them, and each is added at once to the rows of the target
//! that it belongs to; a row that is complete is shrunk across.
//!
//! Shrinking from the full size is this module's own, because it must take rows as they come; what is made of an
//! already shrunk picture is made by `fast_image_resize`.

mod across;
mod taps;
mod vectors;

use crate::failure::{Result, corrupt, internal};
use crate::geometry::{Placement, Window};
use crate::linear::{self, Linear};
use crate::raster::{Channels, Raster, Rows};
use across::Across;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use packshot_domain::image::Dimensions;
use packshot_domain::step::Step;
use std::collections::VecDeque;
use std::ops::Range;
use taps::{Taps, taps};
use vectors::{BLOCK, add_rows};

/// Source rows that are worked on at a time: with a block of columns what stays in the fastest cache.
const BATCH_ROWS: usize = 16;

/// Takes a picture's rows and makes smaller pictures of them.
pub(crate) struct Shrinker {
    source: Dimensions,
    channels: Channels,
    /// A block of columns of the batch's rows, in linear light.
    light: Vec<[f32; BLOCK]>,
    /// Rows of the source that were taken.
    rows_taken: usize,
    targets: Vec<Target>,
}

impl Shrinker {
    /// For a picture of `source` that shall be as large as each of `targets`, no side of which is longer.
    pub(crate) fn new(source: Dimensions, targets: &[Dimensions], channels: Channels) -> Self {
        let targets = targets.iter().map(|&target| Target::new(source, target, channels)).collect();
        Self { source, channels, light: vec![[0.0; BLOCK]; BATCH_ROWS], rows_taken: 0, targets }
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

    /// The smaller pictures, once every row has been taken.
    pub(crate) fn finish(self) -> Result<Vec<Linear>> {
        let whole = self.rows_taken == self.source.height() as usize;
        if !whole || !self.targets.iter().all(Target::is_done) {
            return Err(corrupt("it has fewer rows than its header says"));
        }
        Ok(self.targets.into_iter().map(|target| Linear(target.shrunk)).collect())
    }

    fn source_row(&self) -> usize {
        self.source.width() as usize * self.channels.count()
    }

    fn take(&mut self, rows: Rows<'_>) -> Result<()> {
        let row = self.source_row();
        let batch = self.rows_taken..self.rows_taken + rows.samples() / row;
        if batch.end > self.source.height() as usize {
            return Err(corrupt("it has more rows than its header says"));
        }
        for target in &mut self.targets {
            target.open(batch.end, row);
        }
        for (block, start) in (0..row).step_by(BLOCK).enumerate() {
            let end = row.min(start + BLOCK);
            let light = &mut self.light[..batch.len()];
            for (line, light) in light.iter_mut().enumerate() {
                linear::from_row(rows.part(line * row + start, line * row + end), self.channels, light);
            }
            for target in &mut self.targets {
                target.add(block, &batch, light);
            }
        }
        self.rows_taken = batch.end;
        for target in &mut self.targets {
            target.close(batch.end);
        }
        Ok(())
    }
}

/// One of the smaller pictures, in work.
struct Target {
    /// For each of its rows, which rows of the source it is made of.
    down: Vec<Taps>,
    across: Across,
    /// Rows in work, from `rows_done` on, in the source's width: sums so far.
    open: VecDeque<Vec<f32>>,
    /// Rows to be used again.
    spare: Vec<Vec<f32>>,
    rows_done: usize,
    shrunk: Raster<u16>,
}

impl Target {
    fn new(source: Dimensions, size: Dimensions, channels: Channels) -> Self {
        Self {
            down: taps(source.height(), size.height()),
            across: Across::new(source.width(), size.width(), channels),
            open: VecDeque::new(),
            spare: Vec::new(),
            rows_done: 0,
            shrunk: Raster::empty(size, channels),
        }
    }

    fn is_done(&self) -> bool {
        self.rows_done == self.down.len()
    }

    /// Makes room for the rows that begin before the source's row `end`; a row of the source has `samples`.
    fn open(&mut self, end: usize, samples: usize) {
        let length = self.across.row_samples(samples.next_multiple_of(BLOCK));
        while self.down.get(self.rows_done + self.open.len()).is_some_and(|taps| taps.first < end) {
            let mut sums = self.spare.pop().unwrap_or_default();
            sums.clear();
            sums.resize(length, 0.0);
            self.open.push_back(sums);
        }
    }

    /// Adds a block of columns of the source's rows `batch` to the rows in work.
    fn add(&mut self, block: usize, batch: &Range<usize>, light: &[[f32; BLOCK]]) {
        for (taps, sums) in self.down[self.rows_done..].iter().zip(&mut self.open) {
            let (from, to) = (batch.start.max(taps.first), batch.end.min(taps.end()));
            if from < to
                && let Some(sums) = sums.as_chunks_mut::<BLOCK>().0.get_mut(block)
            {
                let weights = &taps.weights[from - taps.first..to - taps.first];
                add_rows(sums, &light[from - batch.start..to - batch.start], weights);
            }
        }
    }

    /// Shrinks across what has got every row of the source before `end` that it is made of.
    fn close(&mut self, end: usize) {
        let across = self.shrunk.row_samples();
        while self.down.get(self.rows_done).is_some_and(|taps| taps.end() <= end)
            && let Some(sums) = self.open.pop_front()
        {
            let place = self.rows_done * across;
            self.across.shrink(&sums, &mut self.shrunk.samples[place..place + across]);
            self.spare.push(sums);
            self.rows_done += 1;
        }
    }
}

/// What `placement` shows of `picture`, which is the whole of it, in the size in which it is shown.
pub(crate) fn shrink(picture: &Linear, placement: Placement) -> Result<Linear> {
    let _step = Step::Resize.span().entered();
    let picture = &picture.0;
    let (window, target) = (Window::new(picture.size, placement), placement.shown());
    let mut shrunk = Raster::empty(target, picture.channels);
    let from = image(&picture.samples, picture.size.width(), picture.size.height(), picture.channels)?;
    let mut to = image_mut(&mut shrunk.samples, target.width(), target.height(), picture.channels)?;
    let (across, down) = (window.across(), window.down());
    let options = options().crop(across.start(), down.start(), across.length(), down.length());
    Resizer::new().resize(&from, &mut to, &options).map_err(internal)?;
    Ok(Linear(shrunk))
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
    use packshot_domain::ports::image_processor::ProcessError;

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).unwrap()
    }

    #[test]
    fn a_fine_chequerboard_becomes_half_the_light_not_half_the_code() {
        let source = size(64, 64);
        let samples: Vec<u8> = (0..64 * 64).map(|at| if (at + at / 64) % 2 == 0 { 255 } else { 0 }).collect();
        let mut shrinker = Shrinker::new(source, &[size(16, 16)], Channels::Gray);
        shrinker.push(Rows::Eight(&samples)).unwrap();
        let shrunk = shrinker.finish().unwrap()[0].to_coded_8();
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
            let mut shrinker = Shrinker::new(source, &[size(17, 11)], Channels::Rgb);
            shrinker.push(Rows::Eight(&samples)).unwrap();
            shrinker.finish().unwrap()
        };
        let mut shrinker = Shrinker::new(source, &[size(17, 11)], Channels::Rgb);
        for row in samples.chunks(40 * 3) {
            shrinker.push(Rows::Eight(row)).unwrap();
        }
        assert_eq!(shrinker.finish().unwrap()[0].0, whole[0].0);
    }

    #[test]
    fn it_does_not_matter_how_many_pictures_are_made_at_a_time() {
        let source = size(40, 30);
        let samples: Vec<u8> = (0..40 * 30 * 3).map(|at| u8::try_from(at * 7 % 256).unwrap()).collect();
        let shrunk = |targets: &[Dimensions]| {
            let mut shrinker = Shrinker::new(source, targets, Channels::Rgb);
            shrinker.push(Rows::Eight(&samples)).unwrap();
            shrinker.finish().unwrap()
        };
        let targets = [size(39, 30), size(17, 11), size(1, 1)];
        for (made, target) in shrunk(&targets).iter().zip(targets) {
            assert_eq!(made.0.size, target);
            assert_eq!(made.0, shrunk(&[target])[0].0);
        }
    }

    #[test]
    fn colour_of_clear_pixels_does_not_bleed() {
        let source = size(40, 40);
        // The left half is opaque red; the right half is clear, but green underneath.
        let samples: Vec<u8> =
            (0..40 * 40).flat_map(|at| if at % 40 < 20 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
        let mut shrinker = Shrinker::new(source, &[size(13, 13)], Channels::Rgba);
        shrinker.push(Rows::Eight(&samples)).unwrap();
        for pixel in shrinker.finish().unwrap()[0].to_coded_8().samples.chunks_exact(4) {
            assert_eq!(pixel[1], 0, "{pixel:?}");
        }
    }

    #[test]
    fn too_few_and_too_many_rows_are_the_files_fault() {
        let shrinker = Shrinker::new(size(8, 8), &[size(4, 4)], Channels::Gray);
        assert!(matches!(shrinker.finish(), Err(ProcessError::Corrupt(_))));
        let mut shrinker = Shrinker::new(size(8, 8), &[size(4, 4)], Channels::Gray);
        assert!(matches!(shrinker.push(Rows::Eight(&[0; 72])), Err(ProcessError::Corrupt(_))));
    }
}
