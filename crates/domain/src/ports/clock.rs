//! The time of day.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Tells the time.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC, cut to whole microseconds (what both databases keep).
    fn now(&self) -> DateTime<Utc>;
}

/// Lets time pass.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Timer: Send + Sync {
    /// Returns when `time` has passed, by a clock that nobody sets.
    async fn sleep(&self, time: Duration);
}
