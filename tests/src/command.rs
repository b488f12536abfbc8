//! The server's command line, run to its end.
//!
//! Owns the environment that a command gets: none of the variables from outside that the server, its
//! store or its database would read, and only the settings that the test names. Refuses to judge what it said.

use crate::binary::packshot;
use std::path::Path;
use std::process::Command;

/// What a command left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// What it wrote to stdout, when it ended well.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The one line that a failed command wrote to stderr.
    ///
    /// # Panics
    /// When it did not end with exit code 1, wrote another number of lines, or panicked.
    #[must_use]
    #[track_caller]
    pub fn one_line_of_failure(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        let lines: Vec<&str> = self.stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines.len(), 1, "{self:?}");
        assert!(!self.stderr.contains("panicked") && !self.stderr.contains("backtrace"), "{self:?}");
        lines[0]
    }
}

/// `packshot` in `folder`, with these settings in its environment and none besides.
#[must_use]
pub fn command<'a>(folder: &Path, settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Command {
    command_within(&[], folder, settings)
}

/// The same, started by another program: the words that come before it on the command line.
#[must_use]
pub fn command_within<'a>(
    wrapper: &[String],
    folder: &Path,
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Command {
    let mut command = match wrapper {
        [] => Command::new(packshot()),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(packshot());
            command
        }
    };
    command.current_dir(folder).env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
    for (name, _) in std::env::vars_os() {
        if ["PACKSHOT_", "AWS_", "PG"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.envs(settings);
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn finish(command: &mut Command) -> Finished {
    let output = command.output().expect("packshot can be started");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is text"),
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}
