//! The database: opened, migrated and asked off the async threads.
//!
//! Owns where blocking work runs, how long anybody waits for a connection and for an answer, and that a read ends
//! when its time is over or nobody waits for it any more; refuses to know what is asked. The surprising rule: on
//! SQLite the writers of this process queue here, in order, instead of polling SQLite's lock, which starves some
//! of them when many write at once.

use crate::cancel::Cancel;
use crate::deadline::Deadline;
use crate::dialect::Connected;
use crate::fault::{Fault, OpenError};
use crate::lanes::{Lane, Lanes, Widths};
use crate::migrations::{self, Migrated};
use crate::pool::{self, AnyPool, PoolLoad, Pooled, Pools};
use crate::reserve::Reserve;
use crate::url::DatabaseUrl;
use chrono::{DateTime, Utc};
use packshot_domain::ports::product_repo::RepoError;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections of this process at most, but for one that ends queries and copies; at least 3.
    pub pool_size: u32,
    /// How long a read may take; then it is ended and answered [`RepoError::TooSlow`].
    pub read_timeout: Duration,
    /// How long anything waits for a connection, or for a lock that another process holds, before the
    /// database counts as unavailable.
    pub connect_timeout: Duration,
    /// How long anything waits for the answer of a database server that has a connection but says nothing: longer
    /// than the server itself lets a statement run. What it was asked may happen all the same.
    pub answer_timeout: Duration,
}

impl DatabaseSettings {
    /// The database at `url`, with 10 connections, 3 seconds of patience for one, 5 seconds for a read and
    /// 40 seconds for any answer.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            pool_size: 10,
            read_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(40),
        }
    }
}

/// A database with a pool of connections; clones share it.
///
/// Implements the ports `ProductRepo`, `ImageRepo`, `UploadJournal`, `IdempotencyKeys` and
/// `RateLimiter`. A database that goes away makes them `Unavailable` within seconds, and they answer
/// again by themselves when it is back.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    description: Arc<str>,
    lanes: Lanes,
    connect_timeout: Duration,
    read_timeout: Duration,
    /// The embedded database's, whether this process holds it or not.
    reserve: Option<Arc<Reserve>>,
    holds_reserve: bool,
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
        let is_embedded = matches!(settings.url, DatabaseUrl::Sqlite(_));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let widths = Widths::share(settings.pool_size, is_embedded, u32::try_from(cores).unwrap_or(u32::MAX));
        let (pools, version) = Pools::open(&settings.url, widths, settings.connect_timeout, settings.read_timeout)?;
        let place = match &settings.url {
            DatabaseUrl::Sqlite(path) => path.display().to_string(),
            DatabaseUrl::Postgres(url) => url.to_string(),
        };
        Ok(Self {
            pools,
            description: format!("{version} at {place}").into(),
            lanes: Lanes::new(widths, settings.connect_timeout),
            connect_timeout: settings.connect_timeout,
            reserve: match &settings.url {
                DatabaseUrl::Sqlite(path) => Some(Arc::new(Reserve::of(path))),
                DatabaseUrl::Postgres(_) => None,
            },
            holds_reserve: false,
            read_timeout: settings.read_timeout,
            answer_timeout: (!is_embedded).then_some(settings.answer_timeout),
        })
    }

    /// Applies the migrations that are pending, all or none, and writes texts that are in an older form anew, some at
    /// a time; several processes may do it at once. One that breaks off is taken up by the next.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when a migration is recorded that this binary does not have, and nothing has changed then;
    /// [`OpenError::Migration`].
    pub fn migrate(&self) -> Result<Migrated, OpenError> {
        migrations::migrate(&mut self.pooled()?.connected(), self.connect_timeout)
    }

    /// Sees to it that the database has all the migrations of this binary and no others, and changes nothing.
    ///
    /// # Errors
    /// [`OpenError::Older`], [`OpenError::Newer`], or [`OpenError::Connect`] when it cannot be asked.
    pub fn require_current(&self) -> Result<(), OpenError> {
        migrations::require_current(&mut self.pooled()?.connected())
    }

    fn pooled(&self) -> Result<Pooled, OpenError> {
        self.pools.writers.get().map_err(|error| OpenError::Connect {
            address: self.description.to_string(),
            reason: crate::fault::one_line(&error.to_string()),
        })
    }

    /// Runs `work` at once, on this thread: for starts, when nobody is served yet.
    pub(crate) fn at_start<T>(&self, work: impl FnOnce(&mut Connected<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let pooled = self.pools.writers.get();
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
        // It may take long: no turn of a lane is held meanwhile.
        let copied: Result<(), Fault> = self.run(&self.pools.control, (), move |c| copy_to(c, &path)).await;
        Ok(copied?)
    }

    /// What time it is at the database server; `None` for an embedded database, which goes by this machine's clock.
    ///
    /// # Errors
    /// [`RepoError`].
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, RepoError> {
        let time: Result<_, Fault> = self.read(|connection| Ok(connection.time()?)).await;
        Ok(time?)
    }

    /// What its connections are doing.
    #[must_use]
    pub fn load(&self) -> PoolLoad {
        self.pools.load()
    }

    /// Runs `work`, a read whose cost does not grow with the table, on a connection.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let turn = self.lanes.turn(Lane::Lookup).await?;
        let deadline = Deadline::after(self.read_timeout);
        let _abandon = Abandon(deadline.clone());
        self.run(&self.pools.readers, turn, move |connection| deadline.within(|| work(connection))).await
    }

    /// Runs `work`, a read whose cost may grow with the table, on a connection; ends it when its time is over or
    /// the returned future is dropped.
    pub(crate) async fn list<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + From<diesel::result::Error> + Send + 'static,
    {
        let turn = self.lanes.turn(Lane::List).await?;
        let deadline = Deadline::after(self.read_timeout);
        let cancel = Cancel::new(self.pools.control.clone(), deadline.clone());
        let watched = cancel.watched();
        let mut running = std::pin::pin!(self.run(&self.pools.readers, turn, move |connection| {
            deadline.within(|| watched.during(connection, work))
        }));
        match timeout(self.read_timeout, &mut running).await {
            Ok(done) => {
                cancel.disarm();
                done
            }
            Err(_) => {
                // SQLite ends by itself; a server is told. Either way the work says what became of it.
                drop(cancel);
                running.await
            }
        }
    }

    /// Holds room beside an embedded database from now on, so that rows can be removed when the disk is full; while
    /// that room has been used, nothing is added. To be called by whoever writes for long.
    pub fn hold_reserve(&mut self) {
        self.holds_reserve = true;
        if let Err(error) = self.held().map_or(Ok(()), |reserve| reserve.hold()) {
            tracing::warn!(%error, "the disk of the database is full");
        }
    }

    /// The reserve, where this process holds it.
    pub(crate) fn held(&self) -> Option<Arc<Reserve>> {
        self.reserve.clone().filter(|_| self.holds_reserve)
    }

    /// Runs `work`, which only removes, in a transaction: on a full disk with the room that is held for that.
    pub(crate) async fn remove<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, Fault> + Clone + Send + 'static,
    ) -> Result<T, Fault> {
        match (self.transact(work.clone()).await, self.reserve.clone()) {
            (Err(fault), Some(reserve)) if fault.is_full() => {
                tracing::warn!(
                    "the disk of the database is full: rows are removed with the room that is held for that"
                );
                let turn = self.lanes.turn(Lane::Write).await?;
                let make_room = self.run(&self.pools.writers, turn, move |connection| {
                    // Perhaps it has been used before.
                    let _ = reserve.release();
                    Ok::<_, Fault>(connection.shorten_log()?)
                });
                // The second try says what it is.
                let _ = make_room.await;
                self.transact(work).await
            }
            (done, _) => done,
        }
    }

    /// Runs `work` in a transaction, committed when it returns `Ok`. Nothing is written while the room that is held
    /// for removals has been used.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + From<diesel::result::Error> + Send + 'static,
    {
        let held = self.held();
        self.transact(move |connection| {
            // Alone: the transaction is the only writer.
            let room = held.map_or(Ok(()), |reserve| reserve.hold());
            room.map_err(|error| Fault(RepoError::Unavailable(Box::new(error))))?;
            work(connection)
        })
        .await
    }

    async fn transact<T, E>(
        &self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + From<diesel::result::Error> + Send + 'static,
    {
        let turn = self.lanes.turn(Lane::Write).await?;
        self.run(&self.pools.writers, turn, |connection| connection.write(work)).await
    }

    /// Runs `work` on a connection of `pool`, off the async threads; `turn` is held until it has ended.
    async fn run<T, E>(
        &self,
        pool: &AnyPool,
        turn: impl Send + 'static,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let pool = pool.clone();
        let task = tokio::task::spawn_blocking(move || {
            // The turn belongs to the work, which goes on when the caller stops waiting.
            let _turn = turn;
            let mut pooled = pool.get().map_err(|error| Fault(RepoError::Unavailable(Box::new(error))))?;
            work(&mut pooled.connected())
        });
        match self.answer(task).await? {
            Ok(result) => result,
            // Cancelled: the runtime is shutting down.
            Err(error) if error.is_cancelled() => Err(Fault(RepoError::Unavailable(Box::new(error))).into()),
            Err(error) => Err(Fault(RepoError::Corrupt(Box::new(error))).into()),
        }
    }

    /// Waits for `task`, for a server no longer than it may take to answer anything.
    async fn answer<T>(&self, task: JoinHandle<T>) -> Result<Result<T, JoinError>, Fault> {
        let Some(patience) = self.answer_timeout else { return Ok(task.await) };
        timeout(patience, task).await.map_err(|elapsed| Fault(RepoError::Unavailable(Box::new(elapsed))))
    }
}

/// Lets a read end when nobody waits for it any more.
struct Abandon(Deadline);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests;

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
