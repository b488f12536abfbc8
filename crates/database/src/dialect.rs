//! Everything in which SQLite and PostgreSQL differ.
//!
//! Owns the two connections behind one, the transactions, the row locks and the column types that
//! the databases spell differently; refuses to know a single table but for those locks and for search texts.
//! The surprising rule: [`query!`] compiles its body twice, once for each database, so a body may use
//! whatever both have, and needs no generics.

mod outdated;
mod types;

pub(crate) use types::{ImageKey, ImageKeySql, Moment, MomentSql};

use crate::schema::products;
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use std::time::Duration;

/// A connection to either database.
pub(crate) enum Connected<'a> {
    /// To PostgreSQL.
    Postgres(&'a mut PgConnection),
    /// To SQLite.
    Sqlite(&'a mut SqliteConnection),
}

/// Runs one expression on whichever database it is: `query!(connection, c => table.load(c))`.
macro_rules! query {
    ($connection:expr, $c:ident => $body:expr) => {
        match $connection {
            $crate::dialect::Connected::Postgres($c) => $body,
            $crate::dialect::Connected::Sqlite($c) => $body,
        }
    };
}
pub(crate) use query;

impl Connected<'_> {
    /// Runs `work` in a transaction that may write: committed on `Ok`, rolled back on `Err`.
    ///
    /// On SQLite it is the only writer from its start: two deferred transactions that turn into
    /// writers would fail with "database is locked" at once, whatever the busy timeout.
    pub(crate) fn write<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Postgres(c) => c.transaction(|c| work(&mut Connected::Postgres(c))),
            Self::Sqlite(c) => c.immediate_transaction(|c| work(&mut Connected::Sqlite(c))),
        }
    }

    /// Runs `work`, which only reads, on one unchanging state of the database.
    pub(crate) fn snapshot<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Postgres(c) => {
                c.build_transaction().repeatable_read().read_only().run(|c| work(&mut Connected::Postgres(c)))
            }
            Self::Sqlite(c) => c.transaction(|c| work(&mut Connected::Sqlite(c))),
        }
    }

    /// Like [`write`](Self::write), for work that may take long and may have to wait long for another
    /// process that does the same; `patience` is the usual one, for afterwards.
    pub(crate) fn write_patiently<T, E: From<Error>>(
        &mut self,
        patience: Duration,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let patient = match self {
            Self::Postgres(_) => "SET statement_timeout = 0; SET lock_timeout = 0;",
            Self::Sqlite(_) => "PRAGMA busy_timeout = 600000;",
        };
        query!(self, c => c.batch_execute(patient))?;
        let result = self.write(work);
        let usual = match self {
            Self::Postgres(_) => postgres_setup(patience),
            Self::Sqlite(_) => sqlite_setup(patience),
        };
        query!(self, c => c.batch_execute(&usual))?;
        result
    }

    /// Locks the product's row until the transaction ends, so that writers of one product's images
    /// run one after another; `false` when there is no such product.
    ///
    /// On SQLite the transaction is the only writer already.
    pub(crate) fn lock_product(&mut self, id: &str) -> QueryResult<bool> {
        let row = products::table.find(id).select(products::id);
        let found: Option<String> = match self {
            // Uploads of other transactions that only refer to the product are not held up by this lock.
            Self::Postgres(c) => row.for_no_key_update().first(*c).optional()?,
            Self::Sqlite(c) => row.first(*c).optional()?,
        };
        Ok(found.is_some())
    }

    /// The condition that a row is one of those that `rows` selects, given from its `FROM` on, of the same table, whose
    /// primary key has the columns `key`. Finding them again reads no other row.
    ///
    /// PostgreSQL would read the whole table where it takes that for cheaper, but for the rows' own places.
    pub(crate) fn is_one_of(&self, key: &str, rows: &str) -> String {
        match self {
            Self::Postgres(_) => format!("ctid = ANY (ARRAY (SELECT ctid {rows}))"),
            Self::Sqlite(_) => format!("({key}) IN (SELECT {key} {rows})"),
        }
    }

    /// Gives back the room of SQLite's write-ahead log, as far as no reader needs it.
    pub(crate) fn shorten_log(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(_) => Ok(()),
            Self::Sqlite(c) => c.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"),
        }
    }

    /// Waits for the transactions that hold a product with [`lock_product`](Self::lock_product), and holds up others
    /// until this one ends. The first lock that it takes.
    pub(crate) fn lock_every_product(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => c.batch_execute("LOCK TABLE products IN EXCLUSIVE MODE"),
            // A writing transaction is alone anyway.
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Holds up every other transaction that calls this with the same `name`, until this one ends.
    pub(crate) fn one_at_a_time(&mut self, name: Exclusive) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => c.batch_execute(&format!("SELECT pg_advisory_xact_lock({})", name as i64)),
            // A writing transaction is alone anyway.
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Writes the whole database, as it is in one moment, into the empty file at `path`; `false` where
    /// the database is a server.
    pub(crate) fn copy_to(&mut self, path: &str) -> QueryResult<bool> {
        match self {
            Self::Postgres(_) => Ok(false),
            Self::Sqlite(c) => {
                let copy = diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(path);
                copy.execute(*c).map(|_| true)
            }
        }
    }

    /// The server's clock; `None` where the database is embedded.
    pub(crate) fn time(&mut self) -> QueryResult<Option<DateTime<Utc>>> {
        match self {
            Self::Postgres(c) => {
                let moment: Moment =
                    diesel::select(diesel::dsl::sql::<MomentSql>("clock_timestamp()")).get_result(*c)?;
                Ok(Some(moment.0))
            }
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// What the server calls this connection, to end its query with [`cancel`](Self::cancel); `None` where the
    /// database is embedded.
    pub(crate) fn backend(&mut self) -> QueryResult<Option<i32>> {
        match self {
            Self::Postgres(c) => diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("pg_backend_pid()"))
                .get_result(*c)
                .map(Some),
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// Ends what the connection `backend` of the server is doing.
    pub(crate) fn cancel(&mut self, backend: i32) -> QueryResult<()> {
        if let Self::Postgres(c) = self {
            let cancel = diesel::sql_query("SELECT pg_cancel_backend($1)");
            cancel.bind::<diesel::sql_types::Integer, _>(backend).execute(*c)?;
        }
        Ok(())
    }

    /// Takes a [`cancel`](Self::cancel) that came too late, so that it hits nobody's next query.
    pub(crate) fn swallow_cancel(&mut self) {
        if let Self::Postgres(c) = self {
            // Its failure is what it is for; a lost connection shows when it is next checked.
            let _ = c.batch_execute("SELECT 1");
        }
    }

    /// The versions of the migrations that have been applied, in order; none where nothing was ever made.
    pub(crate) fn applied_migrations(&mut self) -> QueryResult<Vec<String>> {
        #[derive(QueryableByName)]
        struct Applied {
            #[diesel(sql_type = diesel::sql_types::Text)]
            version: String,
        }
        // Diesel's own function makes the table where it is missing.
        let table = match self {
            Self::Postgres(_) => {
                "SELECT 'there' AS version WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL"
            }
            Self::Sqlite(_) => "SELECT 'there' AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        };
        let table: Option<Applied> = query!(self, c => diesel::sql_query(table).get_result(*c).optional())?;
        if table.is_none() {
            return Ok(Vec::new());
        }
        let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
        let versions: Vec<Applied> = query!(self, c => diesel::sql_query(versions).load(*c))?;
        Ok(versions.into_iter().map(|applied| applied.version).collect())
    }

    /// The database's name and version.
    pub(crate) fn version(&mut self) -> QueryResult<String> {
        #[derive(QueryableByName)]
        struct Version {
            #[diesel(sql_type = diesel::sql_types::Text)]
            version: String,
        }
        let (name, sql) = match self {
            Self::Postgres(_) => ("PostgreSQL", "SELECT current_setting('server_version') AS version"),
            Self::Sqlite(_) => ("SQLite", "SELECT sqlite_version() AS version"),
        };
        let row: Version = query!(self, c => diesel::sql_query(sql).get_result(*c))?;
        // Debian's PostgreSQL says "15.8 (Debian 15.8-0+deb12u1)".
        let version = row.version.split(' ').next().unwrap_or_default();
        Ok(format!("{name} {version}"))
    }
}

/// What only one transaction may do at a time. The numbers are PostgreSQL's advisory lock keys:
/// arbitrary, and never to be changed while two versions of packshot may run together.
#[derive(Debug, Clone, Copy)]
#[repr(i64)]
pub(crate) enum Exclusive {
    /// Applying migrations.
    Migrations = 0x7061_636b_7368_0001,
    /// Claiming entries of the journal, which locks many rows.
    JournalClaim = 0x7061_636b_7368_0002,
    /// Writing texts in their new form.
    Renewal = 0x7061_636b_7368_0003,
}

/// What every connection to SQLite is told first; `patience` is how long it waits for another
/// process to finish writing.
///
/// `synchronous=FULL` on purpose: in WAL mode the default of many drivers, `NORMAL`, may lose the last
/// commits in a power cut, and a 201 promises that the row survives one.
pub(crate) fn sqlite_setup(patience: Duration) -> String {
    format!(
        "PRAGMA busy_timeout = {}; \
         PRAGMA foreign_keys = ON; \
         PRAGMA synchronous = FULL; \
         PRAGMA cache_size = -16384; \
         PRAGMA temp_store = MEMORY;",
        patience.as_millis()
    )
}

/// The same for a connection that only reads.
pub(crate) fn sqlite_reader_setup(patience: Duration) -> String {
    format!("{} PRAGMA query_only = ON;", sqlite_setup(patience))
}

/// Makes a SQLite file use a write-ahead log, so that readers and the writer do not wait for each
/// other; the file remembers it. The answer is the mode that it has now.
pub(crate) fn use_write_ahead_log(connection: &mut SqliteConnection) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = diesel::sql_types::Text)]
        journal_mode: String,
    }
    let mode: Mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result(connection)?;
    Ok(mode.journal_mode)
}

/// What every connection to PostgreSQL is told first: nothing may hang for ever, and a statement's
/// time bounds how long a failing database keeps a request. `patience` is for another's lock.
pub(crate) fn postgres_setup(patience: Duration) -> String {
    format!(
        "SET statement_timeout = '30s'; \
         SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = '60s'; \
         SET timezone = 'UTC';",
        patience.as_millis()
    )
}

/// The same for a connection that only reads; no statement of it runs longer than `read_timeout`.
pub(crate) fn postgres_reader_setup(patience: Duration, read_timeout: Duration) -> String {
    format!(
        "{} SET default_transaction_read_only = on; SET statement_timeout = {};",
        postgres_setup(patience),
        // 0 would be no limit.
        read_timeout.as_millis().max(1)
    )
}
