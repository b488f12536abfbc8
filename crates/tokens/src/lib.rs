//! Bearer tokens, verified and issued with `biscuit`.
//!
//! Owns the port `TokenVerifier` on JSON Web Tokens (RFC 7519, RFC 7515, best practice RFC 8725) and the
//! signing of tokens with the shared secret. Refuses to know how a token arrived and what a caller
//! may do with it beyond being an admin or not.
//!
//! Its surprising rule: nothing of a token chooses how the token is checked. The settings name the
//! algorithms and each key has exactly one; a token's header only picks among those keys.

mod claims;
mod fetch;
mod issue;
mod key_set;
mod key_source;
mod secret;
mod settings;
mod signature;
mod verifier;

pub use issue::{IssueError, issue};
pub use secret::{Secret, WeakSecret};
pub use settings::{Algorithm, KeySource, StartError, TokenSettings};
pub use verifier::BiscuitTokenVerifier;
