//! The suite of the port `ImageStore` on every backend, and what is particular to each.

mod disk;
mod memory;
mod opening;
mod support;
