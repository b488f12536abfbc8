//! Errors: diesel's, told apart into the ports' own, and those of opening.
//!
//! Owns the choice between "try again" and "our fault"; a library's error survives only as a source.

use crate::deadline;
use diesel::result::{DatabaseErrorKind, Error};
use packshot_domain::ports::Cause;
use packshot_domain::ports::product_repo::RepoError;
use std::path::PathBuf;

/// Why the database cannot be used at all: one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be opened or made.
    #[error("cannot open the database file {}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why, in one line.
        reason: String,
    },
    /// PostgreSQL does not answer, or does not let us in.
    #[error("cannot connect to the database at {address}: {reason}")]
    Connect {
        /// Where, without the password.
        address: String,
        /// Why, in one line.
        reason: String,
    },
    /// A newer packshot has been here.
    #[error(
        "the database is newer than this packshot, which does not know its migrations {}: use the newer packshot",
        .0.join(", ")
    )]
    Newer(
        /// The recorded migrations that this binary does not have.
        Vec<String>,
    ),
    /// It has not been migrated to this packshot, and whoever asked must not do it.
    #[error("the database is older than this packshot and lacks the migrations {}: run `packshot migrate`", .0.join(", "))]
    Older(
        /// The migrations of this binary that have not been applied.
        Vec<String>,
    ),
    /// A migration did not go through; the database is as it was.
    #[error("the database could not be migrated: {reason}")]
    Migration {
        /// Why, in one line.
        reason: String,
        /// The cause.
        #[source]
        source: Cause,
    },
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Migration { reason: one_line(&error.to_string()), source: Box::new(error) }
    }
}

/// libpq's messages have several lines.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// A query that went wrong: the ports' error, made from diesel's.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) RepoError);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if deadline::has_passed() {
            return Self(RepoError::TooSlow(Box::new(error)));
        }
        let is_ours = match &error {
            Error::DatabaseError(kind, information) => is_broken_rule(kind) || is_damage(information.message()),
            Error::NotFound
            | Error::QueryBuilderError(_)
            | Error::DeserializationError(_)
            | Error::SerializationError(_)
            | Error::InvalidCString(_)
            | Error::AlreadyInTransaction
            | Error::NotInTransaction => true,
            // A lost connection or a failed commit, and what diesel may add.
            _ => false,
        };
        Self(if is_ours { RepoError::Corrupt(Box::new(error)) } else { RepoError::Unavailable(Box::new(error)) })
    }
}

/// A rule of the schema that no code of ours should ever run into.
fn is_broken_rule(kind: &DatabaseErrorKind) -> bool {
    matches!(
        kind,
        DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::RestrictViolation
            | DatabaseErrorKind::ExclusionViolation
    )
}

/// SQLite's two messages for a file that is no sound database; diesel gives no code.
fn is_damage(message: &str) -> bool {
    message.contains("malformed") || message.contains("not a database")
}

impl Fault {
    /// Whether the disk of an embedded database had no room; diesel gives no code.
    pub(crate) fn is_full(&self) -> bool {
        matches!(&self.0, RepoError::Unavailable(cause) if cause.to_string().contains("disk is full"))
    }
}

impl From<BadRow> for Fault {
    fn from(bad: BadRow) -> Self {
        Self(RepoError::Corrupt(Box::new(bad)))
    }
}

impl From<Fault> for RepoError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

/// A row that no packshot could have written.
#[derive(Debug, thiserror::Error)]
#[error("bad {column}: {reason}")]
pub(crate) struct BadRow {
    column: &'static str,
    reason: String,
}

impl BadRow {
    pub(crate) fn new(column: &'static str, reason: impl std::fmt::Display) -> Self {
        Self { column, reason: reason.to_string() }
    }
}

/// Why a transaction was rolled back: for a reason of the domain, or because a query went wrong.
#[derive(Debug)]
pub(crate) enum Abort<R> {
    /// The domain's reason.
    Refused(R),
    /// A query went wrong.
    Failed(Fault),
}

impl<R> From<Error> for Abort<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl<R> From<Fault> for Abort<R> {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl<R: From<RepoError>> Abort<R> {
    /// The port's error that says the same.
    pub(crate) fn into_port(self) -> R {
        match self {
            Self::Refused(reason) => reason,
            Self::Failed(fault) => fault.0.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: DatabaseErrorKind, message: &str) -> RepoError {
        Fault::from(Error::DatabaseError(kind, Box::new(message.to_owned()))).0
    }

    #[test]
    fn a_busy_full_or_lost_database_is_unavailable() {
        for message in ["database is locked", "database or disk is full", "server closed the connection unexpectedly"] {
            assert!(matches!(fault(DatabaseErrorKind::Unknown, message), RepoError::Unavailable(_)), "{message}");
        }
        assert!(matches!(fault(DatabaseErrorKind::ClosedConnection, ""), RepoError::Unavailable(_)));
    }

    #[test]
    fn broken_rules_and_damaged_files_are_corrupt() {
        assert!(matches!(fault(DatabaseErrorKind::CheckViolation, ""), RepoError::Corrupt(_)));
        let message = "database disk image is malformed";
        assert!(matches!(fault(DatabaseErrorKind::Unknown, message), RepoError::Corrupt(_)));
    }
}
