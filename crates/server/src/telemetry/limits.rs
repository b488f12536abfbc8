//! A rate limiter whose refusals are counted.

use super::metrics;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::rate_limiter::{Quota, RateLimitError, RateLimiter};
use std::sync::Arc;

/// The rate limiter within, with its refusals in the metrics.
pub struct CountedRateLimiter(pub Arc<dyn RateLimiter>);

#[async_trait]
impl RateLimiter for CountedRateLimiter {
    async fn acquire(&self, quotas: &[Quota], now: DateTime<Utc>) -> Result<(), RateLimitError> {
        let outcome = self.0.acquire(quotas, now).await;
        if let Err(RateLimitError::Exceeded { scope, .. }) = &outcome {
            metrics::rate_limited(*scope);
        }
        outcome
    }

    async fn remove_expired(&self, now: DateTime<Utc>) -> Result<u64, RepoError> {
        self.0.remove_expired(now).await
    }
}
