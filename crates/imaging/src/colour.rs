//! From the colours of a file to sRGB.
//!
//! Owns what becomes of a picture's samples, whoever says what they mean; refuses to know where it was said.
//! The surprising rule: a profile is judged by what it does, not by its name. One that moves no colour
//! by more than a step is sRGB, and one that is broken, or made for other pixels, is passed over.

mod coded;
mod profile;

pub(crate) use coded::{Coded, Primaries, Transfer, USUAL_PEAK_NITS};

use crate::failure::Result;
use crate::header::Model;
use crate::limit::CpuLimit;
use crate::linear::to_8;
use crate::raster::{Channels, Raster};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};
use profile::guarded;
use std::sync::Arc;

/// The name of the colour space of pictures that say nothing.
const SRGB: &str = "sRGB";

/// Rows that are converted before the clock is asked again.
const ROWS_AT_A_TIME: usize = 64;

/// What a file says that its samples mean.
#[derive(Debug, Clone)]
pub(crate) enum Stated {
    /// Nothing, or sRGB.
    Nothing,
    /// An ICC profile.
    Profile(Vec<u8>),
    /// Numbers, and what people call them.
    Coded { coded: Coded, name: String },
}

/// What a picture's colours mean.
pub(crate) struct Colour {
    /// The profile's own description of itself, or the name of what was told otherwise; `sRGB` where there is none.
    pub(crate) description: String,
    space: Space,
}

enum Space {
    Srgb,
    Profile(Box<ColorProfile>),
    Coded(Coded),
}

impl Colour {
    /// The meaning of pixels of `model` in a file that says this.
    ///
    /// # Errors
    /// `TooCostly` for a profile that is made to be expensive.
    pub(crate) fn new(stated: Stated, model: Model, limit: CpuLimit) -> Result<Self> {
        limit.check()?;
        let (description, space) = match stated {
            Stated::Nothing => (None, Space::Srgb),
            Stated::Coded { name, .. } if model == Model::Cmyk => (Some(name), Space::Srgb),
            Stated::Coded { coded, name } => (Some(name), Space::Coded(coded)),
            Stated::Profile(bytes) => match profile::parse(&bytes)? {
                None => (None, Space::Srgb),
                Some(parsed) => (profile::describe(&parsed), of_profile(parsed, model)),
            },
        };
        limit.check()?;
        let space = if space.is_srgb() { Space::Srgb } else { space };
        limit.check()?;
        Ok(Self { description: description.unwrap_or_else(|| SRGB.to_owned()), space })
    }

    /// Whether the samples are sRGB already.
    pub(crate) fn is_srgb(&self) -> bool {
        matches!(self.space, Space::Srgb)
    }

    /// Turns straight, coded samples into sRGB, in place. A profile that turns out to be unusable
    /// changes nothing.
    ///
    /// # Errors
    /// `TooCostly` when the picture's time is over.
    pub(crate) fn convert<S: Sample>(&self, raster: &mut Raster<S>, limit: CpuLimit) -> Result<()> {
        let (row, channels) = (raster.row_samples(), raster.channels);
        let mut each = |convert: &mut dyn FnMut(&mut [S])| {
            raster.samples.chunks_mut(row * ROWS_AT_A_TIME).try_for_each(|samples| -> Result<()> {
                limit.check()?;
                convert(samples);
                Ok(())
            })
        };
        if channels.is_gray() {
            let levels = match &self.space {
                Space::Srgb => None,
                Space::Profile(profile) => profile::gray_levels::<S>(profile, gray_layout(profile)),
                Space::Coded(coded) => Some(levels::<S, S>(coded, |coded, light| S::of_16(coded.srgb([light; 3])[1]))),
            };
            let Some(levels) = levels else { return Ok(()) };
            return each(&mut |samples| {
                for pixel in samples.chunks_exact_mut(channels.count()) {
                    pixel[0] = levels[pixel[0].index()];
                }
            });
        }
        match &self.space {
            Space::Srgb => Ok(()),
            Space::Profile(profile) => {
                let layout = if channels == Channels::Rgba { Layout::Rgba } else { Layout::Rgb };
                let Some(transform) = guarded(|| S::transform(profile, layout, layout)) else { return Ok(()) };
                let mut before = vec![S::default(); row];
                each(&mut |samples| {
                    for samples in samples.chunks_exact_mut(row) {
                        before.copy_from_slice(samples);
                        // A row that cannot be converted stays as it is.
                        let _: Option<()> = guarded(|| transform.transform(&before, samples).ok());
                    }
                })
            }
            Space::Coded(coded) => {
                let light = levels::<S, f32>(coded, |_, light| light);
                each(&mut |samples| {
                    for pixel in samples.chunks_exact_mut(channels.count()) {
                        let shown = coded.srgb([0, 1, 2].map(|at| light[pixel[at].index()]));
                        for (sample, shown) in pixel.iter_mut().zip(shown) {
                            *sample = S::of_16(shown);
                        }
                    }
                })
            }
        }
    }

    /// The way from four inks to sRGB.
    pub(crate) fn inks(&self) -> Inks {
        let transform = match &self.space {
            Space::Profile(profile) => guarded(|| u8::transform(profile, Layout::Rgba, Layout::Rgb)),
            Space::Srgb | Space::Coded(_) => None,
        };
        Inks { transform, straight: Vec::new() }
    }
}

/// What `of` makes of the light of every level.
fn levels<S: Sample, T>(coded: &Coded, of: impl Fn(&Coded, f32) -> T) -> Vec<T> {
    #[expect(clippy::cast_precision_loss, reason = "levels have 16 bits at most")]
    let code = |level: usize| level as f64 / (S::LEVELS - 1) as f64;
    (0..S::LEVELS).map(|level| of(coded, coded.light(code(level)))).collect()
}

fn of_profile(mut profile: ColorProfile, model: Model) -> Space {
    if !fits(&profile, model) {
        return Space::Srgb;
    }
    if let Some((primaries, transfer)) = profile::code_points(&profile)
        && profile.color_space == DataColorSpace::Rgb
        && let Some((primaries, transfer)) = Primaries::of_code(primaries).zip(Transfer::of_code(transfer))
        && let Some(coded) = Coded::new(transfer, &primaries, USUAL_PEAK_NITS)
    {
        return Space::Coded(coded);
    }
    // Else they say nothing, here as in browsers.
    profile.cicp = None;
    Space::Profile(Box::new(profile))
}

/// From inks to sRGB.
pub(crate) struct Inks {
    transform: Option<Arc<dyn TransformExecutor<u8> + Send + Sync>>,
    straight: Vec<u8>,
}

impl Inks {
    /// `paper` holds cyan, magenta, yellow, black as Adobe stores them in a JPEG: 255 is no ink.
    /// `rgb` has room for as many pixels. Without a profile, inks are taken as ideal filters.
    pub(crate) fn convert(&mut self, paper: &[u8], rgb: &mut [u8]) {
        if let Some(transform) = &self.transform {
            self.straight.clear();
            self.straight.extend(paper.iter().map(|&sample| 255 - sample));
            let straight = &self.straight;
            if guarded(|| transform.transform(straight, rgb).ok()).is_some() {
                return;
            }
        }
        for (to, from) in rgb.chunks_exact_mut(3).zip(paper.chunks_exact(4)) {
            for (colour, &ink) in to.iter_mut().zip(from) {
                *colour = u8::try_from((u16::from(ink) * u16::from(from[3]) + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
}

/// A sample of 8 or 16 bits that the colour management can convert.
pub(crate) trait Sample: Copy + Default + 'static {
    /// How many values there are.
    const LEVELS: usize;
    /// The transform from a profile to sRGB.
    fn transform(
        from: &ColorProfile,
        layout: Layout,
        to: Layout,
    ) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>>;
    /// The sample of this index below [`LEVELS`](Self::LEVELS).
    fn level(index: usize) -> Self;
    /// The other way round.
    fn index(self) -> usize;
    /// The sample that is nearest to this one of 16 bits.
    fn of_16(sample: u16) -> Self;
}

impl Sample for u8 {
    const LEVELS: usize = 1 << 8;

    fn transform(
        from: &ColorProfile,
        layout: Layout,
        to: Layout,
    ) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>> {
        from.create_transform_8bit(layout, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
    }

    fn level(index: usize) -> Self {
        Self::try_from(index).unwrap_or(Self::MAX)
    }

    fn index(self) -> usize {
        self.into()
    }

    fn of_16(sample: u16) -> Self {
        to_8(sample)
    }
}

impl Sample for u16 {
    const LEVELS: usize = 1 << 16;

    fn transform(
        from: &ColorProfile,
        layout: Layout,
        to: Layout,
    ) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>> {
        from.create_transform_16bit(layout, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
    }

    fn level(index: usize) -> Self {
        Self::try_from(index).unwrap_or(Self::MAX)
    }

    fn index(self) -> usize {
        self.into()
    }

    fn of_16(sample: u16) -> Self {
        sample
    }
}

fn fits(profile: &ColorProfile, model: Model) -> bool {
    matches!(
        (model, profile.color_space),
        (Model::Gray | Model::GrayAlpha, DataColorSpace::Gray | DataColorSpace::Rgb)
            | (Model::Rgb | Model::Rgba, DataColorSpace::Rgb)
            | (Model::Cmyk, DataColorSpace::Cmyk)
    )
}

/// How a profile takes grey.
fn gray_layout(profile: &ColorProfile) -> Layout {
    if profile.color_space == DataColorSpace::Gray { Layout::Gray } else { Layout::Rgb }
}

impl Space {
    /// Whether no colour of a coarse grid moves by more than one step.
    fn is_srgb(&self) -> bool {
        let steps = || (0..=255_u8).step_by(51);
        let grid = || -> Vec<u8> {
            steps()
                .flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b])))
                .chain((0..=255).flat_map(|gray| [gray; 3]))
                .collect()
        };
        let same = |grid: &[u8], moved: &[u8]| grid.iter().zip(moved).all(|(&from, &to)| from.abs_diff(to) <= 1);
        match self {
            Self::Srgb => true,
            Self::Profile(profile) if profile.color_space != DataColorSpace::Rgb => false,
            Self::Profile(profile) => guarded(|| {
                let grid = grid();
                let mut moved = vec![0; grid.len()];
                u8::transform(profile, Layout::Rgb, Layout::Rgb)?.transform(&grid, &mut moved).ok()?;
                Some(same(&grid, &moved))
            })
            .unwrap_or(false),
            Self::Coded(coded) => {
                let (grid, light) = (grid(), levels::<u8, f32>(coded, |_, light| light));
                let colours = grid.as_chunks::<3>().0.iter();
                let moved = colours.flat_map(|colour| coded.srgb(colour.map(|sample| light[sample.index()])).map(to_8));
                same(&grid, &moved.collect::<Vec<u8>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::ProfileText;
    use packshot_domain::image::Dimensions;

    fn pixel<S: Sample>(samples: Vec<S>, channels: Channels) -> Raster<S> {
        Raster { size: Dimensions::new(1, 1).unwrap(), channels, samples }
    }

    fn no_limit() -> CpuLimit {
        CpuLimit::start(std::time::Duration::from_secs(600))
    }

    fn of_bytes(bytes: &[u8], model: Model) -> Colour {
        Colour::new(Stated::Profile(bytes.to_vec()), model, no_limit()).unwrap()
    }

    fn colour(profile: &ColorProfile, model: Model) -> Colour {
        of_bytes(&profile.encode().unwrap(), model)
    }

    #[test]
    fn srgb_is_recognised_by_its_numbers() {
        let mut renamed = ColorProfile::new_srgb();
        renamed.description = Some(ProfileText::PlainString("Display P3".to_owned()));
        assert!(colour(&renamed, Model::Rgb).is_srgb());
        let mut liar = ColorProfile::new_display_p3();
        liar.description = ColorProfile::new_srgb().description;
        assert!(!colour(&liar, Model::Rgb).is_srgb());
    }

    #[test]
    fn display_p3_red_leaves_the_gamut_and_grey_stays() {
        let p3 = colour(&ColorProfile::new_display_p3(), Model::Rgba);
        let mut red = pixel(vec![255_u8, 0, 0, 77], Channels::Rgba);
        p3.convert(&mut red, no_limit()).unwrap();
        assert_eq!(red.samples, [255, 0, 0, 77]);
        // By the colour matrices of both spaces: P3 (200, 100, 50) is sRGB (214.9, 92.6, 31.0).
        let mut brown = pixel(vec![200_u8, 100, 50], Channels::Rgb);
        p3.convert(&mut brown, no_limit()).unwrap();
        for (sample, expected) in brown.samples.iter().zip([215_u8, 93, 31]) {
            assert!(sample.abs_diff(expected) <= 1, "{:?}", brown.samples);
        }
        let mut gray = pixel(vec![30000_u16, 30000, 30000], Channels::Rgb);
        p3.convert(&mut gray, no_limit()).unwrap();
        assert!(gray.samples.iter().all(|sample| sample.abs_diff(30000) < 100), "{:?}", gray.samples);
    }

    #[test]
    fn a_broken_or_foreign_profile_changes_nothing() {
        let good = ColorProfile::new_display_p3().encode().unwrap();
        for length in 0..good.len() {
            let broken = of_bytes(&good[..length], Model::Rgb);
            let mut raster = pixel(vec![200_u8, 100, 50], Channels::Rgb);
            broken.convert(&mut raster, no_limit()).unwrap();
        }
        let garbage = of_bytes(&[7; 500], Model::Rgb);
        assert!(garbage.is_srgb());
        assert_eq!(garbage.description, "sRGB");
        assert!(of_bytes(&good, Model::Cmyk).is_srgb());
    }

    #[test]
    fn inks_without_a_profile_are_ideal_filters() {
        let mut rgb = [0; 9];
        Colour::new(Stated::Nothing, Model::Cmyk, no_limit())
            .unwrap()
            .inks()
            .convert(&[255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 0, 128], &mut rgb);
        assert_eq!(rgb, [255, 255, 255, 0, 255, 255, 128, 128, 0]);
    }
}
