//! The port `TokenVerifier` on `biscuit`.
//!
//! Owns the order of the checks: header, key, signature, claims; refuses to say more to the outside
//! than whether the token or the keys are at fault.

use crate::claims;
use crate::key_source::Keys;
use crate::settings::{StartError, TokenSettings};
use crate::signature::{BadToken, UnverifiedToken};
use async_trait::async_trait;
use packshot_domain::access::Caller;
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::token_verifier::{TokenError, TokenVerifier};
use std::sync::Arc;

/// Verifies JSON Web Tokens in the compact form against a secret or a key set.
pub struct BiscuitTokenVerifier {
    settings: TokenSettings,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl BiscuitTokenVerifier {
    /// A verifier for these settings. A key set in a file is read now, one behind a URL when the first
    /// token arrives, so a provider that is down does not keep the server from starting.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(settings: TokenSettings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        settings.check()?;
        let keys = Keys::open(&settings, clock.clone())?;
        Ok(Self { settings, keys, clock })
    }
}

#[async_trait]
impl TokenVerifier for BiscuitTokenVerifier {
    async fn verify(&self, token: &str) -> Result<Caller, TokenError> {
        let token = UnverifiedToken::parse(token).map_err(invalid)?;
        let header = &token.header;
        // Before the keys: a token of a wrong algorithm must not cause a fetch.
        if !self.settings.algorithms.iter().any(|allowed| allowed.name() == header.algorithm) {
            return Err(invalid(BadToken::Algorithm(header.algorithm.clone())));
        }
        let kid = header.key_id.as_deref();
        let keys = self.keys.current(kid).await.map_err(|error| TokenError::Unavailable(Box::new(error)))?;
        if !keys.knows(kid) {
            return Err(invalid(BadToken::UnknownKey(kid.unwrap_or_default().to_owned())));
        }
        let payload = token.verify(keys.candidates(kid)).map_err(invalid)?;
        claims::caller(&payload, &self.settings, self.clock.now()).map_err(invalid)
    }
}

fn invalid(reason: BadToken) -> TokenError {
    TokenError::Invalid(Box::new(reason))
}
