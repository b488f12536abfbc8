//! Where a server of a test keeps its rows and files: on this machine alone, or in servers that many share.
//!
//! Owns the four combinations, and the PostgreSQL and S3 servers behind them, which are started when the
//! first test of a program needs them and shared by all its tests. Refuses to share what is in them: each
//! test has a database and a bucket of its own.

use packshot_contract::servers::NoServer;
use packshot_contract::servers::postgres::{NoCluster, PostgresCluster};
use packshot_contract::servers::s3::S3Server;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A database and a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backends {
    on_postgres: bool,
    on_s3: bool,
}

impl Backends {
    /// What a server uses by itself.
    pub const SQLITE_AND_DISK: Self = Self { on_postgres: false, on_s3: false };
    /// The embedded database, files in a bucket.
    pub const SQLITE_AND_S3: Self = Self { on_postgres: false, on_s3: true };
    /// A database server, files on disk.
    pub const POSTGRES_AND_DISK: Self = Self { on_postgres: true, on_s3: false };
    /// What several instances can share.
    pub const POSTGRES_AND_S3: Self = Self { on_postgres: true, on_s3: true };
}

/// The PostgreSQL cluster that the tests of this program share.
///
/// # Panics
/// When it cannot be started; says what to install.
#[must_use]
pub fn postgres() -> &'static PostgresCluster {
    // Never dropped, as statics are: the end of the process stops it.
    static CLUSTER: LazyLock<Result<PostgresCluster, NoCluster>> = LazyLock::new(PostgresCluster::start);
    CLUSTER.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

/// The S3 server that the tests of this program share.
///
/// # Panics
/// When it cannot be started; says what to install.
#[must_use]
pub fn s3() -> &'static S3Server {
    static SERVER: LazyLock<Result<S3Server, NoServer>> = LazyLock::new(S3Server::start);
    SERVER.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

/// The folder, the database and the bucket of one test; gone with it, but for the bucket, which is in memory.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    database: Option<String>,
    bucket: Option<String>,
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn new(backends: Backends) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: backends.on_postgres.then(|| postgres().create_database().expect("a database")),
            bucket: backends.on_s3.then(new_bucket),
        }
    }

    /// The folder that servers are started in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The bucket; `None` on disk.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// The name of the database in the [`postgres`] cluster; `None` on SQLite.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref().and_then(|url| url.rsplit('/').next())
    }

    /// The settings that lead a server here.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let database = self.database.iter().map(|url| ("PACKSHOT_DATABASE__URL".to_owned(), url.clone()));
        let store = self.bucket.iter().flat_map(|bucket| {
            let options = s3().options().into_iter();
            let options =
                options.map(|(key, value)| (format!("PACKSHOT_STORAGE__OPTIONS__{}", key.to_uppercase()), value));
            options.chain([("PACKSHOT_STORAGE__URL".to_owned(), format!("s3://{bucket}"))])
        });
        database.chain(store).collect()
    }

    /// The image files, with paths such as `prod_789/large/prod_789_0123456789ab.jpg`, sorted.
    ///
    /// # Panics
    /// When the S3 server does not list them.
    #[must_use]
    pub fn stored_files(&self) -> Vec<PathBuf> {
        self.stored_files_in(self.folder())
    }

    /// The same, where the folder is seen at another path.
    pub(crate) fn stored_files_in(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = match &self.bucket {
            Some(bucket) => {
                s3().keys(bucket).expect("the bucket can be listed").into_iter().map(PathBuf::from).collect()
            }
            None => {
                let root = folder.join("data/images");
                let mut files = Vec::new();
                collect(&root, &mut files);
                // What says which folder it is.
                files.retain(|file| !file.ends_with(".packshot-store") && !file.ends_with(".packshot-tmp/adopted"));
                files.iter().filter_map(|file| file.strip_prefix(&root).ok().map(Path::to_path_buf)).collect()
            }
        };
        files.sort();
        files
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(url) = &self.database {
            // What stays goes with the cluster.
            let _ = postgres().drop_database(url);
        }
    }
}

fn new_bucket() -> String {
    static BUCKETS: AtomicU32 = AtomicU32::new(0);
    let name = format!("test-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
    s3().create_bucket(&name).expect("a bucket");
    name
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
