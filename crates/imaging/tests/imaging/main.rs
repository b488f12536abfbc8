//! The processor through its port, on real codecs.
//!
//! Owns what an upload must become; knows the crate only by its public names. The surprising rule:
//! pixels are compared with what other decoders saw (`fixtures/README.md`), never with this crate's own
//! earlier output.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what failed by panicking, in its helpers as in itself"
)]

mod colours;
mod conformance;
mod containers;
mod geometry;
mod hostile;
mod original;
mod support;
mod variants;
mod walkers;
