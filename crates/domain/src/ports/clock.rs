//! The time of day.

use chrono::{DateTime, Utc};

/// Tells the time.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC, cut to whole microseconds (what both databases keep).
    fn now(&self) -> DateTime<Utc>;
}
