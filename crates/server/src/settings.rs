//! The settings: what can be set, its defaults, and what a good value is.
//!
//! Owns the names that a TOML file and the environment use; [`load`] alone reads either.
//! Refuses to know what the values do: the wiring hands each adapter its own part.

pub mod load;
mod values;
mod variables;
mod variants;

pub use variants::VariantSettings;
pub(crate) use variants::specs as variant_specs;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use validator::Validate;

/// A year: more than any wait needs, and little enough to be added to any moment.
const MAX_SECONDS: u64 = 31_536_000;
/// A day.
const MAX_MS: u64 = 86_400_000;
/// As many threads as any machine is worth.
const MAX_WORKERS: usize = 1024;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[server]`
    #[validate(nested)]
    pub server: ServerSettings,
    /// `[database]`
    #[validate(nested)]
    pub database: DatabaseSettings,
    /// `[storage]`
    pub storage: StorageSettings,
    /// `[auth]`
    #[validate(nested)]
    pub auth: AuthSettings,
    /// `[limits]`
    #[validate(nested)]
    pub limits: LimitSettings,
    /// `[imaging]`
    #[validate(nested)]
    pub imaging: ImagingSettings,
    /// `[sweep]`
    #[validate(nested)]
    pub sweep: SweepSettings,
    /// `[audit]`
    #[validate(nested)]
    pub audit: AuditSettings,
    /// `[errors]`
    #[validate(nested)]
    pub errors: ErrorSettings,
    /// `[log]`
    #[validate(nested)]
    pub log: LogSettings,
    /// `[metrics]`
    pub metrics: MetricsSettings,
    /// `[telemetry]`
    #[validate(nested)]
    pub telemetry: TelemetrySettings,
    /// `[variants.NAME]`; the customer's four besides the original where there is none.
    pub variants: BTreeMap<String, VariantSettings>,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Address and port to listen on.
    #[validate(custom(function = "values::bind"))]
    pub bind: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call from; `*` for all.
    #[validate(custom(function = "values::origins"))]
    pub cors_origins: Vec<String>,
    /// What stands before `/products/…` in the URLs of answers.
    #[validate(custom(function = "values::base_url"))]
    pub public_base_url: String,
    /// Threads that serve requests; 0 for one a core.
    #[validate(range(max = MAX_WORKERS))]
    pub workers: usize,
    /// Whether another process holds the socket and starts the server again when a signal killed it.
    pub supervise: bool,
    /// How long a shutdown waits for running requests, in seconds.
    #[validate(range(max = MAX_SECONDS))]
    pub shutdown_timeout_seconds: u64,
    /// Connections at once; more wait until one ends.
    #[validate(range(min = 1))]
    pub max_connections: usize,
    /// How long a request's head may take to arrive, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub head_timeout_seconds: u64,
    /// How long a request's body may take to arrive, whatever its size, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub body_timeout_seconds: u64,
    /// A body gets a second more for so many bytes that have arrived.
    #[validate(range(min = 1))]
    pub min_body_bytes_per_second: u32,
    /// How long a client may take nothing of an answer, in seconds; 0 for `body_timeout_seconds`.
    #[validate(range(max = MAX_SECONDS))]
    pub answer_timeout_seconds: u64,
    /// How much of an answer a client must take in a second; 0 for `min_body_bytes_per_second`.
    pub min_answer_bytes_per_second: u32,
    /// How long a connection without a request is kept, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub keep_alive_seconds: u64,
    /// How long a connection is read on after its last answer, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub linger_seconds: u64,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// `sqlite://…` or `postgres://…`
    #[serde(serialize_with = "expose")]
    pub url: SecretString,
    /// Connections at most, but three at least: one that writes, one that looks up, one that lists.
    #[validate(range(min = 1, max = 1000))]
    pub pool_size: u32,
    /// How long a read may take, in milliseconds; past it, 503.
    #[validate(range(min = 1, max = 600_000))]
    pub read_timeout_ms: u64,
}

/// `[storage]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// `file://…`, `s3://…`, `az://…`, `gs://…` or `memory://`
    pub url: String,
    /// Options of the store, such as `endpoint` and `region`.
    #[serde(skip_serializing)]
    pub options: BTreeMap<String, SecretString>,
    /// The mode of image files in a folder, in octal digits; folders let those enter who may read.
    pub file_mode: String,
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// The secret of HS256 tokens, at least 32 bytes.
    #[serde(skip_serializing)]
    pub hs256_secret: Option<SecretString>,
    /// Where the secret is kept when it is not set; made on the first start.
    pub hs256_secret_file: PathBuf,
    /// A JWKS: a path or an HTTPS URL. Excludes the secret.
    pub jwks: Option<String>,
    /// How long a key that the JWKS no longer has goes on working, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub jwks_max_age_seconds: u64,
    /// The issuer that tokens must name.
    pub issuer: Option<String>,
    /// The audience that tokens must name.
    pub audience: Option<String>,
    /// Roles that may write.
    #[validate(length(min = 1, message = "must name at least one"))]
    pub admin_roles: Vec<String>,
    /// Where a token names its roles, as dotted paths.
    #[validate(length(min = 1, message = "must name at least one"))]
    pub role_claims: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Uploads of a user in an hour; 0 for no limit.
    pub per_user_hour: u32,
    /// Uploads from an address in an hour; 0 for no limit.
    pub per_address_hour: u32,
    /// Uploads to a product in a day; 0 for no limit.
    pub per_product_day: u32,
    /// How much of a request that is too large is read before the connection is closed.
    #[validate(range(min = 5_242_880))]
    pub max_discarded_bytes: u64,
}

/// `[imaging]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ImagingSettings {
    /// Pictures worked on at once; 0 for one a core.
    #[validate(range(max = MAX_WORKERS))]
    pub workers: usize,
    /// Memory that pictures in work may take together, in MiB; 0 for 128 a worker. One that alone takes more is
    /// worked on alone.
    pub memory_mib: u64,
    /// Best pictures for their bytes, or less work for each.
    pub profile: ProfileSetting,
    /// How long an upload waits for a free worker, in milliseconds.
    #[validate(range(min = 1, max = MAX_MS))]
    pub max_wait_ms: u64,
    /// Processor time that one picture may cost, in milliseconds; past it, it is refused.
    #[validate(range(min = 1, max = MAX_MS))]
    pub max_cpu_ms: u64,
}

/// What variants are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileSetting {
    /// The best picture for its bytes.
    Quality,
    /// About half the work.
    Fast,
}

/// `[sweep]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SweepSettings {
    /// How often the server sweeps, in seconds.
    #[validate(range(min = 1, max = MAX_SECONDS))]
    pub interval_seconds: u64,
    /// Uploads begun less than this many seconds ago may still be running.
    #[validate(range(min = 1))]
    pub grace_seconds: u32,
}

/// `[audit]`
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// How long entries of the audit log are kept, in days; 0 for ever.
    #[validate(range(max = 36_500))]
    pub keep_days: u32,
}

/// `[errors]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorSettings {
    /// What stands before the slug in the `type` of a problem.
    #[validate(custom(function = "values::base_url"))]
    pub type_base: String,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `text` or `json`.
    pub format: LogFormat,
    /// Least level, or a filter such as `info,packshot_server=debug`.
    #[validate(custom(function = "values::log_filter"))]
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[metrics]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Who may read `/metrics`.
    pub access: MetricsAccess,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Nobody: it is not there.
    Off,
    /// Whoever has an admin's token.
    #[default]
    Admin,
    /// Everybody.
    Public,
}

/// `[telemetry]`
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// An OpenTelemetry collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.
    #[validate(custom(function = "values::collector"))]
    pub otlp_endpoint: Option<String>,
}

impl Settings {
    /// Writes what is plainly meant as it is needed; what cannot be meant stays, for the validation to refuse.
    fn normalize(&mut self) {
        for text in &mut self.server.cors_origins {
            if let Some(origin) = values::origin(text) {
                *text = origin;
            }
        }
        for text in [&mut self.server.public_base_url, &mut self.errors.type_base] {
            text.truncate(text.trim_end_matches('/').len());
        }
        self.log.level = values::tidy_filter(&self.log.level);
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8000".to_owned(),
            trusted_proxies: Vec::new(),
            cors_origins: vec!["*".to_owned()],
            public_base_url: "/static/img".to_owned(),
            workers: 0,
            supervise: false,
            shutdown_timeout_seconds: 30,
            max_connections: 25_000,
            head_timeout_seconds: 10,
            body_timeout_seconds: 30,
            min_body_bytes_per_second: 1024,
            answer_timeout_seconds: 0,
            min_answer_bytes_per_second: 0,
            keep_alive_seconds: 75,
            linger_seconds: 10,
        }
    }
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { url: SecretString::from("sqlite://data/packshot.db"), pool_size: 10, read_timeout_ms: 5_000 }
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self { url: "file://data/images".to_owned(), options: BTreeMap::new(), file_mode: "0644".to_owned() }
    }
}

impl Default for AuthSettings {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            hs256_secret: None,
            hs256_secret_file: PathBuf::from("data/hs256.secret"),
            jwks: None,
            jwks_max_age_seconds: 300,
            issuer: None,
            audience: None,
            admin_roles: owned(&["admin"]),
            role_claims: owned(&["role", "roles", "scope", "realm_access.roles"]),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { per_user_hour: 50, per_address_hour: 100, per_product_day: 1000, max_discarded_bytes: 64 << 20 }
    }
}

impl Default for ImagingSettings {
    fn default() -> Self {
        Self { workers: 0, memory_mib: 0, profile: ProfileSetting::Quality, max_wait_ms: 10_000, max_cpu_ms: 20_000 }
    }
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self { interval_seconds: 60, grace_seconds: 900 }
    }
}

impl Default for ErrorSettings {
    fn default() -> Self {
        Self { type_base: "https://example.com/errors".to_owned() }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// Only the defaults are ever serialized (see [`load`]), and no default is secret.
fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret;
    serializer.serialize_str(secret.expose_secret())
}
