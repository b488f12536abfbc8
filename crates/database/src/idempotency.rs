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
    Completion, Fingerprint, Horizon, IdempotencyKeys, Receipt, Reservation, ScopedKey,
};
use packshot_domain::ports::product_repo::RepoError;

/// A key of an upload that may have been committed.
type Found = (Vec<u8>, Option<Vec<u8>>);

/// The rows that count as never seen.
macro_rules! expired {
    ($horizon:expr) => {
        keys::completed_at
            .is_null()
            .and(keys::reserved_at.lt(Moment($horizon.reserved_after)))
            .or(keys::completed_at.lt(Moment($horizon.completed_after)))
    };
}

#[async_trait]
impl IdempotencyKeys for Database {
    async fn reserve(
        &self,
        key: &ScopedKey,
        fingerprint: &Fingerprint,
        now: DateTime<Utc>,
        horizon: &Horizon,
    ) -> Result<Reservation, RepoError> {
        let (key, fingerprint, horizon) = (key.clone(), *fingerprint, *horizon);
        let reserved: Result<_, Fault> =
            self.write(move |connection| reserve(connection, &key, fingerprint, now, horizon)).await;
        Ok(reserved?)
    }

    async fn release(&self, key: &ScopedKey) -> Result<(), RepoError> {
        let key = key.clone();
        let released: Result<_, Fault> = self
            .write(move |connection| {
                let row = keys::table.find((key.user.as_str(), key.key.as_str()));
                Ok(query!(connection, c => diesel::delete(QueryDsl::filter(row, keys::completed_at.is_null())).execute(*c))?)
            })
            .await;
        released?;
        Ok(())
    }

    async fn remove_expired(&self, horizon: &Horizon) -> Result<u64, RepoError> {
        // Each is led by an index of its own.
        let completed = self.remove_in_batches(Expired::COMPLETED_KEYS, horizon.completed_after).await?;
        Ok(completed + self.remove_in_batches(Expired::RESERVED_KEYS, horizon.reserved_after).await?)
    }
}

fn reserve(
    connection: &mut Connected<'_>,
    key: &ScopedKey,
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
            ))
            .on_conflict((keys::user_name, keys::client_key))
            .do_update()
            .set((
                keys::fingerprint.eq(fingerprint.0.as_slice()),
                keys::reserved_at.eq(Moment(now)),
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

/// Stores the receipt with its reserved key.
///
/// A reservation that expired and was swept is not an error: the upload itself is good.
pub(crate) fn complete(connection: &mut Connected<'_>, completion: &Completion, now: DateTime<Utc>) -> QueryResult<()> {
    let row = keys::table.find((completion.key.user.as_str(), completion.key.key.as_str()));
    query!(connection, c => diesel::update(QueryDsl::filter(row, keys::completed_at.is_null()))
        .set((keys::completed_at.eq(Moment(now)), keys::receipt.eq(completion.receipt.0.as_slice())))
        .execute(*c))?;
    Ok(())
}
