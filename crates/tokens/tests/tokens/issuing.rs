//! Tokens that the server signs itself.

use crate::support::{ManualClock, SECRET, accepted, hs256_settings, refused, verifier};
use chrono::{TimeDelta, Utc};
use packshot_domain::ports::clock::Clock as _;
use packshot_tokens::{IssueError, Secret, TokenSettings, issue};

fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

fn now() -> chrono::DateTime<Utc> {
    ManualClock::new().now()
}

#[tokio::test]
async fn what_is_issued_is_accepted() {
    let roles = ["viewer".to_owned(), "admin".to_owned()];
    let token = issue(&secret(), "ann", &roles, None, None, now(), TimeDelta::hours(1)).unwrap();
    let caller = accepted(&verifier(hs256_settings()), &token).await;
    assert_eq!((caller.user.as_str(), caller.is_admin), ("ann", true));

    let token = issue(&secret(), "bob", &[], None, None, now(), TimeDelta::hours(1)).unwrap();
    let caller = accepted(&verifier(hs256_settings()), &token).await;
    assert_eq!((caller.user.as_str(), caller.is_admin), ("bob", false));
}

#[tokio::test]
async fn issuer_and_audience_are_put_in() {
    let settings = TokenSettings { issuer: Some("shop".into()), audience: Some("images".into()), ..hs256_settings() };
    let verifier = verifier(settings);
    let issue = |issuer, audience| issue(&secret(), "ann", &[], issuer, audience, now(), TimeDelta::hours(1)).unwrap();
    accepted(&verifier, &issue(Some("shop"), Some("images"))).await;
    refused(&verifier, &issue(None, Some("images"))).await;
    refused(&verifier, &issue(Some("shop"), None)).await;
}

#[tokio::test]
async fn a_token_ends_with_its_lifetime() {
    let verifier = verifier(hs256_settings());
    let token = issue(&secret(), "ann", &[], None, None, now() - TimeDelta::hours(2), TimeDelta::hours(1)).unwrap();
    assert!(refused(&verifier, &token).await.contains("expired"));
}

#[test]
fn senseless_tokens_are_not_issued() {
    let issue = |subject: &str, ttl| issue(&secret(), subject, &[], None, None, now(), ttl);
    for ttl in [TimeDelta::zero(), TimeDelta::seconds(-1), TimeDelta::MAX, TimeDelta::days(3_650_000)] {
        assert!(matches!(issue("ann", ttl), Err(IssueError::Lifetime)), "{ttl}");
    }
    assert!(matches!(issue("", TimeDelta::hours(1)), Err(IssueError::Subject(_))));
    assert!(matches!(issue("a\nb", TimeDelta::hours(1)), Err(IssueError::Subject(_))));
}
