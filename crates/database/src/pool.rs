//! The pools: connections to one database, set up, checked before use, bounded in number and time.
//!
//! Owns opening the first connection by hand, because a pool loses the cause of a failure. Those that read and
//! those that write are apart, so that neither waits for the other's; those that read cannot write.

use crate::dialect::{self, Connected};
use crate::fault::{OpenError, one_line};
use crate::interrupt;
use crate::lanes::Widths;
use crate::url::{DatabaseUrl, PostgresUrl};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{
    ConnectionManager, CustomizeConnection, Error as PoolError, HandleError, Pool, PooledConnection, R2D2Connection,
};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections to one database of either kind.
#[derive(Clone)]
pub(crate) enum AnyPool {
    /// To PostgreSQL.
    Postgres(Pool<ConnectionManager<PgConnection>>),
    /// To SQLite.
    Sqlite(Pool<ConnectionManager<SqliteConnection>>),
}

/// Those that read and those that write; clones share them.
#[derive(Clone)]
pub(crate) struct Pools {
    /// For reads: the database refuses to write on them.
    pub(crate) readers: AnyPool,
    /// For transactions that write.
    pub(crate) writers: AnyPool,
    /// For what must go on while others work: ending a server's query, copying an embedded database.
    pub(crate) control: AnyPool,
}

impl Pools {
    /// Opens the database with one connection, so that a fault is known with its cause, then the pools; gives back
    /// the database's name and version too.
    pub(crate) fn open(
        url: &DatabaseUrl,
        widths: Widths,
        patience: Duration,
        read_timeout: Duration,
    ) -> Result<(Self, String), OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let (target, version) = open_file(path, patience)?;
                let pool = |size, idle, setup| AnyPool::Sqlite(pool(target.clone(), size, idle, patience, setup));
                let pools = Self {
                    readers: pool(widths.readers(), 1, dialect::sqlite_reader_setup(patience)),
                    writers: pool(widths.writes, 1, dialect::sqlite_setup(patience)),
                    control: pool(1, 0, dialect::sqlite_setup(patience)),
                };
                Ok((pools, version))
            }
            DatabaseUrl::Postgres(url) => {
                let (conninfo, version) = try_connect(url, patience)?;
                let pool = |size, idle, setup| AnyPool::Postgres(pool(conninfo.clone(), size, idle, patience, setup));
                let pools = Self {
                    readers: pool(widths.readers(), 1, dialect::postgres_reader_setup(patience, read_timeout)),
                    writers: pool(widths.writes, 1, dialect::postgres_setup(patience)),
                    control: pool(1, 0, dialect::postgres_setup(patience)),
                };
                Ok((pools, version))
            }
        }
    }

    /// What all their connections are doing.
    pub(crate) fn load(&self) -> PoolLoad {
        let loads = [&self.readers, &self.writers, &self.control].map(AnyPool::load);
        PoolLoad { open: loads.iter().map(|load| load.open).sum(), idle: loads.iter().map(|load| load.idle).sum() }
    }
}

/// A connection, given back to its pool when dropped.
pub(crate) enum Pooled {
    /// To PostgreSQL.
    Postgres(PooledConnection<ConnectionManager<PgConnection>>),
    /// To SQLite.
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
}

/// Connections, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLoad {
    /// Open ones, idle or not.
    pub open: u32,
    /// Those that nobody uses at this moment.
    pub idle: u32,
}

impl AnyPool {
    /// A connection; waits up to the connect timeout for one.
    pub(crate) fn get(&self) -> Result<Pooled, diesel::r2d2::PoolError> {
        match self {
            Self::Postgres(pool) => pool.get().map(Pooled::Postgres),
            Self::Sqlite(pool) => pool.get().map(Pooled::Sqlite),
        }
    }

    /// What its connections are doing.
    fn load(&self) -> PoolLoad {
        let state = match self {
            Self::Postgres(pool) => pool.state(),
            Self::Sqlite(pool) => pool.state(),
        };
        PoolLoad { open: state.connections, idle: state.idle_connections }
    }
}

impl Pooled {
    /// The connection.
    pub(crate) fn connected(&mut self) -> Connected<'_> {
        match self {
            Self::Postgres(pooled) => Connected::Postgres(pooled),
            Self::Sqlite(pooled) => Connected::Sqlite(pooled),
        }
    }
}

fn pool<C: R2D2Connection + Send + 'static>(
    target: String,
    size: u32,
    idle: u32,
    patience: Duration,
    setup: String,
) -> Pool<ConnectionManager<C>> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(idle))
        // A connection that the database dropped is replaced before anybody sees it.
        .test_on_check_out(true)
        .connection_timeout(patience)
        .connection_customizer(Box::new(Setup(setup)))
        .error_handler(Box::new(LogFailures))
        .build_unchecked(ConnectionManager::new(target))
}

/// Runs these statements on every new connection.
#[derive(Debug)]
struct Setup(String);

impl<C: SimpleConnection + 'static> CustomizeConnection<C, PoolError> for Setup {
    fn on_acquire(&self, connection: &mut C) -> Result<(), PoolError> {
        connection.batch_execute(&self.0).map_err(PoolError::QueryError)
    }
}

#[derive(Debug)]
struct LogFailures;

impl HandleError<PoolError> for LogFailures {
    fn handle_error(&self, error: PoolError) {
        tracing::warn!(error = %one_line(&error.to_string()), "no connection to the database");
    }
}

/// Opens or makes the file: what to give SQLite as its name, and its version.
fn open_file(path: &Path, patience: Duration) -> Result<(String, String), OpenError> {
    let fail = |reason: String| OpenError::File { path: path.to_owned(), reason: one_line(&reason) };
    if !interrupt::install() {
        return Err(fail("SQLite has no memory".to_owned()));
    }
    make_file(path).map_err(|error| fail(error.to_string()))?;
    // SQLite takes names that begin with "file:" for URIs; no path with a slash in front does.
    let target = if path.is_absolute() { path.to_owned() } else { PathBuf::from(".").join(path) };
    let target = target.to_str().ok_or_else(|| fail("its name is no UTF-8".to_owned()))?.to_owned();
    let mut connection = SqliteConnection::establish(&target).map_err(|error| fail(error.to_string()))?;
    let version = prepare_file(&mut connection, patience).map_err(|error| fail(error.to_string()))?;
    Ok((target, version))
}

fn prepare_file(connection: &mut SqliteConnection, patience: Duration) -> QueryResult<String> {
    connection.batch_execute(&dialect::sqlite_setup(patience))?;
    let mode = dialect::use_write_ahead_log(connection)?;
    if mode != "wal" {
        // Some network file systems; it works all the same, one at a time.
        tracing::warn!(
            mode,
            "this file system gives SQLite no write-ahead log: readers and writers wait for each other"
        );
    }
    Connected::Sqlite(connection).version()
}

/// Makes the file where it is missing, readable by its owner alone. SQLite gives its side files the
/// same mode.
pub(crate) fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.clone().create_new(true).open(path) {
        Ok(_) => {
            // The file's name must survive a power cut too.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            #[cfg(unix)]
            File::open(folder)?.sync_all()?;
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => options.open(path).map(|_| ()),
        Err(error) => Err(error),
    }
}

fn try_connect(url: &PostgresUrl, patience: Duration) -> Result<(String, String), OpenError> {
    let fail = |reason: String| OpenError::Connect { address: url.to_string(), reason: one_line(&reason) };
    let conninfo = url.conninfo(patience);
    let mut connection = PgConnection::establish(&conninfo).map_err(|error| fail(error.to_string()))?;
    let version = Connected::Postgres(&mut connection).version().map_err(|error| fail(error.to_string()))?;
    Ok((conninfo, version))
}
