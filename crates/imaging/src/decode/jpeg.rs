//! JPEG to pixels, by libjpeg-turbo.
//!
//! Owns which of its complaints are fatal, and inks; refuses arithmetic and lossless codings before it
//! is asked. The surprising rule: the codec fills what is missing with grey and calls that a warning;
//! here it is an error, but complaints that leave every pixel as it was meant are not.

mod rows;

use super::{Decoded, Goal, Sink};
use crate::colour::Colour;
use crate::failure::{Result, corrupt};
use crate::geometry::Eighths;
use crate::header::{Header, Model};
use crate::jpeg::segments::{Piece, SOS, pieces};
use crate::limit::CpuLimit;
use crate::raster::Rows;
use crate::settings::Profile;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;
use rows::{JpegRows, Request};

/// A progressive JPEG may have this many scans; encoders make 6 to 20.
const MAX_SCANS: i32 = 128;

/// Scans times pixels that one picture may cost: forty scans of 25 megapixels.
const MAX_SCANNED_PIXELS: u64 = 1_000_000_000;

/// Decodes a JPEG.
///
/// # Errors
/// `Corrupt`, and `TooCostly` for more scans than a picture may have and for more time than it may take.
pub(super) fn decode(
    data: &[u8],
    header: &Header,
    goal: Goal<'_>,
    colour: &Colour,
    profile: Profile,
    limit: CpuLimit,
) -> Result<Decoded> {
    check_scans(data, header)?;
    let channels = match header.model {
        Model::Gray | Model::GrayAlpha => 1,
        Model::Rgb | Model::Rgba => 3,
        Model::Cmyk => 4,
    };
    let request = Request { channels, eighths: eighths(header.coded, goal, profile).count(), max_scans: MAX_SCANS };
    let mut codec = JpegRows::open(data, request, limit)?;
    if codec.coded != (header.coded.width(), header.coded.height()) {
        return Err(corrupt("its headers contradict each other"));
    }
    let size = Dimensions::new(codec.size.0, codec.size.1).ok_or_else(|| corrupt("its width or height is zero"))?;
    let mut sink = Sink::new(size, header.model.channels(), false, goal);
    let row = size.width() as usize * channels;
    let mut samples = vec![0; row * sink.rows_at_a_time()];
    let mut inks = (header.model == Model::Cmyk).then(|| (colour.inks(), vec![0; samples.len() / 4 * 3]));
    loop {
        let count = codec.read(&mut samples)?;
        if count == 0 {
            break;
        }
        let samples = &samples[..count * row];
        if let Some((inks, rgb)) = &mut inks {
            let rgb = &mut rgb[..samples.len() / 4 * 3];
            inks.convert(samples, rgb);
            sink.push(Rows::Eight(rgb))?;
        } else {
            sink.push(Rows::Eight(samples))?;
        }
    }
    codec.finish()?;
    sink.finish()
}

/// Empty scans cost bytes by the dozen and time by the picture.
fn check_scans(data: &[u8], header: &Header) -> Result<()> {
    let scans = pieces(data).map_while(Result::ok).filter(|piece| matches!(piece, Piece::Segment { marker: SOS, .. }));
    let scans = u64::try_from(scans.count()).unwrap_or(u64::MAX);
    if scans > u64::from(MAX_SCANS.unsigned_abs()) || scans.saturating_mul(header.coded.pixels()) > MAX_SCANNED_PIXELS {
        return Err(ProcessError::TooCostly(format!("it is coded in {scans} scans")));
    }
    Ok(())
}

/// In the fast profile the codec halves while it decodes.
fn eighths(coded: Dimensions, goal: Goal<'_>, profile: Profile) -> Eighths {
    match (goal, profile) {
        (Goal::Shrunk(&[target, ..]), Profile::Fast) => Eighths::covering(coded, target),
        _ => Eighths::ALL,
    }
}
