//! Colours told by numbers instead of a profile: code points (ITU-T H.273), or a gamma and chromaticities.
//!
//! Owns the way from such samples to sRGB; refuses to know in what chunk the numbers stood.
//! The surprising rule: where the standards leave a choice, it is the browsers' (measured with Chromium 156): what is
//! coded for television is shown with a gamma of 2.4, and codes that are not known here say nothing.

mod primaries;
mod tone;
mod transfer;

pub(crate) use primaries::Primaries;
pub(crate) use tone::USUAL_PEAK_NITS;
pub(crate) use transfer::Transfer;

use crate::linear;
use primaries::{Matrix, times};
use tone::Tone;

/// What samples mean.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    transfer: Transfer,
    to_srgb: Matrix,
    /// Of more than white.
    high: Option<High>,
}

/// What is brighter than white is brought into the range in the primaries of BT.2100.
#[derive(Debug, Clone)]
struct High {
    to_bt2020: Matrix,
    bt2020_to_srgb: Matrix,
    tone: Tone,
}

impl Coded {
    /// Samples of this transfer and these primaries, the brightest of which is `peak_nits` where the transfer goes
    /// beyond white. `None` for chromaticities that are none.
    pub(crate) fn new(transfer: Transfer, primaries: &Primaries, peak_nits: f64) -> Option<Self> {
        let to_srgb = primaries.to(&Primaries::SRGB)?;
        let high = match transfer {
            Transfer::Pq | Transfer::Hlg => Some(High {
                to_bt2020: primaries.to(&Primaries::BT2020)?,
                bt2020_to_srgb: Primaries::BT2020.to(&Primaries::SRGB)?,
                tone: Tone::new(peak_nits),
            }),
            _ => None,
        };
        Some(Self { transfer, to_srgb, high })
    }

    /// The light of a sample that is this part of the greatest; see [`srgb`](Self::srgb).
    pub(crate) fn light(&self, code: f64) -> f32 {
        self.transfer.light(code)
    }

    /// Red, green and blue light as coded sRGB samples of 16 bits.
    pub(crate) fn srgb(&self, light: [f32; 3]) -> [u16; 3] {
        let shown = match &self.high {
            None => times(&self.to_srgb, light),
            Some(high) => {
                let light = times(&high.to_bt2020, light);
                let light = if self.transfer == Transfer::Hlg { transfer::hlg_shown(light) } else { light };
                times(&high.bt2020_to_srgb, high.tone.mapped(light))
            }
        };
        shown.map(linear::coded_16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Chromium 156 shows of PNGs with a cICP chunk, 8-bit samples, on an sRGB screen.
    #[rustfmt::skip]
    const SHOWN: &[(u8, u8, [u8; 3], [u8; 3])] = &[
        // Transfers, of grey.
        (1, 1, [64; 3], [54; 3]), (1, 6, [160; 3], [155; 3]), (1, 14, [224; 3], [222; 3]), (1, 15, [16; 3], [4; 3]),
        (1, 4, [32; 3], [26; 3]), (1, 5, [96; 3], [72; 3]), (1, 7, [64; 3], [81; 3]), (1, 8, [128; 3], [188; 3]),
        (1, 11, [128; 3], [121; 3]), (1, 13, [77; 3], [77; 3]), (1, 17, [240; 3], [247; 3]),
        // Primaries.
        (4, 13, [0, 255, 0], [0, 250, 0]), (5, 13, [153, 102, 51], [155, 102, 52]), (6, 13, [255, 0, 0], [248, 36, 0]),
        (7, 13, [0, 0, 255], [26, 35, 255]), (8, 13, [153, 102, 51], [166, 99, 40]), (9, 13, [153, 102, 51], [179, 93, 36]),
        (10, 13, [255, 0, 0], [255, 0, 71]), (11, 13, [153, 102, 51], [159, 99, 39]), (12, 13, [153, 102, 51], [162, 99, 38]),
        (22, 13, [0, 0, 255], [4, 51, 255]),
        // High dynamic range: grey, colours, other primaries.
        (9, 16, [64; 3], [30; 3]), (9, 16, [96; 3], [70; 3]), (9, 16, [128; 3], [132; 3]), (9, 16, [148; 3], [187; 3]),
        (9, 16, [160; 3], [213; 3]), (9, 16, [192; 3], [255; 3]), (9, 16, [153, 102, 51], [245, 33, 0]),
        (9, 18, [64; 3], [43; 3]), (9, 18, [128; 3], [99; 3]), (9, 18, [192; 3], [189; 3]), (9, 18, [224; 3], [228; 3]),
        (9, 18, [255; 3], [255; 3]), (9, 18, [153, 102, 51], [140, 72, 26]),
    ];

    fn shown(coded: &Coded, samples: [u8; 3]) -> [u8; 3] {
        let light = samples.map(|sample| coded.light(f64::from(sample) / 255.0));
        coded.srgb(light).map(linear::to_8)
    }

    #[test]
    fn colours_are_those_that_a_browser_shows() {
        for &(primaries, transfer, samples, expected) in SHOWN {
            let transfer_of = Transfer::of_code(transfer).unwrap();
            let coded = Coded::new(transfer_of, &Primaries::of_code(primaries).unwrap(), USUAL_PEAK_NITS).unwrap();
            let made = shown(&coded, samples);
            let near = made.iter().zip(expected).all(|(made, expected)| made.abs_diff(expected) <= 1);
            assert!(near, "{primaries}, {transfer}: {samples:?} is {made:?}, not {expected:?}");
        }
    }

    /// As above, with a cLLI chunk.
    #[test]
    fn a_stated_peak_is_what_white_is_left_room_for() {
        for (peak_nits, sample, expected) in
            [(150.0, 128, 181), (150.0, 148, 255), (400.0, 148, 229), (600.0, 160, 236), (4000.0, 192, 226)]
        {
            let coded = Coded::new(Transfer::Pq, &Primaries::BT2020, peak_nits).unwrap();
            let [red, green, blue] = shown(&coded, [sample; 3]);
            assert!((red, red) == (green, blue) && red.abs_diff(expected) <= 2, "{peak_nits}, {sample}: {red}");
        }
    }

    #[test]
    fn grey_stays_grey_and_grows() {
        for transfer in (0..=255).filter_map(Transfer::of_code) {
            for primaries in (0..=255).filter_map(Primaries::of_code) {
                for peak_nits in [100.0, USUAL_PEAK_NITS, 10_000.0] {
                    let coded = Coded::new(transfer, &primaries, peak_nits).unwrap();
                    let mut last = 0;
                    for sample in 0..=255 {
                        let [red, green, blue] = shown(&coded, [sample; 3]);
                        let even = red.abs_diff(green) <= 1 && green.abs_diff(blue) <= 1;
                        assert!(even && green >= last, "{transfer:?}, {primaries:?}, {peak_nits}: {sample}");
                        last = green;
                    }
                    assert!(last >= 254 || transfer == Transfer::Hlg, "{transfer:?}, {primaries:?}, {peak_nits}");
                }
            }
        }
    }
}
