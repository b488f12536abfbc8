//! Bearer tokens.

use crate::access::Caller;
use crate::ports::Cause;
use async_trait::async_trait;

/// Says whose a token is.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// The caller that `token` speaks for: its signature, algorithm, times, issuer and audience have
    /// been checked against the settings and the clock.
    ///
    /// # Errors
    /// [`TokenError`].
    async fn verify(&self, token: &str) -> Result<Caller, TokenError>;
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is no good; the cause is for the log, a client is only told that it is invalid.
    #[error("the token is invalid")]
    Invalid(#[source] Cause),
    /// The keys to check it with cannot be had at the moment.
    #[error("the token keys are unavailable")]
    Unavailable(#[source] Cause),
}
