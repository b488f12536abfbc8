//! Throwaway servers for tests: started from programs that the machine has, gone when the test is.
//!
//! Owns their life; refuses to skip: where a program is missing, the test fails and says what to install.

pub mod azurite;
pub mod postgres;
pub mod s3;
pub(crate) mod supervised;

use std::fmt;

/// Why there is no server: one line for whoever runs the tests.
#[derive(Debug)]
pub struct NoServer(String);

impl NoServer {
    pub(crate) fn new(what: &str, why: impl fmt::Display) -> Self {
        let why = why.to_string();
        Self(format!(
            "{what}: {}",
            why.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ")
        ))
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoServer {}
