//! `[variants.NAME]`: which variants to make.
//!
//! Owns the translation of the settings into the domain's specs.

use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::variant::{Fit, Folder, Quality, TargetFormat, VariantName, VariantSpec, VariantSpecs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One variant as set.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VariantSettings {
    /// Pixels across at most.
    pub width: Option<u32>,
    /// Pixels down at most.
    pub height: Option<u32>,
    /// How the picture meets the box.
    #[serde(default)]
    pub fit: FitSettings,
    /// Red, green, blue, alpha around a contained picture.
    #[serde(default = "white")]
    pub background: [u8; 4],
    /// What it is coded as.
    #[serde(default)]
    pub format: FormatSettings,
    /// Quality of lossy codings.
    #[serde(default = "default_quality")]
    pub quality: u8,
    /// The folder under the product's; the variant's name where it is not set.
    pub folder: Option<String>,
}

/// `fit`
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FitSettings {
    /// Within the box.
    #[default]
    Inside,
    /// Filling the box.
    Cover,
    /// On a box of exactly that size.
    Contain,
}

/// `format`
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatSettings {
    /// As the upload.
    #[default]
    Source,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

fn white() -> [u8; 4] {
    [255; 4]
}

fn default_quality() -> u8 {
    85
}

/// The specs of these settings; the customer's where there are none.
///
/// # Errors
/// A sentence that names the key at fault.
pub(crate) fn specs(settings: &BTreeMap<String, VariantSettings>) -> Result<VariantSpecs, String> {
    if settings.is_empty() {
        return Ok(VariantSpecs::default());
    }
    let specs = settings.iter().map(|(name, variant)| spec(name, variant)).collect::<Result<Vec<_>, _>>()?;
    VariantSpecs::new(specs).map_err(|error| format!("variants: {error}"))
}

fn spec(name: &str, settings: &VariantSettings) -> Result<VariantSpec, String> {
    let folder = settings.folder.as_deref().unwrap_or(name);
    Ok(VariantSpec {
        name: VariantName::parse(name).map_err(|error| format!("variants.{name}: the name {error}"))?,
        folder: Folder::parse(folder).map_err(|error| format!("variants.{name}.folder: {error}"))?,
        fit: fit(name, settings)?,
        format: match settings.format {
            FormatSettings::Source => TargetFormat::Source,
            FormatSettings::Jpeg => TargetFormat::Fixed(ImageFormat::Jpeg),
            FormatSettings::Png => TargetFormat::Fixed(ImageFormat::Png),
            FormatSettings::Webp => TargetFormat::Fixed(ImageFormat::WebP),
        },
        quality: Quality::new(settings.quality)
            .ok_or_else(|| format!("variants.{name}.quality: must be from 1 to 100"))?,
    })
}

fn fit(name: &str, settings: &VariantSettings) -> Result<Fit, String> {
    for (key, side) in [("width", settings.width), ("height", settings.height)] {
        if side.is_some_and(|side| !(1..=5000).contains(&side)) {
            return Err(format!("variants.{name}.{key}: must be from 1 to 5000"));
        }
    }
    let size = || {
        let (width, height) = settings.width.zip(settings.height)?;
        Dimensions::new(width, height)
    };
    let both = || format!("variants.{name}: this fit needs both width and height");
    match settings.fit {
        FitSettings::Inside if settings.width.is_none() && settings.height.is_none() => {
            Err(format!("variants.{name}: needs a width or a height"))
        }
        FitSettings::Inside => Ok(Fit::Inside { max_width: settings.width, max_height: settings.height }),
        FitSettings::Cover => Ok(Fit::Cover { size: size().ok_or_else(both)? }),
        FitSettings::Contain => Ok(Fit::Contain { size: size().ok_or_else(both)?, background: settings.background }),
    }
}
