//! A JPEG without what is not its picture.
//!
//! Owns which segments stay: those that decoding needs, JFIF without a thumbnail, the ICC profile and
//! Adobe's colour transform; and writing the end, where that alone is missing. Refuses to change a byte of what
//! stays. The surprising rule: everything else goes, known or not (EXIF, XMP, IPTC, comments, further pictures, maker
//! segments, bytes after the end), so a new kind of metadata cannot slip through; nor can text in a segment that
//! stays, since each ends where its definition does.

use super::complete::Scans;
use super::icc;
use super::segments::{APP0, APP1, APP2, APP14, DHT, DNL, DQT, DRI, EOI, Piece, SOI, SOS, is_frame, pieces};
use crate::exif;
use crate::failure::{Result, corrupt};
use crate::orientation::Orientation;
use crate::original::{Keep, profile_bytes};

/// `data` with nothing in it but what [`Keep`] and the decoder ask for.
///
/// # Errors
/// `Corrupt` when the structure is broken, and when the end is missing and with it a part of the picture.
pub(crate) fn clean(data: &[u8], keep: Keep) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() + 40);
    let mut profile = if keep.icc { ProfileSegments::of(data) } else { ProfileSegments::Gone };
    let mut scans = Scans::default();
    let mut orientation = (keep.orientation != Orientation::Upright).then_some(keep.orientation);
    for piece in pieces(data) {
        match piece? {
            Piece::Scan(raw) => out.extend_from_slice(raw),
            Piece::MissingEnd if scans.are_all_there() => out.extend_from_slice(&[0xff, EOI]),
            Piece::MissingEnd => return Err(corrupt("the JPEG data ends early")),
            Piece::Segment { marker: APP0, payload, raw } => {
                if payload.starts_with(b"JFIF\0") {
                    push_jfif(payload, raw, &mut out);
                }
            }
            Piece::Segment { marker: APP14, payload, .. } => push_adobe(payload, &mut out),
            Piece::Segment { marker, payload, raw } => {
                scans.note(marker, payload);
                // A profile stands before the first scan.
                if marker == SOS {
                    profile = ProfileSegments::Gone;
                }
                // EXIF 2.32, 4.5.4: right after SOI; where there is JFIF, that comes first by its own rule.
                if marker != SOI
                    && let Some(stated) = orientation.take()
                {
                    push_exif(stated, &mut out);
                }
                if marker == APP2 && payload.starts_with(icc::PREFIX) {
                    profile.push(raw, &mut out);
                } else if stays(marker, payload) {
                    out.extend_from_slice(raw);
                }
            }
        }
    }
    Ok(out)
}

/// What becomes of the segments of the ICC profile.
enum ProfileSegments {
    Gone,
    /// They stay.
    AsItIs,
    /// They hold more than the profile, so others take the place of the first.
    Anew(Vec<u8>),
}

impl ProfileSegments {
    fn of(data: &[u8]) -> Self {
        let Some(mut profile) = icc::profile(data) else { return Self::Gone };
        match profile_bytes(&profile) {
            None => Self::Gone,
            Some(bytes) if bytes == profile.len() => Self::AsItIs,
            Some(bytes) => {
                profile.truncate(bytes);
                Self::Anew(profile)
            }
        }
    }

    /// Takes the segment `raw`.
    fn push(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Gone => {}
            Self::AsItIs => out.extend_from_slice(raw),
            Self::Anew(profile) => {
                icc::push(profile, out);
                *self = Self::Gone;
            }
        }
    }
}

/// The decoder is strict about the contents of tables and headers; what it passes over is measured here.
fn stays(marker: u8, payload: &[u8]) -> bool {
    match marker {
        SOI | EOI | SOS | DQT | DHT => true,
        DNL | DRI => payload.len() == 2,
        other => is_frame(other),
    }
}

/// JFIF 1.02: version, units and densities are 14 bytes with the identifier; a thumbnail would follow.
fn push_jfif(payload: &[u8], raw: &[u8], out: &mut Vec<u8>) {
    match payload.get(..14) {
        Some(&[.., 0, 0]) if payload.len() == 14 => out.extend_from_slice(raw),
        Some(fields) => {
            out.extend_from_slice(&[0xff, APP0, 0, 16]);
            out.extend_from_slice(&fields[..12]);
            out.extend_from_slice(&[0, 0]);
        }
        // Too short to say anything.
        None => {}
    }
}

/// Adobe's Supporting the DCT Filters in PostScript Level 2, section 18: version, flags and the colour
/// transform are 12 bytes with the identifier.
fn push_adobe(payload: &[u8], out: &mut Vec<u8>) {
    if let Some(fields) = payload.get(..12).filter(|fields| fields.starts_with(b"Adobe")) {
        out.extend_from_slice(&[0xff, APP14, 0, 14]);
        out.extend_from_slice(fields);
    }
}

fn push_exif(orientation: Orientation, out: &mut Vec<u8>) {
    let block = exif::only_orientation(orientation);
    // 2 bytes of length, 6 of prefix, 26 of block.
    out.extend_from_slice(&[0xff, APP1, 0, 34]);
    out.extend_from_slice(exif::PREFIX);
    out.extend_from_slice(&block);
}
