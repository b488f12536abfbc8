//! From light beyond white to what a screen without it can show.
//!
//! Owns the tone mapping; refuses transfers and primaries. It is the one that SMPTE ST 2094-50 calls the reference
//! white's, and Chromium shows pictures without a gain map by it: of a picture whose brightest light is 1000 nits or
//! more, white (203 nits) becomes half of the light of a screen's white, darker light in proportion, and what is
//! brighter gets the other half, on a curve that ends flat at the brightest. A picture that is less bright leaves
//! white more, and one without anything brighter than white is left as it is.
//! The surprising rule: all three channels get the gain of the greatest, so that no hue turns.

use super::transfer::WHITE_NITS;

/// The brightest light of a picture that does not say it.
pub(crate) const USUAL_PEAK_NITS: f64 = 1000.0;

/// How far the middle of the curve is from white to where both its ends' slopes meet.
const BEND: f64 = 0.65;

/// A mapping of light, of which 1 is white.
#[derive(Debug, Clone)]
pub(super) struct Tone {
    /// The brightest light.
    peak: f32,
    /// What white becomes; the slope below it, too.
    white: f32,
    /// The point that draws the curve: light, and what becomes of it.
    middle: [f32; 2],
}

impl Tone {
    /// For a picture whose brightest light is this; beyond what can be coded, it is what can be.
    #[expect(clippy::cast_possible_truncation, reason = "a float of half the size is exact enough for 16 bits")]
    pub(super) fn new(peak_nits: f64) -> Self {
        let peak = peak_nits.clamp(WHITE_NITS, 10_000.0) / WHITE_NITS;
        let headroom = peak.log2() / (USUAL_PEAK_NITS / WHITE_NITS).log2();
        let white = 1.0 - 0.5 * headroom.min(1.0);
        let middle = [1.0 - BEND + BEND / white, (1.0 - BEND) * white + BEND].map(|value| value as f32);
        Self { peak: peak as f32, white: white as f32, middle }
    }

    /// What becomes of red, green and blue light.
    pub(super) fn mapped(&self, light: [f32; 3]) -> [f32; 3] {
        let greatest = light.into_iter().fold(0.0, f32::max);
        let gain = if greatest <= 1.0 { self.white } else { self.curve(greatest.min(self.peak)) / greatest };
        light.map(|light| light * gain)
    }

    /// A quadratic Bezier curve from white to the brightest.
    fn curve(&self, light: f32) -> f32 {
        let [middle, mapped] = self.middle;
        let (square, slope) = (1.0 - 2.0 * middle + self.peak, 2.0 * (middle - 1.0));
        // The root of square t² + slope t + 1 = light, written so that nothing small is divided by.
        let root = (slope * slope + 4.0 * square * (light - 1.0)).max(0.0).sqrt();
        let along = if slope + root > 0.0 { (2.0 * (light - 1.0) / (slope + root)).min(1.0) } else { 1.0 };
        let left = 1.0 - along;
        left * left * self.white + 2.0 * left * along * mapped + along * along
    }
}
