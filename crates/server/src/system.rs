//! The smallest adapters: the system's clock, set by the database's where the two are far apart, its timer and its
//! random numbers.

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use packshot_domain::image::{FileToken, ImageId};
use packshot_domain::ports::clock::{Clock, Timer};
use packshot_domain::ports::idempotency::Lease;
use packshot_domain::ports::identifiers::Identifiers;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// The system's clock, or the database's where the two are far apart; clones are set together.
#[derive(Debug, Clone, Default)]
pub struct SystemClock {
    /// What the database's clock is ahead, in microseconds; 0 where the two agree.
    ahead_microseconds: Arc<AtomicI64>,
}

impl SystemClock {
    /// Clocks that are less apart agree: requests and their answers take some time themselves.
    const TOLERANCE: TimeDelta = TimeDelta::seconds(60);

    /// Compares this clock with the database's, which said `theirs` between the moments `before` and `after` of
    /// the system's own; from now on this clock shows the database's time where the two are more than a minute apart,
    /// and says so. Leases, limits and expiries of several instances are compared by that one clock.
    pub fn compare(&self, before: DateTime<Utc>, theirs: DateTime<Utc>, after: DateTime<Utc>) {
        let ahead = theirs - (before + (after - before) / 2);
        let is_far = ahead.abs() > Self::TOLERANCE;
        let ahead_microseconds = if is_far { ahead.num_microseconds().unwrap_or(0) } else { 0 };
        let was = self.ahead_microseconds.swap(ahead_microseconds, Ordering::Relaxed);
        let ahead_seconds = ahead.num_seconds();
        match (was != 0, is_far) {
            (false, true) => tracing::warn!(
                ahead_seconds,
                "this machine's clock is not the database's: the database's counts; set the clock"
            ),
            (true, false) => tracing::info!("this machine's clock agrees with the database's again"),
            (true, true) | (false, false) => {}
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::microseconds(self.ahead_microseconds.load(Ordering::Relaxed));
        (Utc::now() + ahead).trunc_subsecs(6)
    }
}

/// The system's timer.
#[derive(Debug, Clone, Copy)]
pub struct SystemTimer;

#[async_trait]
impl Timer for SystemTimer {
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The system's random numbers.
#[derive(Debug, Clone, Copy)]
pub struct RandomIdentifiers;

impl Identifiers for RandomIdentifiers {
    fn image_id(&self) -> ImageId {
        ImageId::new(Uuid::now_v7())
    }

    fn file_token(&self) -> FileToken {
        FileToken::from_bits(rand::random())
    }

    fn lease(&self) -> Lease {
        Lease(Uuid::from_u128(rand::random()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the clock shows beside the system's own after it was told that the database's is so far ahead.
    fn ahead_after(clock: &SystemClock, ahead: TimeDelta) -> TimeDelta {
        let (before, after) = (Utc::now(), Utc::now() + TimeDelta::milliseconds(20));
        clock.compare(before, before + ahead, after);
        clock.now() - Utc::now()
    }

    fn is_about(found: TimeDelta, expected: TimeDelta) -> bool {
        (found - expected).abs() < TimeDelta::seconds(10)
    }

    #[test]
    fn the_databases_clock_counts_where_the_two_are_far_apart() {
        let clock = SystemClock::default();
        for hours in [-30_000, -1, 1, 30_000] {
            let ahead = TimeDelta::hours(hours);
            assert!(is_about(ahead_after(&clock, ahead), ahead), "{hours}");
        }
        let clone = clock.clone();
        for seconds in [-59, 0, 59] {
            assert!(is_about(ahead_after(&clock, TimeDelta::seconds(seconds)), TimeDelta::zero()), "{seconds}");
        }
        assert!(is_about(clone.now() - Utc::now(), TimeDelta::zero()));
    }
}
