//! Rows that have had their time: removed a bounded number at a time.
//!
//! Owns the statements, each led by an index to the rows that have expired, so that none reads what has not; the
//! tests of plans see to that. Each batch is a transaction of its own: whoever else writes waits for one batch at
//! most.

use crate::database::Database;
use crate::dialect::{Connected, Moment, MomentSql, query};
use crate::fault::Fault;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use packshot_domain::ports::product_repo::RepoError;

/// Rows of one transaction.
const BATCH: u64 = 1000;

/// A kind of rows that expire: the statement that removes those from before a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expired {
    table: &'static str,
    /// The columns of the primary key.
    key: &'static str,
    /// What rows are told by.
    moment: &'static str,
    /// What else holds of them, as the index's own condition says it.
    and: &'static str,
}

impl Expired {
    /// Idempotency keys whose upload was answered long ago.
    pub(crate) const COMPLETED_KEYS: Self = Self {
        table: "idempotency_keys",
        key: "user_name, client_key",
        moment: "completed_at",
        and: "completed_at IS NOT NULL",
    };
    /// Idempotency keys whose process is dead.
    pub(crate) const RESERVED_KEYS: Self = Self {
        table: "idempotency_keys",
        key: "user_name, client_key",
        moment: "reserved_at",
        and: "completed_at IS NULL",
    };
    /// Windows of rate limits that have ended.
    pub(crate) const LIMIT_WINDOWS: Self = Self {
        table: "rate_limits",
        key: "scope, subject, window_start, window_end",
        moment: "window_end",
        and: "true",
    };
    /// Entries of the audit log beyond its retention.
    pub(crate) const AUDIT_ENTRIES: Self = Self { table: "audit_entries", key: "id", moment: "at", and: "true" };

    /// Removes at most a batch of those before the one parameter. `$1` is a parameter to both databases.
    fn statement(self, connection: &Connected<'_>) -> String {
        let Self { table, key, moment, and } = self;
        let batch = format!("FROM {table} WHERE {moment} < $1 AND {and} ORDER BY {moment} LIMIT {BATCH}");
        format!("DELETE FROM {table} WHERE {}", connection.is_one_of(key, &batch))
    }
}

impl Database {
    /// Removes every row of that kind from before `before`, and says how many.
    pub(crate) async fn remove_in_batches(&self, expired: Expired, before: DateTime<Utc>) -> Result<u64, RepoError> {
        let mut removed = 0;
        loop {
            let batch: Result<usize, Fault> = self
                .remove(move |connection| {
                    let statement = diesel::sql_query(expired.statement(connection));
                    Ok(query!(connection, c => statement.bind::<MomentSql, _>(Moment(before)).execute(*c))?)
                })
                .await;
            let batch = batch? as u64;
            removed += batch;
            if batch < BATCH {
                return Ok(removed);
            }
        }
    }
}
