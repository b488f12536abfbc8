//! Bad days: several servers at once, parts that fail, kills and restarts.
//!
//! Owns what must hold while something goes wrong and after it; what holds on a good day is in the tests
//! of the contract.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod instances;
mod kills;
mod outages;
mod over;
mod readers;
mod shutdown;
mod supervised;
mod sweeps;
