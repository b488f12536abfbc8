//! When an entry whose objects could not be deleted is tried again.

use crate::image::ImageId;
use chrono::TimeDelta;

/// After the first failure.
const FIRST: TimeDelta = TimeDelta::minutes(1);
/// However often it has failed.
const LONGEST: TimeDelta = TimeDelta::hours(6);

/// How long to wait after so many failed attempts, at least 1: twice as long each time, between half and the whole
/// of that, so that what failed together is not tried together.
///
/// The jitter follows from the image's id, which is random enough, so that nothing here throws dice.
pub(super) fn delay(image: ImageId, attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = (FIRST * (1 << doublings)).min(LONGEST);
    let (high, low) = image.as_uuid().as_u64_pair();
    // Fibonacci hashing: neighbouring ids and attempts end up far apart.
    let mixed = (high ^ low).wrapping_add(u64::from(attempts)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let thousandths = i32::try_from(mixed >> 33).map_or(0, |number| number % 1000);
    whole / 2 + whole / 2 * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn image(number: u128) -> ImageId {
        ImageId::new(Uuid::from_u128(number))
    }

    #[test]
    fn it_doubles_from_a_minute_to_six_hours_and_never_beyond() {
        for attempts in [1, 2, 3, 4, 9, 10, 17, 18, 1000, u32::MAX] {
            let whole = (FIRST * (1 << attempts.saturating_sub(1).min(16))).min(LONGEST);
            for number in 0..500 {
                let delay = delay(image(number), attempts);
                assert!(whole / 2 <= delay && delay < whole, "{attempts} {number}: {delay}");
            }
        }
    }

    #[test]
    fn what_failed_together_is_not_tried_together() {
        let delays: BTreeSet<_> = (0..100).map(|number| delay(image(number), 3)).collect();
        assert!(delays.len() > 80, "{}", delays.len());
    }
}
