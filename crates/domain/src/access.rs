//! Who is calling, and what they may do.
//!
//! Owns the questions that every write asks (who, from where, and is it an admin); refuses to know tokens.

use chrono::{DateTime, Utc};
use std::net::IpAddr;

/// Somebody whose token was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that `uploadedBy` shows and that limits count.
    pub user: UserName,
    /// Whether one of the configured admin roles was found.
    pub is_admin: bool,
}

/// Where a write comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who makes it.
    pub user: UserName,
    /// From which network address; `None` for the command line.
    pub address: Option<IpAddr>,
    /// By which request, as its log lines name it.
    pub request_id: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The name of a caller as the token gives it: 1 to 255 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// Why some text is no user name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to 255 characters and no control characters")]
pub struct InvalidUserName;

impl UserName {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 255;

    /// Takes `text` as a user name.
    ///
    /// # Errors
    /// [`InvalidUserName`] when it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidUserName> {
        let chars = text.chars().count();
        if chars == 0 || chars > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(InvalidUserName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
