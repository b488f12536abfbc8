//! `database.url`, taken apart.
//!
//! Owns which texts are a database's URL, checked here because a driver would make a SQLite file of
//! any other text; refuses to show a password, in `Debug`, `Display` or an error.

mod postgres;

pub use postgres::PostgresUrl;

use std::fmt;
use std::path::PathBuf;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://relative/path` or `sqlite:///absolute/path`, taken literally: a file, made when missing.
    Sqlite(PathBuf),
    /// `postgres://` or `postgresql://`, as libpq knows them.
    Postgres(PostgresUrl),
}

/// Why some text is no database's URL: one sentence, which never repeats the text but for its scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Another scheme, or none.
    #[error("must start with sqlite://, postgres:// or postgresql://{}", .0.as_deref().map(|scheme| format!(", not with {scheme}://")).unwrap_or_default())]
    Scheme(
        /// The scheme, where there is one.
        Option<String>,
    ),
    /// No file name after `sqlite://`.
    #[error("must name a file, such as sqlite://data/packshot.db")]
    NoFile,
    /// `:memory:`.
    #[error("must name a file: every connection would have an in-memory database of its own")]
    InMemory,
    /// `?` in a SQLite URL.
    #[error("takes no parameters after a SQLite file name")]
    SqliteParameters,
    /// Something in a PostgreSQL URL.
    #[error("has {0}")]
    Part(&'static str),
}

impl DatabaseUrl {
    /// Takes `text` as a database's URL.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`] for everything but the forms of [`DatabaseUrl`]; it continues a sentence
    /// that begins with the name of the setting.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidDatabaseUrl::Scheme(None))?;
        match scheme {
            "sqlite" => parse_sqlite(rest).map(Self::Sqlite),
            "postgres" | "postgresql" => PostgresUrl::parse(rest).map(Self::Postgres),
            other => {
                let is_scheme = !other.is_empty() && other.bytes().all(|b| b.is_ascii_alphanumeric());
                Err(InvalidDatabaseUrl::Scheme(is_scheme.then(|| other.to_owned())))
            }
        }
    }
}

fn parse_sqlite(path: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    if path.contains(":memory:") {
        return Err(InvalidDatabaseUrl::InMemory);
    }
    if path.contains('?') {
        return Err(InvalidDatabaseUrl::SqliteParameters);
    }
    if path.is_empty() || path.ends_with('/') || path.chars().any(char::is_control) {
        return Err(InvalidDatabaseUrl::NoFile);
    }
    Ok(PathBuf::from(path))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => write!(f, "postgres://{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_paths_are_relative_or_absolute() {
        let path = |text| match DatabaseUrl::parse(text) {
            Ok(DatabaseUrl::Sqlite(path)) => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path("sqlite://data/packshot.db"), PathBuf::from("data/packshot.db"));
        assert_eq!(path("sqlite:///var/lib/packshot.db"), PathBuf::from("/var/lib/packshot.db"));
    }

    #[test]
    fn a_typo_never_becomes_a_file() {
        for bad in [
            "",
            "data.db",
            "sqlite:data.db",
            "sqlite://",
            "sqlite://data/",
            "sqlite://:memory:",
            "sqlite://a.db?mode=ro",
            "postgre://host/db",
            "postgres:host/db",
            "Postgres://host/db",
            "mysql://host/db",
        ] {
            assert!(DatabaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn errors_do_not_repeat_a_password() {
        for bad in ["postgre://u:hunter2@host/db", "postgres://u:hunter2@host:port/db", "postgres://u:%hunter2@host/db"]
        {
            let error = DatabaseUrl::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
