//! The database against the contract of its ports, and what is its own: opening, migrations, schema,
//! several instances, faults.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails a test")]

mod faults;
mod instances;
mod migrations;
mod opening;
mod postgres;
mod renewal;
mod schema;
mod sqlite;
mod stores;
