//! How much memory a picture will take while it is worked on, told from its header.
//!
//! Owns that estimate, which the budget counts; refuses to look at pixels. It is an upper bound, and
//! `tests/memory` holds it against what the system counts.
//! The surprising rule: a picture's own size hardly counts, since its rows stream. What counts is what its coding
//! makes a codec hold until the end, and the largest variant.

use crate::geometry::plan;
use crate::header::{Coding, Header};
use crate::orientation::Orientation;
use crate::raster::Channels;
use crate::settings::Profile;
use packshot_domain::image::Dimensions;
use packshot_domain::variant::{Fit, VariantSpecs};

/// For each sample of colour in the largest variant: 2 bytes in linear light, 1 as a code, the rest inside the
/// encoders, which hold their planes, coefficients and tokens, and what the allocator keeps between two of them.
const BYTES_PER_COLOUR_SAMPLE: u64 = 10;

/// For its alpha, which WebP codes losslessly, with an index of the plane to find repetitions in.
const BYTES_PER_ALPHA_SAMPLE: u64 = 30;

/// Two bytes, in libjpeg's arrays and in the format's own range.
const BYTES_PER_COEFFICIENT: u64 = 2;

/// Bytes that a picture takes from its first step to its last, beside the file itself.
pub(crate) fn working_bytes(header: &Header, specs: &VariantSpecs, profile: Profile) -> u64 {
    let variant = largest_variant(header, specs, profile);
    // The encoders begin when the decoder has ended; until then there is half as much beside it, or less.
    variant.max(held_by_the_codec(header).saturating_add(variant / 2))
}

/// What is in memory until the last row has been decoded, or the original has been turned.
fn held_by_the_codec(header: &Header) -> u64 {
    let pixels = header.coded.pixels();
    match header.coding {
        Coding::Jpeg { progressive, coefficients } => {
            // To be turned, they are held as they were and as they will be.
            let decoded = u64::from(progressive);
            let turned = if header.orientation != Orientation::Upright { 2 } else { 0 };
            coefficients.saturating_mul(BYTES_PER_COEFFICIENT * decoded.max(turned))
        }
        Coding::Png { interlaced: false, .. } => 0,
        Coding::Png { sixteen_bits, interlaced: true } => {
            let bytes_per_sample = if sixteen_bits { 2 } else { 1 };
            pixels.saturating_mul(header.model.channels().count() as u64 * bytes_per_sample)
        }
        // Pixels of four bytes, whether they have alpha or not, and what of them became rows at once: all, at worst.
        Coding::WebP { lossless: true } => pixels.saturating_mul(4 + header.model.channels().count() as u64),
        // Alpha is a plane of its own, decoded before the picture.
        Coding::WebP { lossless: false } if header.model.has_alpha() => pixels,
        Coding::WebP { lossless: false } => 0,
    }
}

/// For the largest picture that is coded, or that variants are made of.
fn largest_variant(header: &Header, specs: &VariantSpecs, profile: Profile) -> u64 {
    let displayed = header.displayed();
    let plan = plan(displayed, specs, profile);
    let made = plan
        .whole
        .then_some(displayed)
        .into_iter()
        .chain(plan.shrunk)
        .map(|size| variant(size, header.model.channels()));
    made.chain(specs.as_slice().iter().map(|spec| padded(spec.fit, displayed))).max().unwrap_or(0)
}

/// A picture in the middle of a box has the box's size, and alpha.
fn padded(fit: Fit, displayed: Dimensions) -> u64 {
    match fit {
        Fit::Contain { .. } => variant(fit.output(displayed), Channels::Rgba),
        Fit::Inside { .. } | Fit::Cover { .. } => 0,
    }
}

fn variant(size: Dimensions, channels: Channels) -> u64 {
    let alpha = u64::from(channels.has_alpha());
    let colours = channels.count() as u64 - alpha;
    size.pixels().saturating_mul(colours * BYTES_PER_COLOUR_SAMPLE + alpha * BYTES_PER_ALPHA_SAMPLE)
}
