//! The variants of an image: what to make of an upload, and what was made.
//!
//! Owns the arithmetic of fitting and the five variants that the customer asked for; refuses to
//! know how pixels are resampled or coded.

mod ratio;

use crate::image::{Dimensions, ImageFormat};
use ratio::Ratio;
use std::fmt;

/// A variant's name, as the answer's `variants` object and the settings call it:
/// 1 to 32 of `a-z 0-9 _ -`, and not `original`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantName(String);

/// The folder under the product's in which a variant lies: 1 to 32 of `a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folder(String);

/// Why some text names no variant or folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 characters of a-z, 0-9, '_' and '-', and not 'original'")]
pub struct InvalidVariantName;

fn checked(text: &str) -> Result<String, InvalidVariantName> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if text.is_empty() || text.len() > 32 || text == "original" || !text.bytes().all(allowed) {
        return Err(InvalidVariantName);
    }
    Ok(text.to_owned())
}

impl VariantName {
    /// Takes `text` as a variant's name.
    ///
    /// # Errors
    /// [`InvalidVariantName`] when it is empty, too long, `original` or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidVariantName> {
        checked(text).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Folder {
    /// Takes `text` as a folder's name.
    ///
    /// # Errors
    /// [`InvalidVariantName`] when it is empty, too long, `original` or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidVariantName> {
        checked(text).map(Self)
    }

    /// The folder as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How to make one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantSpec {
    /// Its name.
    pub name: VariantName,
    /// The folder that its files lie in; unique among the specs.
    pub folder: Folder,
    /// The box and how the picture meets it.
    pub fit: Fit,
    /// What it is coded as.
    pub format: TargetFormat,
    /// Quality for lossy codings.
    pub quality: Quality,
}

/// How a picture meets a box. Nothing is ever enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Shrunk, keeping its proportions, until it is within every side given.
    Inside {
        /// Pixels across at most.
        max_width: Option<u32>,
        /// Pixels down at most.
        max_height: Option<u32>,
    },
    /// Shrunk and cut about its centre, so that it fills the box.
    Cover {
        /// The box; sides that the picture does not reach shrink to it.
        size: Dimensions,
    },
    /// As `Inside`, then centred on a box of exactly that size.
    Contain {
        /// The box.
        size: Dimensions,
        /// Red, green, blue, alpha of what shows around it; alpha is dropped in JPEG.
        background: [u8; 4],
    },
}

/// What a variant is coded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetFormat {
    /// As the upload.
    Source,
    /// Always this one.
    Fixed(ImageFormat),
}

impl TargetFormat {
    /// The format for an upload coded as `source`.
    #[must_use]
    pub fn resolve(self, source: ImageFormat) -> ImageFormat {
        match self {
            Self::Source => source,
            Self::Fixed(format) => format,
        }
    }
}

/// Quality of a lossy coding, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(u8);

impl Quality {
    /// This quality; `None` outside 1 to 100.
    #[must_use]
    pub fn new(quality: u8) -> Option<Self> {
        (1..=100).contains(&quality).then_some(Self(quality))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Fit {
    /// The size of the scaled picture (before any cutting or padding) for a source of this size:
    /// proportions kept to the nearest pixel (half a pixel counts as one), no side below 1, never larger than the
    /// source. Reckoned in whole numbers, so sizes of one source are larger or smaller in both sides at once.
    #[must_use]
    #[inline]
    pub fn scaled(self, source: Dimensions) -> Dimensions {
        let across = |limit: u32| Ratio::new(limit, source.width());
        let down = |limit: u32| Ratio::new(limit, source.height());
        let scale = match self {
            Self::Inside { max_width, max_height } => {
                max_width.map_or(Ratio::ONE, across).min(max_height.map_or(Ratio::ONE, down))
            }
            Self::Cover { size } => across(size.width()).max(down(size.height())),
            Self::Contain { size, .. } => across(size.width()).min(down(size.height())),
        }
        .min(Ratio::ONE);
        Dimensions::new(scale.of(source.width()), scale.of(source.height())).unwrap_or(source)
    }

    /// The size of the finished variant for a source of this size.
    #[must_use]
    #[inline]
    pub fn output(self, source: Dimensions) -> Dimensions {
        let scaled = self.scaled(source);
        match self {
            Self::Inside { .. } => scaled,
            Self::Cover { size } => {
                Dimensions::new(scaled.width().min(size.width()), scaled.height().min(size.height())).unwrap_or(scaled)
            }
            Self::Contain { size, .. } => size,
        }
    }
}

/// The variants to make of every upload, in the order that answers list them: names and folders unique.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantSpecs(Vec<VariantSpec>);

/// Why a list of specs was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two variants share the name or the folder '{0}'")]
pub struct DuplicateVariant(String);

impl VariantSpecs {
    /// These specs.
    ///
    /// # Errors
    /// [`DuplicateVariant`] when two share a name or a folder.
    pub fn new(specs: Vec<VariantSpec>) -> Result<Self, DuplicateVariant> {
        for (at, spec) in specs.iter().enumerate() {
            for other in specs.iter().skip(at + 1) {
                if spec.name == other.name {
                    return Err(DuplicateVariant(spec.name.0.clone()));
                }
                if spec.folder == other.folder {
                    return Err(DuplicateVariant(spec.folder.0.clone()));
                }
            }
        }
        Ok(Self(specs))
    }

    /// The specs in order.
    #[must_use]
    pub fn as_slice(&self) -> &[VariantSpec] {
        &self.0
    }
}

impl Default for VariantSpecs {
    /// The customer's: large (1200 wide), medium (800), thumbnail (300) in the upload's format, and
    /// a WebP 1200 wide.
    fn default() -> Self {
        let spec = |name: &str, folder: &str, width, format, quality| VariantSpec {
            name: VariantName(name.to_owned()),
            folder: Folder(folder.to_owned()),
            fit: Fit::Inside { max_width: Some(width), max_height: None },
            format,
            quality: Quality(quality),
        };
        Self(vec![
            spec("large", "large", 1200, TargetFormat::Source, 85),
            spec("medium", "medium", 800, TargetFormat::Source, 85),
            spec("thumbnail", "thumb", 300, TargetFormat::Source, 85),
            spec("webp", "webp", 1200, TargetFormat::Fixed(ImageFormat::WebP), 82),
        ])
    }
}

/// A variant that is durable in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVariant {
    /// Its name.
    pub name: VariantName,
    /// The folder that it lies in.
    pub folder: Folder,
    /// What it is coded as.
    pub format: ImageFormat,
    /// Its size in pixels.
    pub dimensions: Dimensions,
    /// Its size in bytes.
    pub size_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).unwrap()
    }

    #[test]
    fn inside_keeps_proportions_and_never_enlarges() {
        let fit = Fit::Inside { max_width: Some(1200), max_height: None };
        assert_eq!(fit.output(size(4000, 3000)), size(1200, 900));
        assert_eq!(fit.output(size(3000, 5000)), size(1200, 2000));
        assert_eq!(fit.output(size(1000, 700)), size(1000, 700));
        assert_eq!(fit.output(size(5000, 300)), size(1200, 72));
        assert_eq!(fit.output(size(5000, 300).transposed()), size(300, 5000));
    }

    #[test]
    fn half_a_pixel_counts_as_one_and_nothing_vanishes() {
        let fit = Fit::Inside { max_width: Some(1200), max_height: None };
        // 4005 rows times 0.3 are 1201.5, and times the nearest float below 0.3 they are less.
        assert_eq!(fit.output(size(4000, 4005)), size(1200, 1202));
        assert_eq!(Fit::Inside { max_width: Some(1), max_height: None }.output(size(5000, 300)), size(1, 1));
        assert_eq!(Fit::Inside { max_width: Some(0), max_height: None }.output(size(5000, 300)), size(1, 1));
        let most = size(u32::MAX, u32::MAX);
        assert_eq!(
            Fit::Inside { max_width: Some(u32::MAX), max_height: Some(u32::MAX - 1) }.output(most).height(),
            u32::MAX - 1
        );
    }

    #[test]
    fn cover_cuts_and_contain_pads() {
        let cover = Fit::Cover { size: size(400, 400) };
        assert_eq!(cover.scaled(size(1600, 800)), size(800, 400));
        assert_eq!(cover.output(size(1600, 800)), size(400, 400));
        assert_eq!(cover.output(size(1600, 300)), size(400, 300));
        let contain = Fit::Contain { size: size(400, 400), background: [255; 4] };
        assert_eq!(contain.scaled(size(1600, 800)), size(400, 200));
        assert_eq!(contain.output(size(1600, 800)), size(400, 400));
    }

    #[test]
    fn specs_do_not_share_names_or_folders() {
        let specs = VariantSpecs::default();
        assert!(VariantSpecs::new(specs.as_slice().to_vec()).is_ok());
        let mut twice = specs.as_slice().to_vec();
        twice[1].folder = twice[0].folder.clone();
        assert_eq!(VariantSpecs::new(twice), Err(DuplicateVariant("large".to_owned())));
    }

    #[test]
    fn names_are_plain() {
        assert!(VariantName::parse("og-image_2").is_ok());
        for bad in ["", "original", "Large", "a/b", "..", &"x".repeat(33)] {
            assert!(VariantName::parse(bad).is_err(), "{bad}");
        }
    }
}
