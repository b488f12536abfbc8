//! Idempotency keys and rate limits in memory.

use super::{Key, MemoryDatabase};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use packshot_domain::ports::idempotency::{Fingerprint, Horizon, IdempotencyKeys, Lease, Reservation, ScopedKey};
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::rate_limiter::{Quota, RateLimitError, RateLimiter};

impl Key {
    fn is_expired(&self, horizon: &Horizon) -> bool {
        match &self.completed {
            Some((completed_at, _)) => *completed_at < horizon.completed_after,
            None => self.reserved_at < horizon.renewed_after,
        }
    }

    pub(super) fn is_held(&self, lease: Lease) -> bool {
        self.completed.is_none() && self.lease == lease
    }
}

#[async_trait]
impl IdempotencyKeys for MemoryDatabase {
    async fn reserve(
        &self,
        key: &ScopedKey,
        lease: Lease,
        fingerprint: &Fingerprint,
        now: DateTime<Utc>,
        horizon: &Horizon,
    ) -> Result<Reservation, RepoError> {
        let mut state = self.lock();
        let known = state.keys.get(key).filter(|known| !known.is_expired(horizon));
        let Some(known) = known else {
            let fresh = Key { fingerprint: *fingerprint, reserved_at: now, lease, completed: None };
            state.keys.insert(key.clone(), fresh);
            return Ok(Reservation::Reserved);
        };
        if known.fingerprint != *fingerprint {
            return Ok(Reservation::Mismatch);
        }
        Ok(match &known.completed {
            Some((_, receipt)) => Reservation::Completed(receipt.clone()),
            None => Reservation::Running,
        })
    }

    async fn renew(&self, key: &ScopedKey, lease: Lease, now: DateTime<Utc>) -> Result<bool, RepoError> {
        let mut state = self.lock();
        let held = state.keys.get_mut(key).filter(|known| known.is_held(lease));
        Ok(held.map(|known| known.reserved_at = now).is_some())
    }

    async fn release(&self, key: &ScopedKey, lease: Lease) -> Result<(), RepoError> {
        let mut state = self.lock();
        if state.keys.get(key).is_some_and(|known| known.is_held(lease)) {
            state.keys.remove(key);
        }
        Ok(())
    }

    async fn remove_expired(&self, horizon: &Horizon) -> Result<u64, RepoError> {
        let mut state = self.lock();
        let before = state.keys.len();
        state.keys.retain(|_, known| !known.is_expired(horizon));
        Ok((before - state.keys.len()) as u64)
    }
}

#[async_trait]
impl RateLimiter for MemoryDatabase {
    async fn acquire(&self, quotas: &[Quota], now: DateTime<Utc>) -> Result<(), RateLimitError> {
        let mut state = self.lock();
        let windows: Vec<_> = quotas
            .iter()
            .map(|quota| {
                let length = quota.window.num_seconds();
                let start = now.timestamp() - now.timestamp().rem_euclid(length);
                (quota, (quota.scope, quota.subject.clone(), start, start + length))
            })
            .collect();
        let is_used_up =
            |(quota, window): &&(&Quota, _)| state.used.get(window).is_some_and(|used| *used >= quota.limit);
        if let Some((quota, window)) = windows.iter().filter(is_used_up).max_by_key(|(_, window)| window.3) {
            // The window's end is a whole second, and every second begun is waited for.
            let retry_after_seconds = u64::try_from(window.3 - now.timestamp()).unwrap_or(1);
            return Err(RateLimitError::Exceeded { scope: quota.scope, retry_after_seconds });
        }
        for (_, window) in windows {
            *state.used.entry(window).or_default() += 1;
        }
        Ok(())
    }

    async fn remove_expired(&self, now: DateTime<Utc>) -> Result<u64, RepoError> {
        let mut state = self.lock();
        let before = state.used.len();
        state.used.retain(|window, _| DateTime::from_timestamp(window.3, 0).is_none_or(|end| end >= now));
        Ok((before - state.used.len()) as u64)
    }
}
