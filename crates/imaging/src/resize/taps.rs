//! The Lanczos filter's weights for one axis.
//!
//! Owns the filter (C. E. Duchon, 1979, three lobes); refuses to know samples.
//! The surprising rule: weights are normed for every place by itself, so that a flat area stays flat up
//! to the edges, where the filter has less to see.

/// Lobes a side.
const LOBES: f64 = 3.0;

/// What one place of the target is made of.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    /// The first place of the source.
    pub(super) first: usize,
    /// A weight for it and each that follows; together 1.
    pub(super) weights: Vec<f32>,
}

impl Taps {
    /// One past the last place of the source.
    pub(super) fn end(&self) -> usize {
        self.first + self.weights.len()
    }
}

/// The taps of each of `target` places over `source` places, which are no fewer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places are far below what a float holds exactly; both ends are cut to the source"
)]
pub(super) fn taps(source: u32, target: u32) -> Vec<Taps> {
    let scale = f64::from(source) / f64::from(target);
    let stretch = scale.max(1.0);
    let reach = LOBES * stretch;
    let taps = |place: u32| {
        let centre = (f64::from(place) + 0.5) * scale;
        let first = (centre - reach).floor().max(0.0) as usize;
        let end = ((centre + reach).ceil() as usize).min(source as usize).max(first + 1);
        let weight = |at: usize| lanczos((at as f64 + 0.5 - centre) / stretch);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Taps { first, weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
    };
    (0..target).map(taps).collect()
}

fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    if x.abs() >= LOBES {
        return 0.0;
    }
    let (narrow, wide) = (std::f64::consts::PI * x, std::f64::consts::PI * x / LOBES);
    narrow.sin() / narrow * wide.sin() / wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_one_together_and_symmetrical() {
        for (source, target) in [(5000, 1200), (1201, 1200), (7, 7), (16, 1), (300, 299)] {
            let all = taps(source, target);
            assert_eq!(all.len(), target as usize);
            for (place, mirrored) in all.iter().zip(all.iter().rev()) {
                assert!(place.end() <= source as usize);
                assert!((place.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                for (weight, other) in place.weights.iter().zip(mirrored.weights.iter().rev()) {
                    assert!((weight - other).abs() < 1e-5, "{source} to {target}");
                }
            }
        }
    }

    #[test]
    fn a_picture_of_the_same_size_is_itself() {
        for (place, taps) in taps(9, 9).iter().enumerate() {
            for (at, &weight) in (taps.first..).zip(&taps.weights) {
                assert!((weight - if at == place { 1.0 } else { 0.0 }).abs() < 1e-6);
            }
        }
    }
}
