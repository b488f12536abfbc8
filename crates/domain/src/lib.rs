//! The model of packshot, the ports it needs from the outside world, and its use cases.
//!
//! Owns what a product image is and what must hold for it at every moment.
//! Refuses to know HTTP, SQL, object stores, codecs, the file system and the time of day: each of
//! those stands behind a port in [`ports`], implemented by a crate of its own.
//!
//! Types here cannot hold a bad value: every constructor that takes text or numbers from outside
//! returns a `Result`, so whatever has arrived is already checked.

pub mod access;
pub mod catalog;
pub mod image;
pub mod ports;
pub mod product;
pub mod step;
pub mod storage;
pub mod sweep;
pub mod text;
pub mod transfer;
pub mod unicode;
pub mod upload;
pub mod variant;
pub mod verify;
