//! Rows in SQLite and PostgreSQL: the ports of products, images, the upload journal, idempotency keys
//! and rate limits, all on one type, [`Database`].
//!
//! Owns every table, query and transaction; refuses to know HTTP, settings files and object stores.
//! The surprising rule: a query is written once and compiled for both databases (`dialect::query!`);
//! whatever differs between the two stands in the module `dialect`, nowhere else.

mod audit;
mod cancel;
mod counts;
mod database;
mod deadline;
mod dialect;
mod expired;
mod fault;
mod idempotency;
mod images;
mod interrupt;
mod journal;
mod lanes;
mod migrations;
mod pool;
mod products;
mod rate_limits;
mod renewal;
mod reserve;
mod rows;
mod schema;
mod search;
mod stores;
mod url;

pub use database::{Database, DatabaseSettings};
pub use fault::OpenError;
pub use migrations::Migrated;
pub use pool::PoolLoad;
pub use url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};
