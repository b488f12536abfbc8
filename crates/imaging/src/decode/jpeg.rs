//! JPEG to pixels, by libjpeg-turbo.
//!
//! Owns which of its complaints are fatal, and inks; refuses arithmetic and lossless codings before it
//! is asked. The surprising rule: the codec fills what is missing with grey and calls that a warning;
//! here it is an error, but complaints that leave every pixel as it was meant are not.

use super::{Decoded, Goal, Sink};
use crate::colour::Colour;
use crate::failure::{Result, corrupt, internal};
use crate::header::{Header, Model};
use crate::jpeg::segments::{Piece, SOS, pieces};
use crate::raster::Rows;
use crate::settings::Profile;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;
use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

/// A progressive JPEG may have this many scans; encoders make 6 to 20.
const MAX_SCANS: u32 = 128;

/// Scans times pixels that one picture may cost: forty scans of 25 megapixels.
const MAX_SCANNED_PIXELS: u64 = 1_000_000_000;

/// Warnings after which the pixels are as they were meant (libjpeg-turbo, `jerror.h`).
const HARMLESS: [&str; 5] = [
    "extraneous bytes before marker",
    "Inconsistent progression sequence",
    "unknown JFIF revision",
    "Unknown Adobe color transform code",
    "Invalid SOS parameters for sequential JPEG",
];

/// Decodes a JPEG.
///
/// # Errors
/// `Corrupt`, and `TooCostly` for more scans than a picture may have.
pub(super) fn decode(data: &[u8], header: &Header, goal: Goal, colour: &Colour, profile: Profile) -> Result<Decoded> {
    check_scans(data, header)?;
    let mut codec = Decompressor::new().map_err(internal)?;
    codec.set_scan_limit(MAX_SCANS).map_err(internal)?;
    let claimed = codec.read_header(data).map_err(judge)?;
    if (claimed.width, claimed.height) != (header.coded.width() as usize, header.coded.height() as usize) {
        return Err(corrupt("its headers contradict each other"));
    }
    let factor = scaling(header.coded, goal, profile);
    codec.set_scaling_factor(factor).map_err(internal)?;
    let (width, height) = (factor.scale(claimed.width), factor.scale(claimed.height));
    let format = match header.model {
        Model::Gray | Model::GrayAlpha => PixelFormat::GRAY,
        Model::Rgb | Model::Rgba => PixelFormat::RGB,
        Model::Cmyk => PixelFormat::CMYK,
    };
    let pitch = width * format.size();
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: pixels.as_mut_slice(), width, pitch, height, format };
    if let Err(error) = codec.decompress(data, image)
        && !is_harmless(&error)
    {
        return Err(judge(error));
    }
    let size = dimensions(width, height)?;
    let mut sink = Sink::new(size, header.model.channels(), false, goal);
    if header.model == Model::Cmyk {
        let mut inks = colour.inks();
        let mut rgb = vec![0; width * 3 * sink.rows_at_a_time()];
        for paper in pixels.chunks(pitch * sink.rows_at_a_time()) {
            let rgb = &mut rgb[..paper.len() / 4 * 3];
            inks.convert(paper, rgb);
            sink.push(Rows::Eight(rgb))?;
        }
    } else {
        sink.push_all(pixels)?;
    }
    sink.finish()
}

/// Empty scans cost bytes by the dozen and time by the picture.
fn check_scans(data: &[u8], header: &Header) -> Result<()> {
    let scans = pieces(data).map_while(Result::ok).filter(|piece| matches!(piece, Piece::Segment { marker: SOS, .. }));
    let scans = u64::try_from(scans.count()).unwrap_or(u64::MAX);
    if scans > MAX_SCANS.into() || scans.saturating_mul(header.coded.pixels()) > MAX_SCANNED_PIXELS {
        return Err(ProcessError::TooCostly(format!("it is coded in {scans} scans")));
    }
    Ok(())
}

/// In the fast profile the codec halves while it decodes, as long as 1.5 times the target is left.
fn scaling(coded: Dimensions, goal: Goal, profile: Profile) -> ScalingFactor {
    let (Goal::Shrunk(target), Profile::Fast) = (goal, profile) else { return ScalingFactor::ONE };
    let enough = |factor: ScalingFactor| {
        factor.scale(coded.width() as usize) * 2 >= target.width() as usize * 3
            && factor.scale(coded.height() as usize) * 2 >= target.height() as usize * 3
    };
    [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF]
        .into_iter()
        .find(|&factor| enough(factor))
        .unwrap_or(ScalingFactor::ONE)
}

fn dimensions(width: usize, height: usize) -> Result<Dimensions> {
    let side = |length| u32::try_from(length).map_err(internal);
    Dimensions::new(side(width)?, side(height)?).ok_or_else(|| internal("the decoder made no pixels"))
}

fn is_harmless(error: &turbojpeg::Error) -> bool {
    matches!(error, turbojpeg::Error::TurboJpegError(text) if HARMLESS.iter().any(|known| text.contains(known)))
}

fn judge(error: turbojpeg::Error) -> ProcessError {
    match error {
        turbojpeg::Error::TurboJpegError(text) if text.contains("more than") && text.contains("scans") => {
            ProcessError::TooCostly("it is coded in too many scans".to_owned())
        }
        turbojpeg::Error::TurboJpegError(text) if text.contains("emory") => internal(text),
        turbojpeg::Error::TurboJpegError(_) => corrupt("its JPEG data is damaged or ends early"),
        other => internal(other),
    }
}
