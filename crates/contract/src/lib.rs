//! The ports' behavioural suites and in-memory fakes.

pub mod image_store;
