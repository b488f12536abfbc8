//! What a PNG's chunks say that its samples mean (W3C PNG, third edition, sections 4.3 and 11.3.2).
//!
//! Owns which chunk counts: cICP before iCCP before sRGB before gAMA and cHRM. Refuses to convert.
//! The surprising rule: where the standard is silent, browsers are followed (measured with Chromium 156). A chunk that
//! says nothing they know does not hide the next; chromaticities without a gamma say nothing; and a gamma of about
//! 1 / 2.2 without chromaticities is what old programs wrote for sRGB.

use super::chunks::chunks;
use super::icc;
use crate::colour::{Coded, Primaries, Stated, Transfer, USUAL_PEAK_NITS};

/// What gAMA and cHRM count in.
const PARTS: f64 = 100_000.0;

/// What cLLI and mDCV count in, of a nit.
const NITS_PARTS: f64 = 10_000.0;

/// How far the inverse of a gamma may be from 2.2, in parts of it, to mean sRGB.
const GAMMA_TOLERANCE: f64 = 0.05;

/// What the chunks before the image data say.
pub(crate) fn stated(data: &[u8]) -> Stated {
    let said = Said::of(data);
    if let Some(coded) = said.code_points() {
        return coded;
    }
    if let Some(profile) = icc::profile(data) {
        return Stated::Profile(profile);
    }
    // One of the four rendering intents.
    if matches!(said.srgb, Some([0..=3])) {
        return Stated::Nothing;
    }
    said.gamma_and_chromaticities().unwrap_or(Stated::Nothing)
}

/// The contents of the chunks that say something; of a kind, the first.
#[derive(Default)]
struct Said<'a> {
    cicp: Option<&'a [u8]>,
    srgb: Option<&'a [u8]>,
    gamma: Option<&'a [u8]>,
    chromaticities: Option<&'a [u8]>,
    light_level: Option<&'a [u8]>,
    mastering: Option<&'a [u8]>,
}

impl<'a> Said<'a> {
    fn of(data: &'a [u8]) -> Self {
        let mut said = Self::default();
        for chunk in chunks(data).take_while(|chunk| &chunk.kind != b"IDAT") {
            let place = match &chunk.kind {
                b"cICP" => &mut said.cicp,
                b"sRGB" => &mut said.srgb,
                b"gAMA" => &mut said.gamma,
                b"cHRM" => &mut said.chromaticities,
                b"cLLI" => &mut said.light_level,
                b"mDCV" => &mut said.mastering,
                _ => continue,
            };
            if place.is_none() && chunk.is_intact() {
                *place = Some(chunk.data);
            }
        }
        said
    }

    /// Of red, green and blue (matrix 0) in the full range.
    fn code_points(&self) -> Option<Stated> {
        let &[primaries, transfer, 0, 1] = self.cicp? else { return None };
        let coded = Coded::new(Transfer::of_code(transfer)?, &Primaries::of_code(primaries)?, self.peak_nits())?;
        Some(Stated::Coded { coded, name: name(primaries, transfer) })
    }

    /// The brightest pixel; else the brightest that the screen could show on which the picture was made.
    fn peak_nits(&self) -> f64 {
        let nits = |bytes: Option<&[u8]>| {
            let nits = f64::from(u32::from_be_bytes(*bytes?.first_chunk()?)) / NITS_PARTS;
            (nits > 0.0).then_some(nits)
        };
        nits(self.light_level).or_else(|| nits(self.mastering?.get(16..))).unwrap_or(USUAL_PEAK_NITS)
    }

    fn gamma_and_chromaticities(&self) -> Option<Stated> {
        let gamma = f64::from(u32::from_be_bytes(self.gamma?.try_into().ok()?)) / PARTS;
        if gamma == 0.0 {
            return None;
        }
        let power = 1.0 / gamma;
        let primaries = self.chromaticities.and_then(chromaticities);
        if primaries.is_none() && (power / 2.2 - 1.0).abs() < GAMMA_TOLERANCE {
            return None;
        }
        let of = if primaries.is_some() { " with primaries" } else { "" };
        let primaries = primaries.unwrap_or(Primaries::SRGB);
        let coded = Coded::new(Transfer::Power(power), &primaries, USUAL_PEAK_NITS)?;
        Some(Stated::Coded { coded, name: format!("Gamma {power:.2}{of}") })
    }
}

/// White, red, green, blue, x and y of each; `None` where they are none.
fn chromaticities(data: &[u8]) -> Option<Primaries> {
    let (values, []) = data.as_chunks::<4>() else { return None };
    let values: Vec<f64> = values.iter().map(|&bytes| f64::from(u32::from_be_bytes(bytes)) / PARTS).collect();
    let &[white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y] = values.as_slice() else { return None };
    let primaries = Primaries::new([red_x, red_y], [green_x, green_y], [blue_x, blue_y], [white_x, white_y]);
    let all = values.iter().all(|value| *value <= 1.0);
    (all && Coded::new(Transfer::Srgb, &primaries, USUAL_PEAK_NITS).is_some()).then_some(primaries)
}

/// What people call these code points.
fn name(primaries: u8, transfer: u8) -> String {
    let space = match primaries {
        1 => "BT.709",
        4 => "BT.470 M",
        5 => "BT.470 BG",
        6 => "BT.601",
        7 => "SMPTE 240M",
        8 => "Generic film",
        9 => "BT.2020",
        10 => "CIE XYZ",
        11 => "DCI-P3",
        12 => "Display P3",
        _ => "EBU 3213-E",
    };
    let curve = match (primaries, transfer) {
        (9, 16) => return "BT.2100 PQ".to_owned(),
        (9, 18) => return "BT.2100 HLG".to_owned(),
        (12, 13) | (1 | 9, 1 | 6 | 11 | 14 | 15) => return space.to_owned(),
        (1, 13) => return "sRGB".to_owned(),
        (_, 4) => "gamma 2.2",
        (_, 5) => "gamma 2.8",
        (_, 7) => "SMPTE 240M transfer",
        (_, 8) => "linear",
        (_, 13) => "sRGB transfer",
        (_, 16) => "PQ",
        (_, 17) => "SMPTE ST 428 transfer",
        (_, 18) => "HLG",
        _ => "BT.709 transfer",
    };
    format!("{space}, {curve}")
}
