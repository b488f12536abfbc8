//! From a sample to light.
//!
//! Owns the curves (ITU-T H.273, table 3; ITU-R BT.2100-3; SMPTE ST 428-1, SMPTE 240M); refuses primaries.
//! The surprising rule: 1 is white, and of the two curves that go beyond it, white is the 203 nits of ITU-R BT.2408.

/// Nits of white (ITU-R BT.2408, table 1).
pub(super) const WHITE_NITS: f64 = 203.0;

/// The nits at which HLG is shown, for the greatest sample (ITU-R BT.2100-3, table 5).
const HLG_NITS: f64 = 1000.0;

/// What light a sample means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Transfer {
    /// A sample to this power.
    Power(f64),
    /// IEC 61966-2-1.
    Srgb,
    /// SMPTE 240M.
    Smpte240,
    /// SMPTE ST 428-1, for cinemas.
    Smpte428,
    /// The perceptual quantiser of ITU-R BT.2100, which codes nits.
    Pq,
    /// The hybrid log-gamma of ITU-R BT.2100. Its light is that of the scene, see [`hlg_shown`].
    Hlg,
}

impl Transfer {
    /// Of this code (H.273, table 3). `None` for codes that mean nothing, and for the logarithmic and extended
    /// ones, which browsers do not know either.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Some(match code {
            // Television is looked at through ITU-R BT.1886, not through the inverse of what cameras do.
            1 | 6 | 11 | 14 | 15 => Self::Power(2.4),
            4 => Self::Power(2.2),
            5 => Self::Power(2.8),
            7 => Self::Smpte240,
            8 => Self::Power(1.0),
            13 => Self::Srgb,
            16 => Self::Pq,
            17 => Self::Smpte428,
            18 => Self::Hlg,
            _ => return None,
        })
    }

    /// The light of a sample that is this part of the greatest.
    #[expect(clippy::cast_possible_truncation, reason = "a float of half the size is exact enough for 16 bits")]
    pub(super) fn light(self, code: f64) -> f32 {
        let light = match self {
            Self::Power(power) => code.powf(power),
            Self::Srgb if code <= 0.04045 => code / 12.92,
            Self::Srgb => ((code + 0.055) / 1.055).powf(2.4),
            Self::Smpte240 if code < 0.0912 => code / 4.0,
            Self::Smpte240 => ((code + 0.1115) / 1.1115).powf(1.0 / 0.45),
            Self::Smpte428 => 52.37 / 48.0 * code.powf(2.6),
            Self::Pq => pq_nits(code) / WHITE_NITS,
            Self::Hlg => hlg_scene(code),
        };
        light as f32
    }
}

/// BT.2100-3, table 4: the electro-optical transfer function.
fn pq_nits(code: f64) -> f64 {
    let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0);
    let root = code.powf(1.0 / m2);
    ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1) * 10_000.0
}

/// BT.2100-3, table 5: the inverse of the opto-electronic transfer function.
fn hlg_scene(code: f64) -> f64 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_73);
    if code <= 0.5 { code * code / 3.0 } else { (((code - c) / a).exp() + b) / 12.0 }
}

/// BT.2100-3, table 5: the opto-optical transfer function, from the scene's light in its primaries to what is shown
/// at [`HLG_NITS`].
#[expect(clippy::cast_possible_truncation, reason = "a constant")]
pub(super) fn hlg_shown(scene: [f32; 3]) -> [f32; 3] {
    let [red, green, blue] = scene;
    let luminance = (0.2627 * red + 0.6780 * green + 0.0593 * blue).max(0.0);
    let gain = luminance.powf(0.2) * (HLG_NITS / WHITE_NITS) as f32;
    scene.map(|light| light * gain)
}
