//! The HTTP contract, asked of the real server: one module a route or a rule.
//!
//! Owns what a customer can see; refuses to know how it comes about.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod audit;
mod backup;
mod cli;
mod commands;
mod cors;
mod database_tls;
mod documents;
mod errors;
mod files;
mod health;
mod hostile;
mod pictures;
mod products;
mod queries;
mod request_id;
mod restarts;
mod settings;
mod static_files;
mod telemetry;
mod upload;
mod verify;
