//! Tokens that this server signs itself, with the shared secret.
//!
//! Owns what such a token says; refuses to sign with anything but HS256.

use crate::claims::MAX_TIME_SECONDS;
use crate::secret::Secret;
use biscuit::jws::{self, RegisteredHeader};
use biscuit::{CompactPart, jwa::SignatureAlgorithm};
use chrono::{DateTime, TimeDelta, Utc};
use packshot_domain::access::{InvalidUserName, UserName};
use packshot_domain::ports::Cause;
use serde_json::json;

/// Why no token was signed.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The subject is no user name.
    #[error("the subject cannot be used: {0}")]
    Subject(#[from] InvalidUserName),
    /// The lifetime is not positive, or the token would outlive the calendar.
    #[error("the lifetime must be positive and end before the year 10000")]
    Lifetime,
    /// Signing failed.
    #[error("the token cannot be signed")]
    Sign(#[source] Cause),
}

/// A token for `subject`, signed with `secret` (HS256), good from `now` on for `ttl`.
///
/// It carries the roles in the claim `roles` (left out when there are none), and `iss` and `aud` as given.
///
/// # Errors
/// [`IssueError`].
pub fn issue(
    secret: &Secret,
    subject: &str,
    roles: &[String],
    issuer: Option<&str>,
    audience: Option<&str>,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<String, IssueError> {
    let subject = UserName::parse(subject)?;
    let expiry = now.checked_add_signed(ttl).map(|expiry| expiry.timestamp());
    let expiry = expiry.filter(|&end| end > now.timestamp() && end <= MAX_TIME_SECONDS).ok_or(IssueError::Lifetime)?;
    let mut claims = json!({ "sub": subject.as_str(), "iat": now.timestamp(), "exp": expiry });
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    if let Some(issuer) = issuer {
        claims["iss"] = json!(issuer);
    }
    if let Some(audience) = audience {
        claims["aud"] = json!(audience);
    }
    sign(secret, &claims.to_string()).map_err(|error| IssueError::Sign(Box::new(error)))
}

fn sign(secret: &Secret, claims: &str) -> Result<String, biscuit::errors::Error> {
    let header = RegisteredHeader { algorithm: SignatureAlgorithm::HS256, ..RegisteredHeader::default() };
    let token = jws::Compact::new_decoded(jws::Header::from(header), claims.as_bytes().to_vec());
    let bytes = token.into_encoded(&secret.for_signatures())?.to_bytes()?;
    Ok(String::from_utf8(bytes).map_err(|error| error.utf8_error())?)
}
