//! Rate limits, shared by every instance.

use crate::ports::product_repo::RepoError;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

/// Counts and limits.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one use against every quota, or, when one of them is used up, against none.
    /// Exact whatever runs at once, in fixed windows that start at multiples of their length.
    ///
    /// # Errors
    /// [`RateLimitError::Exceeded`] with the longest wait of the quotas that are used up.
    async fn acquire(&self, quotas: &[Quota], now: DateTime<Utc>) -> Result<(), RateLimitError>;

    /// Removes windows that ended before `now`, a bounded number in each transaction, and says how many.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn remove_expired(&self, now: DateTime<Utc>) -> Result<u64, RepoError>;
}

/// So many uses of one thing in each window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// What is limited.
    pub scope: Scope,
    /// Which of them: a user's name, an address, a product's id.
    pub subject: String,
    /// Uses a window, at least 1.
    pub limit: u32,
    /// The window's length, whole seconds.
    pub window: TimeDelta,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Uploads of one user.
    User,
    /// Uploads from one network address.
    Address,
    /// Uploads to one product.
    Product,
}

/// Why a use was not granted.
#[derive(Debug, thiserror::Error)]
pub enum RateLimitError {
    /// A quota is used up.
    #[error("too many uploads; try again in {retry_after_seconds} s")]
    Exceeded {
        /// Whose quota.
        scope: Scope,
        /// When its window ends, at least 1.
        retry_after_seconds: u64,
    },
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}
