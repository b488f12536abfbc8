//! How large something becomes: a fraction of two whole numbers.
//!
//! Owns comparing and applying it; refuses floats, whose rounding made windows that lay outside their pictures.
//! The surprising rule: nothing overflows, and nothing that there is becomes nothing.

use std::cmp::Ordering;

/// `over / under`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    over: u32,
    under: u32,
}

impl Ratio {
    /// The size that something has.
    pub(super) const ONE: Self = Self { over: 1, under: 1 };

    /// From a length of `side`, which is not zero, to one of `length`.
    #[inline]
    pub(super) fn new(length: u32, side: u32) -> Self {
        Self { over: length, under: side.max(1) }
    }

    /// What becomes of `side`: to the nearest whole number, half a one being one, and at least 1.
    #[inline]
    pub(super) fn of(self, side: u32) -> u32 {
        let (product, under) = (u64::from(side) * u64::from(self.over), u64::from(self.under));
        let (whole, rest) = (product / under, product % under);
        u32::try_from(whole + u64::from(rest * 2 >= under)).unwrap_or(u32::MAX).max(1)
    }
}

impl Ord for Ratio {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let times = |over: u32, under: u32| u64::from(over) * u64::from(under);
        times(self.over, other.under).cmp(&times(other.over, self.under))
    }
}

impl PartialOrd for Ratio {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}
