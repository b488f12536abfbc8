//! Idempotency keys: the same request twice is one upload
//! (IETF draft-ietf-httpapi-idempotency-key-header).

use crate::access::UserName;
use crate::ports::product_repo::RepoError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Keeps idempotency keys, a user's apart from another's.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Leases `key` to a request with this fingerprint, or says what became of it before.
    /// Exactly one of several callers at once gets [`Reservation::Reserved`]. Keys completed
    /// before `completed_after` and leases last renewed before `renewed_after` count as never seen.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn reserve(
        &self,
        key: &ScopedKey,
        lease: Lease,
        fingerprint: &Fingerprint,
        now: DateTime<Utc>,
        horizon: &Horizon,
    ) -> Result<Reservation, RepoError>;

    /// Renews the lease at this moment; `false` when it is somebody else's by now, or nobody's.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn renew(&self, key: &ScopedKey, lease: Lease, now: DateTime<Utc>) -> Result<bool, RepoError>;

    /// Gives back the lease of a request that failed, so that it can be tried again; another's stays.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn release(&self, key: &ScopedKey, lease: Lease) -> Result<(), RepoError>;

    /// Removes what counts as never seen, a bounded number in each transaction, and says how many.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn remove_expired(&self, horizon: &Horizon) -> Result<u64, RepoError>;
}

/// How far back keys are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// Completed keys older than this are forgotten.
    pub completed_after: DateTime<Utc>,
    /// Leases that were not renewed since belong to a dead process.
    pub renewed_after: DateTime<Utc>,
}

/// Who has a key at this moment: one try of one request in one process. Never used twice, so that a process that
/// was stopped for a while cannot take itself for the owner of what another has by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(pub Uuid);

/// A client's key, in its user's scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScopedKey {
    /// Whose key.
    pub user: UserName,
    /// The key.
    pub key: IdempotencyKey,
}

/// A client's idempotency key: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Why some text is no idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key must be 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Takes `text` as a key.
    ///
    /// # Errors
    /// [`InvalidIdempotencyKey`] when it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        if text.is_empty() || text.len() > 255 || !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(InvalidIdempotencyKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 over everything that makes a request what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// What a reservation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// The key is this caller's now: complete it with the upload, or release it.
    Reserved,
    /// The same request was answered before, with this receipt.
    Completed(Receipt),
    /// The first request with this key still runs.
    Running,
    /// The key was used for a request with another fingerprint.
    Mismatch,
}

/// What to store with a key when its upload commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The reserved key.
    pub key: ScopedKey,
    /// The lease that must still be held.
    pub lease: Lease,
    /// What to answer the next time.
    pub receipt: Receipt,
}

/// An answer, kept to be given again; its bytes are the edge's own affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub Vec<u8>);
