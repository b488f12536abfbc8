//! The suite of the port `ImageStore` on every backend, and what is particular to each.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod azure;
mod disk;
mod memory;
mod opening;
mod place;
mod s3;
mod support;
