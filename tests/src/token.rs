//! JSON Web Tokens (RFC 7519), signed with HS256 or not at all, good and bad ones.
//!
//! Owns an implementation of its own on purpose: the server's tokens are checked against it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// The secret that a test's server is started with.
pub const SECRET: &str = "a-secret-for-tests-that-is-long-enough-0123456789";

/// A token of an administrator of that name, good for an hour.
#[must_use]
pub fn admin(name: &str) -> String {
    sign(&json!({"sub": name, "role": "admin", "exp": now() + 3600}))
}

/// A token with these claims, signed with [`SECRET`].
#[must_use]
pub fn sign(claims: &Value) -> String {
    sign_with(&json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET)
}

/// A token with this header and these claims, its signature made with HMAC-SHA-256 whatever the header says.
///
/// # Panics
/// Never: HMAC takes keys of every length.
#[must_use]
pub fn sign_with(header: &Value, claims: &Value, secret: &str) -> String {
    let input = unsigned(header, claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes every key");
    mac.update(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Header and claims without the signature and its dot.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// The claims of a token, unverified.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

/// Seconds since 1970.
///
/// # Panics
/// When the clock stands before 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970").as_secs()
}

/// Runs `test` so that it begins and ends in the same hour, in which windows of rate limits begin and end: a
/// test that an hour's end fell into is run again, because its count says nothing.
pub fn within_one_hour(test: impl Fn()) {
    loop {
        let hour = now() / 3600;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&test));
        if now() / 3600 == hour {
            return result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    }
}
