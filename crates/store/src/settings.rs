//! What a store is opened with, and why it was not.

use crate::url::StoreUrl;
use packshot_domain::ports::Cause;
use packshot_domain::storage::StoreId;
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
    /// Whose a folder must be, see [`Owner`].
    pub owner: Owner,
    /// The mode of files in a folder.
    pub file_mode: FileMode,
}

/// Which store a folder must be: a marker file in it says so. While the marker is not there, as where a volume is not
/// mounted, nothing is written to the folder, and nothing is said to be missing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// That one; nothing is made.
    Known(StoreId),
    /// None yet: the folder is made where it is missing, and marked as this one unless another process was faster.
    New(StoreId),
    /// Whichever it says; one without a marker is made and marked.
    Whoever,
}

/// The mode of image files: what the owner, the group and others may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u32);

/// Why some text is no mode of image files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be three octal digits, such as 0640: 6 for the owner, and 0, 4 or 6 for the group and for others")]
pub struct InvalidFileMode;

impl FileMode {
    /// Takes `text`, such as `0640`: the owner reads and writes, nobody executes.
    ///
    /// # Errors
    /// [`InvalidFileMode`].
    pub fn parse(text: &str) -> Result<Self, InvalidFileMode> {
        let digits = text.strip_prefix('0').unwrap_or(text).as_bytes();
        match digits {
            [b'6', group @ (b'0' | b'4' | b'6'), others @ (b'0' | b'4' | b'6')] => {
                Ok(Self(0o600 | u32::from(group - b'0') << 3 | u32::from(others - b'0')))
            }
            _ => Err(InvalidFileMode),
        }
    }

    /// The mode's bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The mode of folders: whoever may read may enter.
    #[must_use]
    pub fn folder_bits(self) -> u32 {
        self.0 | (self.0 & 0o444) >> 2
    }
}

impl Default for FileMode {
    /// `0644`: a web server may read them.
    fn default() -> Self {
        Self(0o644)
    }
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
            owner: Owner::Whoever,
            file_mode: FileMode::default(),
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
            .field("owner", &self.owner)
            .field("file_mode", &self.file_mode)
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

    #[test]
    fn of_all_modes_those_are_taken_that_suit_files_of_images() {
        let mut taken = 0;
        for bits in 0..=0o7777_u32 {
            let text = format!("{bits:04o}");
            let (owner, rest) = (bits >> 6 & 7, bits & 0o77);
            let good =
                bits < 0o1000 && owner == 6 && rest & 0o11 == 0 && rest & 0o44 == (rest & 0o44) | (rest & 0o22) << 1;
            let parsed = FileMode::parse(&text);
            assert_eq!(parsed.is_ok(), good, "{text}");
            let Ok(mode) = parsed else { continue };
            taken += 1;
            assert_eq!((mode.bits(), Ok(mode)), (bits, FileMode::parse(&text[1..])));
            for shift in [0, 3, 6] {
                let (file, folder) = (mode.bits() >> shift & 7, mode.folder_bits() >> shift & 7);
                assert_eq!(folder, if file & 4 == 0 { file } else { file | 1 }, "{text}");
            }
        }
        assert_eq!(taken, 9);
        for bad in ["", "0", "64", "00644", "644 ", "rw-r--r--", "0o644", "+644"] {
            assert_eq!(FileMode::parse(bad), Err(InvalidFileMode), "{bad}");
        }
    }
}
