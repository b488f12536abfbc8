//! What a `RateLimiter` promises.

use super::Repos;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use packshot_domain::ports::rate_limiter::{Quota, RateLimitError, Scope};

/// The start of an hour and of a minute, but of no day, and so many milliseconds.
fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_002_800_000 + milliseconds).unwrap()
}

fn quota(scope: Scope, subject: &str, limit: u32, seconds: i64) -> Quota {
    Quota { scope, subject: subject.to_owned(), limit, window: TimeDelta::seconds(seconds) }
}

/// `None` when granted, else whose quota is used up and the wait.
async fn refusal(repos: &Repos, quotas: &[Quota], now: DateTime<Utc>) -> Option<(Scope, u64)> {
    match repos.limiter.acquire(quotas, now).await {
        Ok(()) => None,
        Err(RateLimitError::Exceeded { scope, retry_after_seconds }) => Some((scope, retry_after_seconds)),
        Err(error) => unreachable!("{error:?}"),
    }
}

/// A claim, as it is named.
pub async fn a_quota_is_granted_exactly_and_tells_the_wait(repos: &Repos) {
    let quotas = [quota(Scope::User, "ada", 3, 3600)];
    for _ in 0..3 {
        assert_eq!(refusal(repos, &quotas, at(0)).await, None);
    }
    assert_eq!(refusal(repos, &quotas, at(0)).await, Some((Scope::User, 3600)));
    assert_eq!(refusal(repos, &quotas, at(1)).await, Some((Scope::User, 3600)));
    assert_eq!(refusal(repos, &quotas, at(1000)).await, Some((Scope::User, 3599)));
    assert_eq!(refusal(repos, &quotas, at(3_599_999)).await, Some((Scope::User, 1)));
}

/// A claim, as it is named.
pub async fn a_new_window_starts_at_a_multiple_of_its_length(repos: &Repos) {
    let quotas = [quota(Scope::User, "ada", 1, 3600)];
    assert_eq!(refusal(repos, &quotas, at(3_599_999)).await, None);
    assert_eq!(refusal(repos, &quotas, at(3_599_999)).await, Some((Scope::User, 1)));
    assert_eq!(refusal(repos, &quotas, at(3_600_000)).await, None);
    assert_eq!(refusal(repos, &quotas, at(3_600_000)).await, Some((Scope::User, 3600)));
    // A clock of another instance that is a little behind is still in the old window.
    assert_eq!(refusal(repos, &quotas, at(3_599_999)).await, Some((Scope::User, 1)));
}

/// A claim, as it is named.
pub async fn a_refusal_counts_against_no_quota(repos: &Repos) {
    let (small, large) = (quota(Scope::Address, "::1", 1, 60), quota(Scope::User, "ada", 3, 60));
    for quotas in [[small.clone(), large.clone()], [large.clone(), small.clone()]] {
        refusal(repos, &quotas, at(0)).await;
        assert_eq!(refusal(repos, &quotas, at(0)).await, Some((Scope::Address, 60)));
    }
    // One use was granted with both; two of the large one are left.
    for granted in [true, true, false] {
        assert_eq!(refusal(repos, std::slice::from_ref(&large), at(0)).await.is_none(), granted);
    }
}

/// A claim, as it is named.
pub async fn the_longest_wait_is_told(repos: &Repos) {
    let quotas =
        [quota(Scope::User, "ada", 1, 60), quota(Scope::Address, "::1", 1, 3600), quota(Scope::Product, "p", 9, 7200)];
    assert_eq!(refusal(repos, &quotas, at(0)).await, None);
    assert_eq!(refusal(repos, &quotas, at(0)).await, Some((Scope::Address, 3600)));
}

/// A claim, as it is named.
pub async fn scopes_and_subjects_are_apart(repos: &Repos) {
    for (scope, subject) in
        [(Scope::User, "ada"), (Scope::User, "Ada"), (Scope::Product, "ada"), (Scope::Address, "ada")]
    {
        let quotas = [quota(scope, subject, 1, 60)];
        assert_eq!(refusal(repos, &quotas, at(0)).await, None);
        assert_eq!(refusal(repos, &quotas, at(0)).await, Some((scope, 60)));
    }
}

/// A claim, as it is named.
pub async fn no_quotas_are_no_limit(repos: &Repos) {
    assert_eq!(refusal(repos, &[], at(0)).await, None);
}

/// A claim, as it is named.
pub async fn windows_that_ended_are_removed_and_counted(repos: &Repos) {
    let (minute, hour) = (quota(Scope::User, "ada", 1, 60), quota(Scope::Address, "::1", 1, 3600));
    assert_eq!(refusal(repos, &[minute, hour.clone()], at(0)).await, None);
    assert_eq!(repos.limiter.remove_expired(at(59_999)).await.unwrap(), 0);
    assert_eq!(repos.limiter.remove_expired(at(60_001)).await.unwrap(), 1);
    assert_eq!(repos.limiter.remove_expired(at(60_001)).await.unwrap(), 0);
    assert!(refusal(repos, &[hour], at(60_001)).await.is_some());
}

/// A claim, as it is named.
pub async fn more_windows_than_a_batch_are_removed(repos: &Repos) {
    // All end in the same moment.
    let subject = |number| quota(Scope::Address, &format!("address-{number}"), 1, 60);
    repos.limiter.acquire(&(0..2500).map(subject).collect::<Vec<_>>(), at(0)).await.unwrap();
    repos.limiter.acquire(&[quota(Scope::User, "ada", 1, 3600)], at(0)).await.unwrap();
    assert_eq!(repos.limiter.remove_expired(at(60_001)).await.unwrap(), 2500);
    assert_eq!(repos.limiter.remove_expired(at(60_001)).await.unwrap(), 0);
    assert!(refusal(repos, &[quota(Scope::User, "ada", 1, 3600)], at(60_001)).await.is_some());
}

/// A claim, as it is named.
pub async fn many_at_once_are_counted_exactly(repos: &Repos) {
    let quotas = [quota(Scope::User, "ada", 10, 3600), quota(Scope::Address, "::1", 12, 3600)];
    let refusals = join_all((0..40).map(|_| refusal(repos, &quotas, at(0)))).await;
    assert_eq!(refusals.into_iter().filter(Option::is_none).count(), 10);
}

/// A claim, as it is named.
pub async fn quotas_in_any_order_neither_deadlock_nor_miscount(repos: &Repos) {
    let (ada, address, product) = (
        quota(Scope::User, "ada", 100, 3600),
        quota(Scope::Address, "::1", 100, 3600),
        quota(Scope::Product, "p", 15, 86_400),
    );
    let one = [ada.clone(), address.clone(), product.clone()];
    let other = [product, address, ada];
    let refusals = join_all((0..40).map(|n| refusal(repos, if n % 2 == 0 { &one } else { &other }, at(0)))).await;
    assert_eq!(refusals.into_iter().filter(Option::is_none).count(), 15);
}
