//! What handlers can reach: the use cases and a few ports.
//!
//! Owns the list; names no adapter. The wiring builds it once, every worker shares it.

use crate::http::address::TrustedProxies;
use crate::http::pace::Pace;
use crate::jobs::Jobs;
use crate::routes::health::Readiness;
use crate::settings::MetricsAccess;
use crate::telemetry::metrics::Metrics;
use packshot_domain::catalog::Catalog;
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::ports::product_repo::ProductRepo;
use packshot_domain::ports::rate_limiter::RateLimiter;
use packshot_domain::ports::token_verifier::TokenVerifier;
use packshot_domain::upload::UploadImage;
use std::sync::Arc;
use std::time::Duration;

/// Everything that handlers can reach.
pub struct App {
    /// Reading, editing, deleting.
    pub catalog: Arc<Catalog>,
    /// Uploading.
    pub upload: Arc<UploadImage>,
    /// The database, asked whether it is there.
    pub products: Arc<dyn ProductRepo>,
    /// Image files, to serve.
    pub store: Arc<dyn ImageStore>,
    /// Tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// What `/readyz` found last.
    pub readiness: Readiness,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where uploads and deletions run to their end, whether or not their client stays.
    pub jobs: Jobs,
    /// What is counted and measured; `None` where nobody may read it.
    pub metrics: Option<Metrics>,
    /// How HTTP is spoken.
    pub http: HttpOptions,
}

/// How long connections are kept, and how many.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// At most so many at once; more wait until one ends.
    pub max_connections: usize,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long a connection without a request is kept.
    pub keep_alive: Duration,
    /// How slowly an answer may be taken.
    pub answer_pace: Pace,
    /// How long a connection is read on after its last answer, so that the answer is not lost in a reset.
    pub linger: Duration,
}

/// How HTTP is spoken.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// What stands before the slug in the `type` of a problem.
    pub type_base: String,
    /// What stands before `/products/…` in URLs of image files.
    pub public_base_url: String,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// Who is believed about addresses.
    pub trusted_proxies: TrustedProxies,
    /// Uploads of a user in an hour; 0 for no limit.
    pub per_user_hour: u32,
    /// Uploads from an address in an hour; 0 for no limit.
    pub per_address_hour: u32,
    /// Who may read the metrics.
    pub metrics_access: MetricsAccess,
    /// How much of a request that is too large is read.
    pub max_discarded_bytes: u64,
    /// How slowly a body may arrive.
    pub pace: Pace,
    /// How long connections are kept.
    pub connections: ConnectionLimits,
}
