//! Random choices that can be made again: a test prints its seed, and a variable sets it.
//!
//! Owns one small generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>); refuses to be good enough
//! for secrets.

use std::ops::Range;

/// Names the seed of every test that throws dice.
const VARIABLE: &str = "PACKSHOT_TEST_SEED";

/// A sequence of choices.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The sequence of the seed that `PACKSHOT_TEST_SEED` holds, else of another one each time; prints it, so
    /// that a failing test shows it.
    ///
    /// # Panics
    /// When the variable holds no number.
    #[must_use]
    pub fn new() -> Self {
        let seed = match std::env::var(VARIABLE) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is no number: {text}")),
            Err(_) => std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_micros() as u64),
        };
        eprintln!("{VARIABLE}={seed}");
        Self { state: seed }
    }

    /// Another sequence, for another thread; it follows from this one's.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self { state: self.bits() }
    }

    /// A number of this range.
    ///
    /// # Panics
    /// When the range is empty.
    #[must_use]
    pub fn pick(&mut self, range: Range<u64>) -> u64 {
        assert!(!range.is_empty(), "nothing to pick from");
        range.start + self.bits() % (range.end - range.start)
    }

    /// One of these; `None` when there are none.
    #[must_use]
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.pick(0..all.len() as u64) as usize) }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let choices = |seed| {
            let mut dice = Dice { state: seed };
            let mut other = dice.split();
            (0..20).map(|_| dice.pick(0..6) * 6 + other.pick(0..6)).collect::<Vec<u64>>()
        };
        assert_eq!(choices(7), choices(7));
        assert_ne!(choices(7), choices(8));
    }

    #[test]
    fn every_side_comes_up() {
        let mut dice = Dice { state: 1 };
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[dice.pick(0..6) as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
        assert_eq!(dice.one_of::<u8>(&[]), None);
    }
}
