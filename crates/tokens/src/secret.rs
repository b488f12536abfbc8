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
    /// Characters in the order of the digits, the alphabet or a keyboard.
    #[error("the secret is characters in order and can be guessed: make one of random characters")]
    InOrder,
    /// An example that many people have copied.
    #[error("the secret is a published example: make one of random characters")]
    WellKnown,
}

impl Secret {
    /// The shortest secret, in bytes.
    pub const MIN_BYTES: usize = 32;
    const MIN_DISTINCT_BYTES: usize = 8;
    /// Random characters have some twenty at least, of 32.
    const MIN_SURPRISES: usize = 12;
    /// What comes next here is no surprise, in either direction; the end is followed by the beginning.
    const ORDERS: [&[u8]; 6] =
        [b"0123456789", b"1234567890", b"abcdefghijklmnopqrstuvwxyz", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
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
        let folded = bytes.to_ascii_lowercase();
        if distinct.len() < Self::MIN_DISTINCT_BYTES || (1..=folded.len() / 2).any(|period| repeats(&folded, period)) {
            return Err(WeakSecret::Repetitive);
        }
        let surprises = folded.windows(2).filter(|pair| !is_in_order(pair)).count();
        if surprises < Self::MIN_SURPRISES {
            return Err(WeakSecret::InOrder);
        }
        Ok(Self(bytes.to_vec()))
    }

    pub(crate) fn for_signatures(&self) -> biscuit::jws::Secret {
        biscuit::jws::Secret::Bytes(self.0.clone())
    }
}

/// Whether three in four bytes are those that came `period` bytes before: a pattern over and over, perhaps with a
/// number that counts.
fn repeats(bytes: &[u8], period: usize) -> bool {
    let pairs = bytes.iter().zip(bytes.iter().skip(period));
    let same = pairs.clone().filter(|(a, b)| a == b).count();
    same * 4 >= pairs.count() * 3
}

/// Whether the second byte follows from the first.
fn is_in_order(pair: &[u8]) -> bool {
    let [first, second] = pair else { return false };
    let neighbours = |order: &&[u8]| {
        let next = order.iter().cycle().skip(1);
        order.iter().zip(next).any(|(a, b)| (a, b) == (first, second) || (b, a) == (first, second))
    };
    first == second || Secret::ORDERS.iter().any(neighbours)
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
        // Bytes that are no text, and what other projects' tests use.
        assert!(Secret::parse(&(0..32).map(|i: u8| i.wrapping_mul(149) ^ 0xa7).collect::<Vec<u8>>()).is_ok());
        for good in ["a-secret-of-this-check-only-0123456789abcdef", "9f86d081884c7d659a2feaa0c55ad015-case"] {
            assert!(Secret::parse(good.as_bytes()).is_ok(), "{good}");
        }
    }

    /// A thousand secrets of each coding that secrets are made in, from a generator with a fixed seed.
    #[test]
    fn takes_every_random_secret() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap()
        };
        let base64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (letters, length) in [(&b"0123456789abcdef"[..], 64), (b"0123456789abcdef", 40), (base64, 32), (base64, 44)]
        {
            for _ in 0..1000 {
                let secret: Vec<u8> = (0..length).map(|_| letters[random() % letters.len()]).collect();
                assert!(Secret::parse(&secret).is_ok(), "{}", String::from_utf8_lossy(&secret));
            }
        }
    }

    #[test]
    fn refuses_every_pattern_that_is_repeated() {
        let pattern = b"k7Rq2xVn9TzLw4Ym8BcJ5hPd0sGf3aEuQ6";
        for period in 1..=pattern.len() {
            for length in (2 * period).max(Secret::MIN_BYTES)..100 {
                let secret: Vec<u8> = pattern[..period].iter().copied().cycle().take(length).collect();
                assert_eq!(Secret::parse(&secret).unwrap_err(), WeakSecret::Repetitive, "{period} {length}");
            }
        }
        // The same in capitals, and with a number that counts.
        for weak in ["k7Rq2xVn9TzLw4Ymk7RQ2XVN9tzlw4ym", "password-one1password-one2password-one3"] {
            assert_eq!(Secret::parse(weak.as_bytes()).unwrap_err(), WeakSecret::Repetitive, "{weak}");
        }
    }

    #[test]
    fn refuses_characters_in_order() {
        let orders = [
            "0123456789",
            "1234567890",
            "9876543210",
            "abcdefghijklmnopqrstuvwxyz",
            "ZYXWVUTSRQPONMLKJIHGFEDCBA",
            "qwertyuiopasdfghjklzxcvbnm",
        ];
        for first in orders {
            for second in orders {
                for third in orders {
                    let text = [first, second, third, first].concat();
                    for length in Secret::MIN_BYTES..=text.len() {
                        assert!(Secret::parse(&text.as_bytes()[..length]).is_err(), "{}", &text[..length]);
                    }
                }
            }
        }
        for weak in [
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "0123456789abcdefghijklmnopqrstuvwxyz",
            "0123456789abcdef0123456789abcdef",
            "00112233445566778899aabbccddeeff",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "secret-0123456789-0123456789-0123456789",
        ] {
            assert!(Secret::parse(weak.as_bytes()).is_err(), "{weak}");
        }
        let error = Secret::parse(b"abcdefghijklmnopqrstuvwxyz0123456789").unwrap_err();
        assert_eq!(error, WeakSecret::InOrder);
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
