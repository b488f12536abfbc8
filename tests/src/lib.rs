//! What every end-to-end test needs: the real server in a folder of its own, and clients for it.
//!
//! Owns starting, stopping and speaking to the binary `packshot`; refuses to know any of its crates, so
//! that a test can only see what a customer sees. Its surprising rule: nothing waits by sleeping. The
//! server says `Listening on http://ADDR` when it can be spoken to, and a stopped process is waited for.
//!
//! A failing precondition panics: for a test that is an answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "used by tests alone")]

pub mod answer;
pub mod backends;
pub mod binary;
pub mod client;
pub mod command;
pub mod described;
pub mod dice;
pub mod form;
pub mod inventory;
pub mod png;
pub mod proxy;
pub mod raw;
pub mod rows;
pub mod server;
pub mod small_disk;
pub mod token;

pub use answer::Answer;
pub use backends::Backends;
pub use client::Client;
pub use command::Finished;
pub use form::Form;
pub use packshot_tests_macros::on_every_backend;
pub use server::Server;

/// The bytes of a photograph in `tests/fixtures`.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
