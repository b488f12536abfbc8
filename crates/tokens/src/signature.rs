//! A token's signature: its header read, and its signature checked with one key.
//!
//! Owns the limits on what is looked at before a signature has been found good. Its surprising rule:
//! the payload stays bytes until then, and even then `biscuit` does not parse it, because it panics on
//! times far away.

use crate::key_set::VerifyKey;
use biscuit::jws;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;

type Jws = jws::Compact<Vec<u8>, biscuit::Empty>;

/// Why a token is no good.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadToken {
    #[error("the token has {0} bytes, more than {MAX_TOKEN_BYTES}")]
    TooLong(usize),
    #[error("the token is not three parts of base64url")]
    Malformed,
    #[error("the token's header cannot be read: {0}")]
    Header(String),
    #[error("the token's header has `crit`, and no extension is supported")]
    CriticalExtension,
    #[error("the algorithm {0} is not allowed")]
    Algorithm(String),
    #[error("no key has the id {0:?}")]
    UnknownKey(String),
    #[error("the signature fits no key of its algorithm")]
    Signature,
    #[error("the claims cannot be read: {0}")]
    Claims(String),
    #[error("the claims are refused: {0}")]
    Refused(String),
    #[error("reading the token panicked")]
    Panic,
}

/// What a token says of itself; nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct UnverifiedHeader {
    pub(crate) algorithm: String,
    pub(crate) key_id: Option<String>,
}

/// A token cut into its parts, not verified.
pub(crate) struct UnverifiedToken {
    jws: Jws,
    pub(crate) header: UnverifiedHeader,
}

impl UnverifiedToken {
    /// Reads the header of `token`.
    pub(crate) fn parse(token: &str) -> Result<Self, BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken::TooLong(token.len()));
        }
        let coded = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let parts: Vec<&str> = token.split('.').collect();
        if parts.len() != 3 || !token.bytes().all(|b| coded(b) || b == b'.') {
            return Err(BadToken::Malformed);
        }
        let jws = Jws::new_encoded(token);
        let header = no_panic(|| jws.unverified_header())?.map_err(|error| BadToken::Header(error.to_string()))?;
        let header = header.registered;
        if header.critical.is_some() {
            return Err(BadToken::CriticalExtension);
        }
        let algorithm = serde_json::to_value(header.algorithm).ok();
        let algorithm = algorithm.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        Ok(Self { jws, header: UnverifiedHeader { algorithm, key_id: header.key_id } })
    }

    /// The payload, when the signature was made with one of `keys`.
    pub(crate) fn verify<'a>(&self, keys: impl Iterator<Item = &'a VerifyKey>) -> Result<Vec<u8>, BadToken> {
        for key in keys.filter(|key| key.algorithm.name() == self.header.algorithm) {
            let decoded = no_panic(|| self.jws.decode(&key.secret, key.algorithm.for_signatures()))?;
            if let Ok(jws::Compact::Decoded { payload, .. }) = decoded {
                return Ok(payload);
            }
        }
        Err(BadToken::Signature)
    }
}

/// Runs `read`, so that a panic over some token ends in a refusal of that token.
fn no_panic<T>(read: impl FnOnce() -> T) -> Result<T, BadToken> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| BadToken::Panic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: &str) -> BadToken {
        UnverifiedToken::parse(token).err().unwrap()
    }

    #[test]
    fn garbage_is_refused_before_anything_is_decoded() {
        for garbage in ["", ".", "..", "a.b", "a.b.c.d", "é.b.c", "a b.c.d", "a=.b.c", "a\0.b.c"] {
            assert!(matches!(refusal(garbage), BadToken::Malformed | BadToken::Header(_)), "{garbage:?}");
        }
        assert_eq!(refusal(&"a".repeat(MAX_TOKEN_BYTES + 1)), BadToken::TooLong(MAX_TOKEN_BYTES + 1));
    }

    #[test]
    fn a_panic_is_a_refusal() {
        assert_eq!(no_panic(|| panic!("as biscuit does")).map(|(): ()| ()), Err(BadToken::Panic));
    }
}
