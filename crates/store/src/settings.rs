//! What a store is opened with, and why it was not.

use crate::url::StoreUrl;
use packshot_domain::ports::Cause;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What a store is opened with.
#[derive(Clone)]
pub struct StoreSettings {
    /// Which store.
    pub url: StoreUrl,
    /// Options of the backend by `object_store`'s names without its prefix, such as `endpoint`,
    /// `region`, `access_key_id`, `secret_access_key` (S3), `account_name`, `access_key` (Azure),
    /// `service_account_path` (Google). They go before the environment. `region` is taken for Azure and
    /// Google too, where it is only what answers say. An `endpoint` with `http://` allows plain HTTP.
    pub options: BTreeMap<String, String>,
    /// Variables of the environment: those named `AWS_…`, `AZURE_…` or `GOOGLE_…` are used by the
    /// backend that they belong to, as far as it knows them.
    pub environment: BTreeMap<String, String>,
    /// A connection that is not there after this time is given up.
    pub connect_timeout: Duration,
    /// A request whose answer, or the next piece of it, does not come for this time is given up. An answer
    /// that keeps coming may take as long as it likes: whoever reads it may be slow.
    pub read_timeout: Duration,
    /// A request that failed is not tried again after this time.
    pub retry_timeout: Duration,
    /// A request that failed is tried again this many times at most.
    pub max_retries: usize,
    /// The backend is asked whether it is there for this long at most.
    pub ping_timeout: Duration,
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The backend has no such option.
    #[error("unknown option '{key}' for {backend}")]
    UnknownOption {
        /// The option.
        key: String,
        /// What it was given to.
        backend: &'static str,
    },
    /// An option says what the URL says already.
    #[error("the option '{key}' is what the store's URL says")]
    OptionInUrl {
        /// The option.
        key: String,
    },
    /// The folder cannot be made, read or written to.
    #[error("the folder {} cannot be used", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: Cause,
    },
    /// The backend's client cannot be made of these options: one is missing or has a bad value.
    #[error("{backend} cannot be set up")]
    Backend {
        /// The backend.
        backend: &'static str,
        /// What it says.
        #[source]
        cause: Cause,
    },
}

impl StoreSettings {
    /// The store at `url`, without options and environment, with the default patience: a few seconds.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self {
            url,
            options: BTreeMap::new(),
            environment: BTreeMap::new(),
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(20),
            retry_timeout: Duration::from_secs(5),
            max_retries: 3,
            ping_timeout: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for StoreSettings {
    /// Shows names of options and variables, never their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings")
            .field("url", &self.url)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .field("environment", &self.environment.keys().collect::<Vec<_>>())
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("retry_timeout", &self.retry_timeout)
            .field("max_retries", &self.max_retries)
            .field("ping_timeout", &self.ping_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let mut settings = StoreSettings::new(StoreUrl::Memory);
        settings.options.insert("secret_access_key".into(), "hunter2".into());
        settings.environment.insert("AWS_SECRET_ACCESS_KEY".into(), "hunter3".into());
        let shown = format!("{settings:?}");
        assert!(shown.contains("secret_access_key") && !shown.contains("hunter"), "{shown}");
    }
}
