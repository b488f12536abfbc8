//! The secret that HS256 tokens are signed with.
//!
//! Owns what makes a secret too weak; refuses to show one.

use std::fmt;

/// A shared secret of at least 32 bytes (RFC 7518, section 3.2: as long as the hash's output).
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// Why some bytes are no good as a secret. Says nothing about the bytes themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// Too short.
    #[error("the secret has {actual_bytes} bytes, and must have at least {}", Secret::MIN_BYTES)]
    TooShort {
        /// Its length.
        actual_bytes: usize,
    },
    /// A few characters, or one short piece of text, over and over.
    #[error("the secret repeats itself and can be guessed: make one of random characters")]
    Repetitive,
    /// An example that many people have copied.
    #[error("the secret is a published example: make one of random characters")]
    WellKnown,
}

impl Secret {
    /// The shortest secret, in bytes.
    pub const MIN_BYTES: usize = 32;
    const MIN_DISTINCT_BYTES: usize = 8;
    const MAX_PERIOD_BYTES: usize = 8;
    const WELL_KNOWN: &[&[u8]] = &[
        b"a-string-secret-at-least-256-bits-long",
        b"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        b"your-256-bit-secret-your-256-bit-secret",
        b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    ];

    /// Takes `bytes`, as they are, as a secret.
    ///
    /// # Errors
    /// [`WeakSecret`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WeakSecret> {
        if bytes.len() < Self::MIN_BYTES {
            return Err(WeakSecret::TooShort { actual_bytes: bytes.len() });
        }
        if Self::WELL_KNOWN.contains(&bytes) {
            return Err(WeakSecret::WellKnown);
        }
        let mut distinct = bytes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let repeats = |period: usize| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b);
        if distinct.len() < Self::MIN_DISTINCT_BYTES || (1..=Self::MAX_PERIOD_BYTES).any(repeats) {
            return Err(WeakSecret::Repetitive);
        }
        Ok(Self(bytes.to_vec()))
    }

    pub(crate) fn for_signatures(&self) -> biscuit::jws::Secret {
        biscuit::jws::Secret::Bytes(self.0.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_random_secrets_of_any_coding() {
        for good in ["9f86d081884c7d659a2feaa0c55ad015", "q3t6w9zCFJNcRfUjXn2r5u8xADGKaPdS"] {
            assert!(Secret::parse(good.as_bytes()).is_ok(), "{good}");
        }
        assert!(Secret::parse(&(100..132).collect::<Vec<u8>>()).is_ok());
    }

    #[test]
    fn refuses_weak_secrets() {
        assert_eq!(Secret::parse(&[7; 31]).unwrap_err(), WeakSecret::TooShort { actual_bytes: 31 });
        for weak in ["x".repeat(64), "changeme".repeat(5), "0101".repeat(16), "aabbccddeeff".repeat(4)] {
            assert_eq!(Secret::parse(weak.as_bytes()).unwrap_err(), WeakSecret::Repetitive, "{weak}");
        }
        let known = Secret::parse(b"a-string-secret-at-least-256-bits-long").unwrap_err();
        assert_eq!(known, WeakSecret::WellKnown);
    }

    #[test]
    fn neither_debug_nor_errors_show_a_secret() {
        let text = "9f86d081884c7d659a2feaa0c55ad015";
        assert!(!format!("{:?}", Secret::parse(text.as_bytes()).unwrap()).contains("9f86"));
        let error = Secret::parse(b"hunter2").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
