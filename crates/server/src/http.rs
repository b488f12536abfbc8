//! What stands around every handler: request ids, problem bodies, CORS, security headers, callers.
//!
//! Owns the order of the layers, see [`start()`]; refuses to know what any route does.

pub mod access_log;
pub mod address;
pub mod caller;
mod coding;
mod connection;
mod cors;
pub mod drain;
pub(crate) mod entity_tag;
pub(crate) mod gone;
pub mod head;
pub(crate) mod json;
pub mod pace;
pub(crate) mod preconditions;
pub mod render;
pub(crate) mod representation;
pub mod request_id;
mod security_headers;
mod start;
pub mod unread;

pub use start::{Running, StartError, listen, start};
