//! The port `RateLimiter`.
//!
//! Owns one row for each subject and window. The surprising rule: quotas are counted in a fixed order
//! inside one transaction, so that two requests with the same quotas wait for each other instead of
//! deadlocking; when one is used up, the rollback takes all the counts back.

use crate::database::Database;
use crate::dialect::{Connected, Moment, query};
use crate::expired::Expired;
use crate::fault::{Abort, Fault};
use crate::schema::rate_limits;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::rate_limiter::{Quota, RateLimitError, RateLimiter, Scope};

/// One quota in the window that is now.
#[derive(Debug, Clone)]
struct Window {
    scope: Scope,
    subject: String,
    limit: i64,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Window {
    fn of(quota: &Quota, now: DateTime<Utc>) -> Self {
        let length = quota.window.num_seconds().max(1);
        let since_start = TimeDelta::seconds(now.timestamp().rem_euclid(length))
            + TimeDelta::nanoseconds(now.timestamp_subsec_nanos().into());
        let start = now - since_start;
        let end = start + TimeDelta::seconds(length);
        Self { scope: quota.scope, subject: quota.subject.clone(), limit: quota.limit.into(), start, end }
    }

    fn exceeded(&self, now: DateTime<Utc>) -> RateLimitError {
        // Rounded up: a client that waits that long finds a new window.
        let wait = (self.end - now + TimeDelta::nanoseconds(999_999_999)).num_seconds();
        RateLimitError::Exceeded { scope: self.scope, retry_after_seconds: u64::try_from(wait).unwrap_or(1).max(1) }
    }
}

#[async_trait]
impl RateLimiter for Database {
    async fn acquire(&self, quotas: &[Quota], now: DateTime<Utc>) -> Result<(), RateLimitError> {
        let mut windows: Vec<Window> = quotas.iter().map(|quota| Window::of(quota, now)).collect();
        windows.sort_by(|a, b| (scope_code(a.scope), &a.subject, a.end).cmp(&(scope_code(b.scope), &b.subject, b.end)));
        let asked = windows.clone();
        // Counts only grow, so what is used up stays so: a flood of refused requests writes nothing.
        let used_up: Result<_, Fault> = self.read(move |connection| used_up(connection, &asked)).await;
        if let Some(window) = longest(used_up.map_err(RepoError::from)?) {
            return Err(window.exceeded(now));
        }
        self.write(move |connection| count(connection, &windows, now)).await.map_err(Abort::into_port)
    }

    async fn remove_expired(&self, now: DateTime<Utc>) -> Result<u64, RepoError> {
        self.remove_in_batches(Expired::LIMIT_WINDOWS, now).await
    }
}

fn scope_code(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "user",
        Scope::Address => "address",
        Scope::Product => "product",
    }
}

fn longest(windows: Vec<Window>) -> Option<Window> {
    windows.into_iter().max_by_key(|window| window.end)
}

fn used_up(connection: &mut Connected<'_>, windows: &[Window]) -> Result<Vec<Window>, Fault> {
    let mut found = Vec::new();
    for window in windows {
        let row = rate_limits::table
            .find((scope_code(window.scope), &window.subject, Moment(window.start), Moment(window.end)))
            .select(rate_limits::used);
        let used: Option<i64> = query!(connection, c => row.first(*c).optional())?;
        if used.unwrap_or(0) >= window.limit {
            found.push(window.clone());
        }
    }
    Ok(found)
}

fn count(connection: &mut Connected<'_>, windows: &[Window], now: DateTime<Utc>) -> Result<(), Abort<RateLimitError>> {
    let mut used_up = Vec::new();
    for window in windows {
        let used: i64 = query!(connection, c => diesel::insert_into(rate_limits::table)
            .values((
                rate_limits::scope.eq(scope_code(window.scope)),
                rate_limits::subject.eq(&window.subject),
                rate_limits::window_start.eq(Moment(window.start)),
                rate_limits::window_end.eq(Moment(window.end)),
                rate_limits::used.eq(1),
            ))
            .on_conflict((
                rate_limits::scope,
                rate_limits::subject,
                rate_limits::window_start,
                rate_limits::window_end,
            ))
            .do_update()
            .set(rate_limits::used.eq(rate_limits::used + 1))
            .returning(rate_limits::used)
            .get_result(*c))?;
        if used > window.limit {
            used_up.push(window.clone());
        }
    }
    match longest(used_up) {
        Some(window) => Err(Abort::Refused(window.exceeded(now))),
        None => Ok(()),
    }
}
