//! `/files`: product images.

pub mod form;
pub(crate) mod item;
pub(crate) mod list;
mod patch;
mod query;
pub(crate) mod response;
mod tags;
pub(crate) mod upload;
