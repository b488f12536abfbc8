//! An HTTP answer, and the questions that tests put to it.
//!
//! Owns what every problem must look like (RFC 9457 and the contract's members); refuses to know which
//! request it answers.

use serde_json::Value;

/// What a server answered, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, with their values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; `None` when it is not there.
    ///
    /// # Panics
    /// When it is there more than once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let values: Vec<&str> =
            self.headers.iter().filter(|(other, _)| *other == name).map(|(_, value)| value.as_str()).collect();
        assert!(values.len() <= 1, "{name} stands {} times: {values:?}", values.len());
        values.first().copied()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}) in {}", self.shown()))
    }

    /// The same answer, when it has this status.
    ///
    /// # Panics
    /// When it has another one; shows the whole answer.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// The problem that this answer is, with the five members that every one has and no members besides
    /// these `extensions`.
    ///
    /// # Panics
    /// When it is no such problem: status, media type, members, `instance` or `type` are not as they must be.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str, instance: &str, extensions: &[&str]) -> Value {
        let shown = self.shown();
        let problem = self.any_problem(instance);
        assert_eq!(self.status, status, "{shown}");
        assert_eq!(problem["type"], format!("https://example.com/errors/{slug}"), "{shown}");
        let mut members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = ["type", "title", "status", "detail", "instance"].to_vec();
        expected.extend(extensions);
        members.sort_unstable();
        expected.sort_unstable();
        assert_eq!(members, expected, "{shown}");
        problem
    }

    /// The problem that this answer is, of whatever kind.
    ///
    /// # Panics
    /// When it is no problem as RFC 9457 and the contract have it.
    #[must_use]
    #[track_caller]
    pub fn any_problem(&self, instance: &str) -> Value {
        let shown = self.shown();
        assert!(self.status >= 400, "no error: {shown}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{shown}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{shown}");
        assert_eq!(problem["instance"], instance, "{shown}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "`{member}`: {shown}");
        }
        problem
    }

    /// The problem that this answer is, when it says that something is down and when to come again.
    ///
    /// # Panics
    /// When it is another answer, or tells more than that.
    #[track_caller]
    pub fn unavailable(&self, instance: &str) {
        let problem = self.problem(503, "unavailable", instance, &[]);
        let wait = self.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
        assert!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), "{}", self.shown());
        let detail = problem["detail"].as_str().unwrap_or_default();
        for secret in ["127.0.0.1", "localhost", "test-", "SQL", "s3:", "error", "socket", "/tmp"] {
            assert!(!detail.contains(secret), "{secret}: {}", self.shown());
        }
    }

    /// The fields that a validation problem names, in order.
    ///
    /// # Panics
    /// When an entry of `errors` lacks a field or a message, or there is none.
    #[must_use]
    #[track_caller]
    pub fn invalid_fields(&self, instance: &str) -> Vec<String> {
        let problem = self.problem(422, "validation", instance, &["errors"]);
        assert_eq!(problem["title"], "Validation failed");
        let errors = problem["errors"].as_array().expect("errors is a list");
        assert!(!errors.is_empty(), "{}", self.shown());
        for error in errors {
            assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.shown());
            assert_eq!(error.as_object().map(serde_json::Map::len), Some(2), "{}", self.shown());
        }
        errors.iter().map(|error| error["field"].as_str().expect("field is text").to_owned()).collect()
    }

    /// The answer as a person would read it.
    #[must_use]
    pub fn shown(&self) -> String {
        let body = if self.body.len() > 4000 { format!("{} bytes", self.body.len()) } else { self.text() };
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{}\n{}\n\n{body}", self.status, headers.join("\n"))
    }
}
