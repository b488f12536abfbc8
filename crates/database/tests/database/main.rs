//! The database against the contract of its ports, and what is its own: opening, migrations, schema.

mod opening;
mod postgres;
mod sqlite;
