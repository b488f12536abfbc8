//! The migrations: compiled in, one folder for each database, applied under a lock.
//!
//! Owns the check that no newer packshot has been here. All pending migrations of a start are one
//! transaction: the database is as before, or wholly migrated. What SQL cannot do follows them (`renewal`).

use crate::dialect::{Connected, Exclusive};
use crate::fault::{OpenError, one_line};
use crate::renewal;
use diesel::backend::Backend;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use packshot_domain::ports::Cause;
use std::time::Duration;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The names of the migrations that were applied now, in order.
    pub applied: Vec<String>,
    /// How many rows had texts in an older form, which were written anew.
    pub renewed_rows: u64,
}

/// Applies what is pending; several processes may do it at once.
pub(crate) fn migrate(connection: &mut Connected<'_>, patience: Duration) -> Result<Migrated, OpenError> {
    let applied = connection.write_patiently(patience, |connection| {
        connection.one_at_a_time(Exclusive::Migrations)?;
        match connection {
            Connected::Postgres(c) => apply(*c, POSTGRES),
            Connected::Sqlite(c) => apply(*c, SQLITE),
        }
    })?;
    Ok(Migrated { applied, renewed_rows: renewal::renew(connection, patience)? })
}

fn apply<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    source: EmbeddedMigrations,
) -> Result<Vec<String>, OpenError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = source.migrations().map_err(failed)?;
    let mut unknown: Vec<String> = connection
        .applied_migrations()
        .map_err(failed)?
        .iter()
        .filter(|version| !known.iter().any(|migration| migration.name().version() == **version))
        .map(MigrationVersion::to_string)
        .collect();
    if !unknown.is_empty() {
        unknown.sort();
        return Err(OpenError::Newer(unknown));
    }
    let mut applied = Vec::new();
    for migration in connection.pending_migrations(source).map_err(failed)? {
        connection.run_migration(&*migration).map_err(failed)?;
        applied.push(migration.name().to_string());
    }
    Ok(applied)
}

/// Whether all the migrations of this binary, and no others, have been applied; changes nothing.
pub(crate) fn require_current(connection: &mut Connected<'_>) -> Result<(), OpenError> {
    let known = match connection {
        Connected::Postgres(_) => names::<Pg>(&POSTGRES),
        Connected::Sqlite(_) => names::<Sqlite>(&SQLITE),
    }?;
    let applied = connection.applied_migrations()?;
    let unknown: Vec<String> =
        applied.iter().filter(|&version| !known.iter().any(|(known, _)| known == version)).cloned().collect();
    if !unknown.is_empty() {
        return Err(OpenError::Newer(unknown));
    }
    let missing: Vec<String> =
        known.into_iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name).collect();
    if missing.is_empty() { Ok(()) } else { Err(OpenError::Older(missing)) }
}

/// The version and the name of each migration.
fn names<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<(String, String)>, OpenError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations = source.migrations().map_err(failed)?;
    Ok(migrations
        .iter()
        .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
        .collect())
}

fn failed(source: Cause) -> OpenError {
    OpenError::Migration { reason: one_line(&source.to_string()), source }
}
