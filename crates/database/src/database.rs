//! The database: opened, migrated and asked off the async threads.
//!
//! Owns where blocking work runs and how long anybody waits for a connection; refuses to know what is
//! asked. The surprising rule: on SQLite the writers of this process queue here, in order, instead of
//! polling SQLite's lock, which starves some of them when many write at once.

use crate::dialect::Connected;
use crate::fault::{Fault, OpenError};
use crate::migrations::{self, Migrated};
use crate::pool::{self, AnyPool, PoolLoad};
use crate::url::DatabaseUrl;
use packshot_domain::ports::product_repo::RepoError;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections of this process at most, at least 1.
    pub pool_size: u32,
    /// How long anything waits for a connection, or for a lock that another process holds, before the
    /// database counts as unavailable.
    pub connect_timeout: Duration,
    /// How long anything waits for the answer of a database server that has a connection but says nothing: longer
    /// than the server itself lets a statement run. What it was asked may happen all the same.
    pub answer_timeout: Duration,
}

impl DatabaseSettings {
    /// The database at `url`, with 10 connections, 3 seconds of patience for one and 40 seconds for an answer.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, pool_size: 10, connect_timeout: Duration::from_secs(3), answer_timeout: Duration::from_secs(40) }
    }
}

/// A database with a pool of connections; clones share it.
///
/// Implements the ports `ProductRepo`, `ImageRepo`, `UploadJournal`, `IdempotencyKeys` and
/// `RateLimiter`. A database that goes away makes them `Unavailable` within seconds, and they answer
/// again by themselves when it is back.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
    description: Arc<str>,
    /// One permit for each connection, so that waiting blocks no thread.
    connections: Arc<Semaphore>,
    /// One permit for each writer at a time.
    writers: Arc<Semaphore>,
    connect_timeout: Duration,
    /// `None` for the embedded database, which is never away.
    answer_timeout: Option<Duration>,
}

impl Database {
    /// Opens the database, and makes the SQLite file (mode 0600) in its folder, which must be there.
    /// Blocks for up to the connect timeout.
    ///
    /// # Errors
    /// [`OpenError::File`], [`OpenError::Connect`].
    pub fn open(settings: &DatabaseSettings) -> Result<Self, OpenError> {
        let size = settings.pool_size.max(1);
        let (pool, version) = AnyPool::open(&settings.url, size, settings.connect_timeout)?;
        let place = match &settings.url {
            DatabaseUrl::Sqlite(path) => path.display().to_string(),
            DatabaseUrl::Postgres(url) => url.to_string(),
        };
        let (writers, answer_timeout) = match &pool {
            AnyPool::Sqlite(_) => (1, None),
            AnyPool::Postgres(_) => (size as usize, Some(settings.answer_timeout)),
        };
        Ok(Self {
            pool,
            description: format!("{version} at {place}").into(),
            connections: Arc::new(Semaphore::new(size as usize)),
            writers: Arc::new(Semaphore::new(writers)),
            connect_timeout: settings.connect_timeout,
            answer_timeout,
        })
    }

    /// Applies the migrations that are pending, all or none; several processes may do it at once.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when a migration is recorded that this binary does not have,
    /// [`OpenError::Migration`]; nothing has changed then.
    pub fn migrate(&self) -> Result<Migrated, OpenError> {
        let pooled = self.pool.get();
        let mut pooled = pooled.map_err(|error| OpenError::Connect {
            address: self.description.to_string(),
            reason: crate::fault::one_line(&error.to_string()),
        })?;
        migrations::migrate(&mut pooled.connected(), self.connect_timeout)
    }

    /// Runs `work` at once, on this thread: for starts, when nobody is served yet.
    pub(crate) fn at_start<T>(&self, work: impl FnOnce(&mut Connected<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let pooled = self.pool.get();
        let mut pooled = pooled.map_err(|error| Fault(RepoError::Unavailable(Box::new(error))))?;
        work(&mut pooled.connected())
    }

    /// What and where it is, such as `SQLite 3.50.2 at data/packshot.db`; never a password.
    #[must_use]
    pub fn describe(&self) -> String {
        self.description.to_string()
    }

    /// Writes all of an embedded database, as it is in one moment, into the new file `path` (mode 0600),
    /// durably. Readers and writers go on meanwhile.
    ///
    /// # Errors
    /// [`RepoError::Unavailable`] when `path` is there and not empty, cannot be written, or the database
    /// is no embedded one.
    pub async fn copy_to(&self, path: &Path) -> Result<(), RepoError> {
        let path = path.to_owned();
        let copied: Result<(), Fault> = self.read(move |connection| copy_to(connection, &path)).await;
        Ok(copied?)
    }

    /// What its connections are doing.
    #[must_use]
    pub fn load(&self) -> PoolLoad {
        self.pool.load()
    }

    /// Runs `work`, which only reads, on a connection.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.run(None, work).await
    }

    /// Runs `work` in a transaction, committed when it returns `Ok`.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + From<diesel::result::Error> + Send + 'static,
    {
        let writer = self.permit(&self.writers, "writers").await?;
        self.run(Some(writer), |connection| connection.write(work)).await
    }

    async fn run<T, E>(
        &self,
        writer: Option<OwnedSemaphorePermit>,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let permit = self.permit(&self.connections, "connections").await?;
        let pool = self.pool.clone();
        let task = tokio::task::spawn_blocking(move || {
            // The permits belong to the work, which goes on when the caller stops waiting.
            let _permits = (permit, writer);
            let mut pooled = pool.get().map_err(|error| Fault(RepoError::Unavailable(Box::new(error))))?;
            work(&mut pooled.connected())
        });
        let done = match self.answer_timeout {
            None => task.await,
            Some(patience) => match timeout(patience, task).await {
                Ok(done) => done,
                Err(elapsed) => return Err(Fault(RepoError::Unavailable(Box::new(elapsed))).into()),
            },
        };
        match done {
            Ok(result) => result,
            // Cancelled: the runtime is shutting down.
            Err(error) if error.is_cancelled() => Err(Fault(RepoError::Unavailable(Box::new(error))).into()),
            Err(error) => Err(Fault(RepoError::Corrupt(Box::new(error))).into()),
        }
    }

    async fn permit(&self, semaphore: &Arc<Semaphore>, what: &str) -> Result<OwnedSemaphorePermit, Fault> {
        let busy = || Fault(RepoError::Unavailable(format!("all {what} to the database are busy").into()));
        match timeout(self.connect_timeout, Arc::clone(semaphore).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

fn copy_to(connection: &mut Connected<'_>, path: &Path) -> Result<(), Fault> {
    let unavailable = |error: std::io::Error| Fault(RepoError::Unavailable(Box::new(error)));
    let name = path.to_str().ok_or_else(|| unavailable(std::io::ErrorKind::InvalidFilename.into()))?;
    // SQLite would make it readable by others.
    pool::make_file(path).map_err(unavailable)?;
    if !connection.copy_to(name)? {
        return Err(unavailable(std::io::ErrorKind::Unsupported.into()));
    }
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(unavailable)
}
