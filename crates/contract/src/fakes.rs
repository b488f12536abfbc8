//! Fakes: adapters of ports that live in memory and pass the same suites as the real ones.
//!
//! Owns state for tests that ask "what is there afterwards"; a mock is better for "what if it fails".

mod clock;
mod identifiers;
mod memory;

pub use clock::FixedClock;
pub use identifiers::SequentialIdentifiers;
pub use memory::MemoryDatabase;
