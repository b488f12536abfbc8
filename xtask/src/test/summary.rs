//! What a run of `cargo test` came to, read from what it prints.
//!
//! Owns the reading of libtest's lines; refuses to judge.

use std::fmt;

/// Counts over all test binaries, and the names of what needs a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    passed: u64,
    failed: Vec<String>,
    ignored: Vec<String>,
    /// Suites that wrote themselves down as skipped, with the reason.
    pub(crate) skipped: Vec<String>,
}

impl Summary {
    /// Takes one line of output.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(totals) = line.strip_prefix("test result: ") {
            // Counted from the totals: with `--nocapture` a test's own words may stand in its line.
            let passed = totals.split_once(". ").and_then(|(_, counts)| counts.split_once(" passed"));
            self.passed += passed.and_then(|(count, _)| count.parse::<u64>().ok()).unwrap_or_default();
        }
        let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) else {
            return;
        };
        match outcome.split(',').next().unwrap_or_default() {
            "FAILED" => self.failed.push(name.to_owned()),
            "ignored" => self.ignored.push(name.to_owned()),
            _ => {}
        }
    }

    /// Whether no test was found at all.
    pub(crate) fn ran_nothing(&self) -> bool {
        self.passed == 0 && self.failed.is_empty()
    }

    /// Whether anything was not run.
    pub(crate) fn has_skips(&self) -> bool {
        !self.skipped.is_empty() || !self.ignored.is_empty()
    }

    /// One line that says what failed.
    pub(crate) fn failure(&self) -> String {
        match self.failed.as_slice() {
            [] => "the tests did not build or did not end".to_owned(),
            [one] => format!("1 test failed: {one}"),
            many => format!("{} tests failed: {}", many.len(), many.join(", ")),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.skipped.len() + self.ignored.len();
        write!(f, "tests: {} passed, {} failed, {skipped} skipped", self.passed, self.failed.len())?;
        for name in &self.failed {
            write!(f, "\n  failed:  {name}")?;
        }
        for name in self.skipped.iter().chain(&self.ignored) {
            write!(f, "\n  skipped: {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(output: &str) -> Summary {
        let mut summary = Summary::default();
        output.lines().for_each(|line| summary.read(line));
        summary
    }

    #[test]
    fn counts_over_several_binaries() {
        let output = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\n\
                      test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
                      test d ... ignored, slow\ntest src/x.rs - y (line 3) ... ok\n\n\
                      test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n";
        let summary = summary(output);
        assert_eq!(summary.to_string(), "tests: 2 passed, 1 failed, 1 skipped\n  failed:  a::c\n  skipped: d");
        assert_eq!(summary.failure(), "1 test failed: a::c");
        assert!(summary.has_skips());
    }

    #[test]
    fn a_run_without_tests_is_noticed() {
        assert!(summary("running 0 tests\n\ntest result: ok. 0 passed\n").ran_nothing());
        assert!(!summary("test result: ok. 3 passed; 0 failed\n").ran_nothing());
    }

    #[test]
    fn a_suite_that_skipped_itself_is_named() {
        let summary = Summary { skipped: vec!["store on S3: no server".to_owned()], ..Summary::default() };
        assert_eq!(summary.to_string(), "tests: 0 passed, 0 failed, 1 skipped\n  skipped: store on S3: no server");
    }
}
