//! The ports' behavioural suites and in-memory fakes.
