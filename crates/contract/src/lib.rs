//! The ports' behavioural suites and in-memory fakes.
//!
//! Owns what every adapter of a port must do, as functions that take the port: each sentence of the
//! ports' documentation is a claim here. Refuses to know any adapter. A dependency of tests alone.

pub mod builders;
#[cfg(feature = "servers")]
pub mod clients;
pub mod fakes;
pub mod image_store;
pub mod repos;
pub mod seed;
#[cfg(feature = "servers")]
pub mod servers;
