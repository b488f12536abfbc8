//! Preconditions of requests (RFC 9110, 13): what a client says that it has seen.
//!
//! Owns how the header fields are read and the order in which they count (13.2.2). Its surprising rule: a list
//! of entity tags that cannot be read is a 400 where it guards something, since to pass over it would be to
//! overwrite what the client wanted to keep.

use crate::problem::{Problem, Slug};
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    EntityTag, HeaderMap, HeaderName, HttpDate, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use chrono::{DateTime, Utc};
use std::time::SystemTime;

/// The preconditions of one request.
#[derive(Debug, Clone)]
pub(crate) struct Preconditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    if_unmodified_since: Option<SystemTime>,
}

/// What `If-Match` and `If-None-Match` name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

/// An entity tag of a client (RFC 9110, 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    opaque: String,
}

/// A representation as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current<'a> {
    /// Its entity tag.
    pub(crate) etag: &'a EntityTag,
    /// When it was last written, where that is known.
    pub(crate) changed_at: Option<DateTime<Utc>>,
}

/// What the preconditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They hold, or there are none.
    Proceed,
    /// The client has it already: 304, for reads alone.
    NotModified,
    /// One does not hold: 412.
    Failed,
}

impl Preconditions {
    /// The preconditions of this request.
    ///
    /// # Errors
    /// A 400 when a list of entity tags cannot be read; but of a read, such an `If-None-Match` asks for nothing.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let headers = request.headers();
        let if_none_match = match tags(headers, &IF_NONE_MATCH) {
            Err(_) if is_read(request.method()) => None,
            read => read?,
        };
        let date = headers.get_all(IF_UNMODIFIED_SINCE).collect::<Vec<_>>();
        // What is no date, and so are two, is to be ignored (13.1.4).
        let date = match date.as_slice() {
            [date] => date.to_str().ok().and_then(|text| text.trim().parse::<HttpDate>().ok()),
            _ => None,
        };
        Ok(Self { if_match: tags(headers, &IF_MATCH)?, if_none_match, if_unmodified_since: date.map(SystemTime::from) })
    }

    /// Whether there is nothing to ask.
    pub(crate) fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none() && self.if_unmodified_since.is_none()
    }

    /// Asks them of what is there now, in the order of RFC 9110, 13.2.2; `None` when there is nothing.
    pub(crate) fn verdict(&self, method: &Method, current: Option<Current<'_>>) -> Verdict {
        let holds = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => current.is_some_and(|current| tags.match_strongly(current.etag)),
            // Without a date it is to be ignored (13.1.4).
            (None, Some(date)) => {
                let changed_at = current.and_then(|current| current.changed_at);
                changed_at.is_none_or(|time| whole_seconds(time) <= date)
            }
            (None, None) => true,
        };
        if !holds {
            return Verdict::Failed;
        }
        let seen = self
            .if_none_match
            .as_ref()
            .is_some_and(|tags| current.is_some_and(|current| tags.match_weakly(current.etag)));
        match seen {
            false => Verdict::Proceed,
            true if is_read(method) => Verdict::NotModified,
            true => Verdict::Failed,
        }
    }
}

impl Tags {
    fn match_strongly(&self, etag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| !tag.is_weak && !etag.weak && tag.opaque == etag.tag()),
        }
    }

    fn match_weakly(&self, etag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag.opaque == etag.tag()),
        }
    }
}

/// A precondition that does not hold.
pub(crate) fn failed() -> Problem {
    Problem::new(
        Slug::PreconditionFailed,
        "It is not in the state that the request's preconditions name. Read it again and decide anew.",
    )
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// HTTP dates have whole seconds.
fn whole_seconds(time: DateTime<Utc>) -> SystemTime {
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

/// The tags of a field, which may stand in several lines; `None` when there is no such field.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut lines = headers.get_all(name).peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    let bad = || Problem::new(Slug::BadRequest, format!("{name} must be `*` or a list of entity tags in quotes."));
    // Each byte as a character: opaque parts may hold bytes beyond ASCII.
    let lines: Vec<String> = lines.map(|line| line.as_bytes().iter().copied().map(char::from).collect()).collect();
    let text = lines.join(",");
    if text.trim_matches([' ', '\t']) == "*" {
        return Ok(Some(Tags::Any));
    }
    list(&text).map(|tags| Some(Tags::These(tags))).ok_or_else(bad)
}

/// A list of entity tags (8.8.3), whose opaque parts may hold commas; empty elements are passed over (5.6.1.2).
fn list(text: &str) -> Option<Vec<Tag>> {
    let space = |c: char| c == ' ' || c == '\t';
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches(|c| space(c) || c == ',');
    while !rest.is_empty() {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (opaque, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        // A space, which no tag holds, makes one that matches nothing.
        tags.push(Tag { is_weak, opaque: opaque.to_owned() });
        let behind = behind.trim_start_matches(space);
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches(|c| space(c) || c == ',');
    }
    Some(tags)
}

#[cfg(test)]
mod tests;
