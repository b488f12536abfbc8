//! The way of one upload on a worker thread, from its bytes to everything that is stored of it.
//!
//! Owns the order of the steps; refuses to do any of them.
//! The surprising rule: decoders get the stripped file, so what is not kept cannot harm them; and it is
//! turned only after it has been decoded, so that a damaged upload does not pay for that.

use crate::colour::Colour;
use crate::decode::{Decoded, Goal, decode};
use crate::failure::Result;
use crate::geometry::{Plan, plan};
use crate::header::{self, Header};
use crate::limit::CpuLimit;
use crate::linear::{Linear, to_8};
use crate::original;
use crate::raster::{Raster, Rows};
use crate::render::Studio;
use crate::resize::Shrinker;
use crate::settings::Profile;
use bytes::Bytes;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessedImage;
use packshot_domain::step::Step;
use packshot_domain::variant::VariantSpecs;
use std::rc::Rc;

/// Makes everything that is stored of `upload`, whose header has been checked, within `limit`.
///
/// # Errors
/// `Corrupt`, `TooCostly`, `Internal`.
pub(crate) fn run(
    upload: &Bytes,
    header: &Header,
    specs: &VariantSpecs,
    profile: Profile,
    limit: CpuLimit,
) -> Result<ProcessedImage> {
    let stripped = Step::Clean.span().in_scope(|| original::strip(upload, header))?;
    let colour = Colour::new(header::colours(&stripped, header.format()), header.model, limit)?;
    let plan = plan(header.displayed(), specs, profile);
    let (whole, shrunk) = Step::Decode.span().in_scope(|| pixels(&stripped, header, &plan, &colour, profile, limit))?;
    let original = Step::Clean.span().in_scope(|| original::finish(upload, stripped, header))?;
    let mut studio =
        Studio { whole, shrunk, header, original: &original, was_srgb: was_srgb(&colour, header), profile, last: None };
    let variant = |spec| {
        limit.check()?;
        studio.render(spec)
    };
    let variants = specs.as_slice().iter().map(variant).collect::<Result<_>>()?;
    Ok(ProcessedImage {
        format: header.format(),
        dimensions: header.displayed(),
        color_profile: colour.description,
        variants,
        original,
    })
}

/// Whether the upload's own coded picture is what a variant must be: sRGB without conversion.
fn was_srgb(colour: &Colour, header: &Header) -> bool {
    colour.is_srgb() && header.model != header::Model::Cmyk
}

type Pixels = (Option<Rc<Raster<u8>>>, Vec<Linear>);

/// Decodes once; what the plan asks for, upright and in sRGB.
fn pixels(
    stripped: &Bytes,
    header: &Header,
    plan: &Plan,
    colour: &Colour,
    profile: Profile,
    limit: CpuLimit,
) -> Result<Pixels> {
    let coded: Vec<_> = plan.shrunk.iter().map(|&size| header.orientation.display(size)).collect();
    let goal = if plan.whole || coded.is_empty() { Goal::Whole } else { Goal::Shrunk(&coded) };
    match decode(stripped, header, goal, colour, profile, limit)? {
        Decoded::Shrunk(shrunk) => {
            let upright = |light: Linear| in_srgb(Linear(header.orientation.turn(light.0)), colour, header, limit);
            Ok((None, shrunk.into_iter().map(upright).collect::<Result<_>>()?))
        }
        Decoded::Eight(raster) => {
            let mut raster = header.orientation.turn(raster);
            if header.model != header::Model::Cmyk {
                colour.convert(&mut raster, limit)?;
            }
            let shrunk = shrunk(&raster, Rows::Eight(&raster.samples), &plan.shrunk)?;
            Ok((Some(Rc::new(raster)), shrunk))
        }
        Decoded::Sixteen(raster) => {
            let mut raster = header.orientation.turn(raster);
            colour.convert(&mut raster, limit)?;
            let shrunk = shrunk(&raster, Rows::Sixteen(&raster.samples), &plan.shrunk)?;
            let samples = raster.samples.iter().map(|&sample| to_8(sample)).collect();
            Ok((Some(Rc::new(Raster { size: raster.size, channels: raster.channels, samples })), shrunk))
        }
    }
}

/// Inks became sRGB while they were decoded; everything else still has the profile's colours.
fn in_srgb(light: Linear, colour: &Colour, header: &Header, limit: CpuLimit) -> Result<Linear> {
    if colour.is_srgb() || header.model == header::Model::Cmyk {
        return Ok(light);
    }
    let mut coded = light.into_coded_16();
    colour.convert(&mut coded, limit)?;
    Ok(Linear::from_coded_16(coded))
}

fn shrunk<T: Copy + Default>(raster: &Raster<T>, rows: Rows<'_>, targets: &[Dimensions]) -> Result<Vec<Linear>> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let mut shrinker = Shrinker::new(raster.size, targets, raster.channels);
    shrinker.push(rows)?;
    shrinker.finish()
}
