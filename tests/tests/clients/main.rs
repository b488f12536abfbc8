//! Programs of others against the real server: the customer's own, and one that tries what nobody would.
//!
//! Owns how they are started; what they run stands in `docs/post-files.md`, unchanged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod browser;
mod colours;
mod curl;
mod orientation;
mod page;
mod polyglot;
mod python;
mod schemathesis;
mod shown;
