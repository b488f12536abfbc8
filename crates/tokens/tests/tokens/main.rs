//! Tokens good and forged against the verifier, keys from a secret, a file and a server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod forgeries;
mod issuing;
mod key_files;
mod rotation;
mod support;
