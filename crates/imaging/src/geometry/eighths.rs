//! How much of a JPEG the codec makes while it decodes, in the fast profile.
//!
//! Owns the margin that is left for shrinking; refuses to know the codec.
//! The surprising rule: only 1, 2, 4 and 8 eighths are quick; the others cost more than they save.

use packshot_domain::image::Dimensions;

/// A part of each side, in eighths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Eighths(u32);

impl Eighths {
    /// All of it.
    pub(crate) const ALL: Self = Self(8);

    /// The least of a picture of size `coded` in which 1.3 times `target` is left: with less, what is shrunk of it
    /// scores lower than what others make.
    #[inline]
    pub(crate) fn covering(coded: Dimensions, target: Dimensions) -> Self {
        let enough = |part: &Self| {
            let left = |side: u32, target: u32| part.of(side) * 10 >= u64::from(target) * 13;
            left(coded.width(), target.width()) && left(coded.height(), target.height())
        };
        [Self(1), Self(2), Self(4)].into_iter().find(enough).unwrap_or(Self::ALL)
    }

    /// How many there are, 1 to 8.
    pub(crate) fn count(self) -> u32 {
        self.0
    }

    /// What the codec makes of a side: what is begun, is made.
    #[inline]
    pub(crate) fn of(self, side: u32) -> u64 {
        (u64::from(side) * u64::from(self.0)).div_ceil(8)
    }
}
