//! The port `IdempotencyKeys`.
//!
//! The surprising rule: taking a key, fresh or expired, is one statement, so that the database itself
//! picks the one caller that gets it.

use crate::database::Database;
use crate::dialect::{Connected, Moment, query};
use crate::expired::Expired;
use crate::fault::Fault;
use crate::schema::idempotency_keys as keys;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use packshot_domain::ports::idempotency::{
    Completion, Fingerprint, Horizon, IdempotencyKeys, Lease, Receipt, Reservation, ScopedKey,
};
use packshot_domain::ports::product_repo::RepoError;

/// A key of an upload that may have been committed.
type Found = (Vec<u8>, Option<Vec<u8>>);

/// The rows that count as never seen.
macro_rules! expired {
    ($horizon:expr) => {
        keys::completed_at
            .is_null()
            .and(keys::reserved_at.lt(Moment($horizon.renewed_after)))
            .or(keys::completed_at.lt(Moment($horizon.completed_after)))
    };
}

/// The key's row, while it is leased so.
macro_rules! held {
    ($key:expr, $lease:expr) => {
        QueryDsl::filter(
            keys::table.find(($key.user.as_str(), $key.key.as_str())),
            keys::completed_at.is_null().and(keys::lease.eq($lease.0.to_string())),
        )
    };
}

#[async_trait]
impl IdempotencyKeys for Database {
    async fn reserve(
        &self,
        key: &ScopedKey,
        lease: Lease,
        fingerprint: &Fingerprint,
        now: DateTime<Utc>,
        horizon: &Horizon,
    ) -> Result<Reservation, RepoError> {
        let (key, fingerprint, horizon) = (key.clone(), *fingerprint, *horizon);
        let reserved: Result<_, Fault> =
            self.write(move |connection| reserve(connection, &key, lease, fingerprint, now, horizon)).await;
        Ok(reserved?)
    }

    async fn renew(&self, key: &ScopedKey, lease: Lease, now: DateTime<Utc>) -> Result<bool, RepoError> {
        let key = key.clone();
        let renewed: Result<usize, Fault> = self
            .write(move |connection| {
                Ok(query!(connection, c => diesel::update(held!(key, lease))
                    .set(keys::reserved_at.eq(Moment(now)))
                    .execute(*c))?)
            })
            .await;
        Ok(renewed? == 1)
    }

    async fn release(&self, key: &ScopedKey, lease: Lease) -> Result<(), RepoError> {
        let key = key.clone();
        let released: Result<usize, Fault> = self
            .write(move |connection| Ok(query!(connection, c => diesel::delete(held!(key, lease)).execute(*c))?))
            .await;
        released?;
        Ok(())
    }

    async fn remove_expired(&self, horizon: &Horizon) -> Result<u64, RepoError> {
        // Each is led by an index of its own.
        let completed = self.remove_in_batches(Expired::COMPLETED_KEYS, horizon.completed_after).await?;
        Ok(completed + self.remove_in_batches(Expired::RESERVED_KEYS, horizon.renewed_after).await?)
    }
}

fn reserve(
    connection: &mut Connected<'_>,
    key: &ScopedKey,
    lease: Lease,
    fingerprint: Fingerprint,
    now: DateTime<Utc>,
    horizon: Horizon,
) -> Result<Reservation, Fault> {
    let taken = query!(connection, c => {
        let upsert = diesel::insert_into(keys::table)
            .values((
                keys::user_name.eq(key.user.as_str()),
                keys::client_key.eq(key.key.as_str()),
                keys::fingerprint.eq(fingerprint.0.as_slice()),
                keys::reserved_at.eq(Moment(now)),
                keys::lease.eq(lease.0.to_string()),
            ))
            .on_conflict((keys::user_name, keys::client_key))
            .do_update()
            .set((
                keys::fingerprint.eq(fingerprint.0.as_slice()),
                keys::reserved_at.eq(Moment(now)),
                keys::lease.eq(lease.0.to_string()),
                keys::completed_at.eq(None::<Moment>),
                keys::receipt.eq(None::<Vec<u8>>),
            ));
        FilterDsl::filter(upsert, expired!(horizon)).execute(*c)
    })?;
    if taken == 1 {
        return Ok(Reservation::Reserved);
    }
    let row = keys::table.find((key.user.as_str(), key.key.as_str())).select((keys::fingerprint, keys::receipt));
    let found: Option<Found> = query!(connection, c => row.first(*c).optional())?;
    Ok(match found {
        Some((known, _)) if known != fingerprint.0 => Reservation::Mismatch,
        Some((_, Some(receipt))) => Reservation::Completed(Receipt(receipt)),
        // None: the first request gave its key back between the two statements; a retry gets it.
        Some((_, None)) | None => Reservation::Running,
    })
}

/// Stores the receipt with its key; `false` when the lease is not held any more: then another request with this
/// key may have been taken for the first one.
pub(crate) fn complete(
    connection: &mut Connected<'_>,
    completion: &Completion,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let completed = query!(connection, c => diesel::update(held!(completion.key, completion.lease))
        .set((keys::completed_at.eq(Moment(now)), keys::receipt.eq(completion.receipt.0.as_slice())))
        .execute(*c))?;
    Ok(completed == 1)
}
