//! Clients that are slow, rude or many: each costs the server little, and the others are served meanwhile.
//!
//! Owns what such clients do, byte by byte; refuses to measure time. Its surprising rule: timeouts are made
//! short by settings, and the tests wait, with a generous deadline, for the server to end what it must end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod crowd;
mod pipelined;
mod readers;
mod rude;
mod slow;
mod smuggling;
mod socket;
