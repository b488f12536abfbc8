//! Problem details (RFC 9457): every error that the server answers.
//!
//! Owns the list of slugs with their titles and statuses, and the body's shape. [`mapping`] is the
//! one place that turns a use case's error into a problem; [`crate::http::render`] is the one place
//! that writes it. A problem's cause is for the log and never reaches the body.

pub mod mapping;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Map, Value, json};
use std::fmt;

/// What kind of problem it is; part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slug {
    /// The request cannot be understood.
    BadRequest,
    /// No token, or a bad one.
    Unauthorized,
    /// A good token without the role.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The thing is there but does not do this.
    MethodNotAllowed,
    /// The client was too slow.
    RequestTimeout,
    /// The request collides with one that is running.
    Conflict,
    /// The thing is not in the state that the client counts on.
    PreconditionFailed,
    /// The file is too large.
    FileTooLarge,
    /// A body that is no file is too large.
    PayloadTooLarge,
    /// The file or the body is of a type that is not taken.
    UnsupportedMediaType,
    /// No byte of the range exists.
    RangeNotSatisfiable,
    /// A field or the picture breaks a rule.
    Validation,
    /// Too many uploads.
    RateLimited,
    /// The request's header fields are too large.
    HeadersTooLarge,
    /// Our fault.
    Internal,
    /// Something that we need is down, or there is too much to do.
    Unavailable,
}

impl Slug {
    /// All of them, in the order of their statuses.
    pub const ALL: [Self; 17] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::FileTooLarge,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::Validation,
        Self::RateLimited,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The last segment of the problem's `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The problem's `title`.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.row().2
    }

    /// What it means and what to do about it, for the page at `/errors/{slug}`.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        self.row().3
    }

    fn row(self) -> (&'static str, &'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BadRequest => (
                "bad-request",
                "Bad Request",
                S::BAD_REQUEST,
                "The request could not be understood: a required field or header is missing, appears twice, or is malformed. Mend what the detail names and send it again.",
            ),
            Self::Unauthorized => (
                "unauthorized",
                "Unauthorized",
                S::UNAUTHORIZED,
                "This endpoint needs an Authorization header with a bearer token that is valid now. Get a new token and send the request again.",
            ),
            Self::Forbidden => {
                ("forbidden", "Forbidden", S::FORBIDDEN, "The token is good, but its holder is not an administrator.")
            }
            Self::NotFound => (
                "not-found",
                "Not Found",
                S::NOT_FOUND,
                "There is nothing under this address or identifier, or it has been deleted.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "Method Not Allowed",
                S::METHOD_NOT_ALLOWED,
                "The address exists, but not for this method. The Allow header lists the methods that it answers.",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                "Request Timeout",
                S::REQUEST_TIMEOUT,
                "The request took too long to arrive. Send it again over a better connection.",
            ),
            Self::Conflict => (
                "conflict",
                "Conflict",
                S::CONFLICT,
                "The first request with this Idempotency-Key is still being worked on. Wait a moment and send it again.",
            ),
            Self::PreconditionFailed => (
                "precondition-failed",
                "Precondition Failed",
                S::PRECONDITION_FAILED,
                "The request was to be carried out only under conditions (If-Match, If-None-Match, If-Unmodified-Since), and they do not hold: it has been changed, made or deleted since. Nothing was changed. Read it again, and decide anew.",
            ),
            Self::FileTooLarge => (
                "file-too-large",
                "File Too Large",
                S::PAYLOAD_TOO_LARGE,
                "The file has more bytes than maxSize. Compress or shrink it before uploading.",
            ),
            Self::PayloadTooLarge => (
                "payload-too-large",
                "Payload Too Large",
                S::PAYLOAD_TOO_LARGE,
                "The request's body is larger than this endpoint takes.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "Unsupported Media Type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "The content is of a type that is not taken here; allowedTypes lists those that are. Images are recognised by their content, not by their name.",
            ),
            Self::RangeNotSatisfiable => (
                "range-not-satisfiable",
                "Range Not Satisfiable",
                S::RANGE_NOT_SATISFIABLE,
                "The range asked for lies outside the file. Content-Range gives the file's size.",
            ),
            Self::Validation => (
                "validation",
                "Validation failed",
                S::UNPROCESSABLE_ENTITY,
                "The request is well-formed, but fields break a rule, or the picture is damaged, animated, too small or too large. The errors member lists each field with what is wrong.",
            ),
            Self::RateLimited => (
                "rate-limited",
                "Too Many Requests",
                S::TOO_MANY_REQUESTS,
                "Too many uploads in too short a time. Retry-After says in how many seconds the next one is taken.",
            ),
            Self::HeadersTooLarge => (
                "headers-too-large",
                "Request Header Fields Too Large",
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The request's header fields are larger than the server takes.",
            ),
            Self::Internal => (
                "internal",
                "Internal Server Error",
                S::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side. The response's X-Request-Id finds it in the server's log.",
            ),
            Self::Unavailable => (
                "unavailable",
                "Service Unavailable",
                S::SERVICE_UNAVAILABLE,
                "The service is overloaded, or something that it needs is down. Retry-After says when to try again.",
            ),
        }
    }

    /// The slug of a status that the framework answered by itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PRECONDITION_FAILED => Self::PreconditionFailed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::RangeNotSatisfiable,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Validation,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadersTooLarge,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            other if other.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// One problem, before it is written.
#[derive(Debug)]
pub struct Problem {
    /// Its kind.
    pub slug: Slug,
    /// What happened this time: one sentence for the client, nothing secret.
    pub detail: String,
    /// Further members of the body; boxed, so that a `Result` stays small.
    pub extensions: Box<Map<String, Value>>,
    /// Header fields of the response.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What went wrong, for the log.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(slug: Slug, detail: impl Into<String>) -> Self {
        Self { slug, detail: detail.into(), extensions: Box::default(), headers: Vec::new(), cause: None }
    }

    /// Fields that break a rule, as the `errors` member.
    #[must_use]
    pub fn fields<F: AsRef<str>, M: AsRef<str>>(
        slug: Slug,
        detail: impl Into<String>,
        errors: impl IntoIterator<Item = (F, M)>,
    ) -> Self {
        let entry = |(field, message): (F, M)| json!({ "field": field.as_ref(), "message": message.as_ref() });
        let errors = errors.into_iter().map(entry).collect();
        Self::new(slug, detail).with("errors", Value::Array(errors))
    }

    /// Our own fault: the cause goes to the log, a general sentence to the client.
    #[must_use]
    pub fn internal(detail: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Slug::Internal, detail) }
    }

    /// Something that we need is down: another try in `retry_after_seconds` may go through.
    #[must_use]
    pub fn unavailable(retry_after_seconds: u64, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = "The service is temporarily unavailable. Try again later.";
        Self { cause: Some(cause.into()), ..Self::new(Slug::Unavailable, detail) }.retry_after(retry_after_seconds)
    }

    /// The same with one more member in the body.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(member.to_owned(), value.into());
        self
    }

    /// The same with one more header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The body, for this `instance` and base of the `type`.
    #[must_use]
    pub fn body(&self, type_base: &str, instance: &str) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("{type_base}/{}", self.slug.as_str()).into());
        body.insert("title".to_owned(), self.slug.title().into());
        body.insert("status".to_owned(), self.slug.status().as_u16().into());
        body.insert("detail".to_owned(), self.detail.clone().into());
        body.insert("instance".to_owned(), instance.into());
        body.extend(self.extensions.as_ref().clone());
        Value::Object(body)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.slug.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

/// Lets handlers return problems; the body is written later, where the request is known.
impl actix_web::ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.slug.status()
    }

    fn error_response(&self) -> actix_web::HttpResponse {
        let mut response = actix_web::HttpResponse::build(self.status_code());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_members_of_rfc_9457_then_the_extensions() {
        let problem = Problem::new(Slug::FileTooLarge, "Too large.").with("maxSize", 5_242_880);
        let body = problem.body("https://example.com/errors", "/files");
        assert_eq!(
            body.to_string(),
            concat!(
                r#"{"type":"https://example.com/errors/file-too-large","title":"File Too Large","status":413,"#,
                r#""detail":"Too large.","instance":"/files","maxSize":5242880}"#
            )
        );
    }

    #[test]
    fn slugs_are_distinct_and_their_statuses_are_errors() {
        for (at, slug) in Slug::ALL.iter().enumerate() {
            assert!(slug.status().is_client_error() || slug.status().is_server_error(), "{slug:?}");
            assert!(!Slug::ALL[at + 1..].iter().any(|other| other.as_str() == slug.as_str()), "{slug:?}");
        }
    }
}
