//! `POST /files`, an aspect a module.

mod access;
mod created;
mod failures;
mod fields;
mod idempotency;
mod malformed;
mod media_type;
mod order_of_checks;
mod original;
mod picture;
mod primary;
mod rate_limits;
mod size;
mod variants;
mod written;
