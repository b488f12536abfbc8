//! From the colours of the embedded ICC profile to sRGB.
//!
//! Owns the profile's meaning; refuses to know where it was embedded.
//! The surprising rule: a profile is judged by what it does, not by its name. One that moves no colour
//! by more than a step is sRGB, and one that is broken, or made for other pixels, is passed over.

use crate::header::Model;
use crate::raster::{Channels, Raster};
use moxcms::{ColorProfile, DataColorSpace, Layout, ProfileText, TransformExecutor, TransformOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The name of the colour space of pictures without a profile.
const SRGB: &str = "sRGB";

/// The longest description that is handed on, in characters.
const LONGEST_DESCRIPTION: usize = 255;

/// What a picture's colours mean.
pub(crate) struct Colour {
    /// The profile's own description of itself; `sRGB` where there is none.
    pub(crate) description: String,
    profile: Option<ColorProfile>,
}

impl Colour {
    /// The meaning of pixels of `model` with this embedded profile.
    pub(crate) fn new(profile: Option<&[u8]>, model: Model) -> Self {
        let parsed = profile.and_then(|bytes| guarded(|| ColorProfile::new_from_slice(bytes).ok()));
        let description = parsed.as_ref().and_then(describe).unwrap_or_else(|| SRGB.to_owned());
        let profile = parsed.filter(|profile| fits(profile, model) && !is_srgb(profile));
        Self { description, profile }
    }

    /// Whether the samples are sRGB already.
    pub(crate) fn is_srgb(&self) -> bool {
        self.profile.is_none()
    }

    /// Turns straight, coded samples into sRGB, in place. A profile that turns out to be unusable
    /// changes nothing.
    pub(crate) fn convert<S: Sample>(&self, raster: &mut Raster<S>) {
        let Some(profile) = &self.profile else { return };
        let row = raster.row_samples();
        match raster.channels {
            Channels::Gray | Channels::GrayAlpha => {
                if let Some(levels) = gray_levels::<S>(profile) {
                    for pixel in raster.samples.chunks_exact_mut(raster.channels.count()) {
                        pixel[0] = levels[pixel[0].index()];
                    }
                }
            }
            Channels::Rgb => convert_rows(profile, Layout::Rgb, row, &mut raster.samples),
            Channels::Rgba => convert_rows(profile, Layout::Rgba, row, &mut raster.samples),
        }
    }

    /// The way from four inks to sRGB.
    pub(crate) fn inks(&self) -> Inks {
        let transform =
            self.profile.as_ref().and_then(|profile| guarded(|| u8::transform(profile, Layout::Rgba, Layout::Rgb)));
        Inks { transform, straight: Vec::new() }
    }
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
}

/// Runs `work` on data that others made: a panic counts as nothing.
fn guarded<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

fn fits(profile: &ColorProfile, model: Model) -> bool {
    matches!(
        (model, profile.color_space),
        (Model::Gray | Model::GrayAlpha, DataColorSpace::Gray | DataColorSpace::Rgb)
            | (Model::Rgb | Model::Rgba, DataColorSpace::Rgb)
            | (Model::Cmyk, DataColorSpace::Cmyk)
    )
}

/// Whether no colour of a coarse grid moves by more than one step.
fn is_srgb(profile: &ColorProfile) -> bool {
    if profile.color_space != DataColorSpace::Rgb {
        return false;
    }
    let steps = || (0..=255_u8).step_by(51);
    let grid: Vec<u8> = steps()
        .flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b])))
        .chain((0..=255).flat_map(|gray| [gray; 3]))
        .collect();
    guarded(|| {
        let mut moved = vec![0; grid.len()];
        u8::transform(profile, Layout::Rgb, Layout::Rgb)?.transform(&grid, &mut moved).ok()?;
        Some(grid.iter().zip(&moved).all(|(&from, &to)| from.abs_diff(to) <= 1))
    })
    .unwrap_or(false)
}

/// What becomes of every level of grey; the neutral colours of sRGB have three equal samples.
fn gray_levels<S: Sample>(profile: &ColorProfile) -> Option<Vec<S>> {
    guarded(|| {
        let levels = (0..S::LEVELS).map(S::level);
        let (layout, source): (_, Vec<S>) = match profile.color_space {
            DataColorSpace::Gray => (Layout::Gray, levels.collect()),
            _ => (Layout::Rgb, levels.flat_map(|level| [level; 3]).collect()),
        };
        let mut rgb = vec![S::default(); S::LEVELS * 3];
        S::transform(profile, layout, Layout::Rgb)?.transform(&source, &mut rgb).ok()?;
        Some(rgb.chunks_exact(3).map(|pixel| pixel[1]).collect())
    })
}

fn convert_rows<S: Sample>(profile: &ColorProfile, layout: Layout, row: usize, samples: &mut [S]) {
    let _: Option<()> = guarded(|| {
        let transform = S::transform(profile, layout, layout)?;
        let mut before = vec![S::default(); row];
        for samples in samples.chunks_exact_mut(row) {
            before.copy_from_slice(samples);
            transform.transform(&before, samples).ok()?;
        }
        Some(())
    });
}

fn describe(profile: &ColorProfile) -> Option<String> {
    let text = match profile.description.as_ref()? {
        ProfileText::PlainString(text) => text.clone(),
        ProfileText::Localizable(texts) => {
            let english = texts.iter().find(|text| text.language.eq_ignore_ascii_case("en"));
            english.or_else(|| texts.first())?.value.clone()
        }
        ProfileText::Description(text) if !text.ascii_string.is_empty() => text.ascii_string.clone(),
        ProfileText::Description(text) => text.unicode_string.clone(),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_DESCRIPTION).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use packshot_domain::image::Dimensions;

    fn pixel<S: Sample>(samples: Vec<S>, channels: Channels) -> Raster<S> {
        Raster { size: Dimensions::new(1, 1).unwrap(), channels, samples }
    }

    fn colour(profile: &ColorProfile, model: Model) -> Colour {
        Colour::new(Some(&profile.encode().unwrap()), model)
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
        p3.convert(&mut red);
        assert_eq!(red.samples, [255, 0, 0, 77]);
        // By the colour matrices of both spaces: P3 (200, 100, 50) is sRGB (214.9, 92.6, 31.0).
        let mut brown = pixel(vec![200_u8, 100, 50], Channels::Rgb);
        p3.convert(&mut brown);
        for (sample, expected) in brown.samples.iter().zip([215_u8, 93, 31]) {
            assert!(sample.abs_diff(expected) <= 1, "{:?}", brown.samples);
        }
        let mut gray = pixel(vec![30000_u16, 30000, 30000], Channels::Rgb);
        p3.convert(&mut gray);
        assert!(gray.samples.iter().all(|sample| sample.abs_diff(30000) < 100), "{:?}", gray.samples);
    }

    #[test]
    fn a_broken_or_foreign_profile_changes_nothing() {
        let good = ColorProfile::new_display_p3().encode().unwrap();
        for length in 0..good.len() {
            let broken = Colour::new(Some(&good[..length]), Model::Rgb);
            let mut raster = pixel(vec![200_u8, 100, 50], Channels::Rgb);
            broken.convert(&mut raster);
        }
        let garbage = Colour::new(Some(&[7; 500]), Model::Rgb);
        assert!(garbage.is_srgb());
        assert_eq!(garbage.description, "sRGB");
        assert!(Colour::new(Some(&good), Model::Cmyk).is_srgb());
    }

    #[test]
    fn inks_without_a_profile_are_ideal_filters() {
        let mut rgb = [0; 9];
        Colour::new(None, Model::Cmyk)
            .inks()
            .convert(&[255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 0, 128], &mut rgb);
        assert_eq!(rgb, [255, 255, 255, 0, 255, 255, 128, 128, 0]);
    }
}
