//! packshot: the HTTP server and its command line.
//!
//! Owns settings, wiring, routes, problems and telemetry. Only [`wiring`] names an adapter; routes see
//! the use cases and the ports of `packshot-domain`.

pub mod app;
pub mod cli;
pub mod folders;
pub mod http;
pub mod instance_lock;
pub mod jobs;
pub mod openapi;
pub mod problem;
pub mod routes;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod supervisor;
pub mod system;
pub mod telemetry;
pub mod wiring;
