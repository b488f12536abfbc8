//! The ports: what the use cases need from the outside world, a trait and an error enum each.
//!
//! Owns the promises that an adapter must keep (the suites in `packshot-contract` check them);
//! refuses to know any adapter. Every port is `Send + Sync` and used as `Arc<dyn Port>`.
//! With the feature `mock` each has a `mockall` mock beside it.

pub mod audit_log;
pub mod clock;
pub mod guard;
pub mod idempotency;
pub mod identifiers;
pub mod image_processor;
pub mod image_repo;
pub mod image_store;
pub mod product_repo;
pub mod rate_limiter;
pub mod token_verifier;
pub mod upload_journal;

/// The cause that an adapter hands over with an error: for the log, never for a client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
