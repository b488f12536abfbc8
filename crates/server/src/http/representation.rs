//! Answers that show something as it is now: JSON with an entity tag, read under preconditions.
//!
//! Owns what such an answer carries. The tag is strong: it follows from every byte of the body, so it changes
//! with whatever is shown, be it another row's.

use crate::http::entity_tag::digest;
use crate::http::json;
use crate::http::preconditions::{Current, Preconditions, Verdict, failed};
use crate::problem::Problem;
use crate::problem::mapping::FAILED;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, Utc};
use packshot_domain::ports::guard::Objection;
use serde::Serialize;

/// JSON that shows something.
#[derive(Debug)]
pub(crate) struct Representation {
    text: String,
    etag: EntityTag,
}

impl Representation {
    /// The representation that `value` is, see [`json::to_text`].
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no answer of ours is.
    pub(crate) fn new(value: &impl Serialize) -> Result<Self, Problem> {
        let text = json::to_text(value).map_err(|error| Problem::internal(FAILED, error))?;
        let etag = EntityTag::new_strong(digest(&text, 16));
        Ok(Self { text, etag })
    }

    /// The JSON text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The entity tag.
    pub(crate) fn etag(&self) -> &EntityTag {
        &self.etag
    }

    /// The answer to a read of what was last written at `changed_at`: 200, or 304 when the client has it already.
    ///
    /// # Errors
    /// A 412 when a precondition does not hold, a 400 when one cannot be read.
    pub(crate) fn read(
        self,
        request: &HttpRequest,
        changed_at: Option<DateTime<Utc>>,
    ) -> Result<HttpResponse, Problem> {
        let current = Current { etag: &self.etag, changed_at };
        let mut response = match Preconditions::of(request)?.verdict(request.method(), Some(current)) {
            Verdict::Proceed => HttpResponse::Ok(),
            Verdict::NotModified => HttpResponse::NotModified(),
            Verdict::Failed => return Err(failed()),
        };
        // Caches may keep it, but have to ask each time.
        response.insert_header((CACHE_CONTROL, "no-cache"));
        let response = self.answer(response);
        let is_known = response.status() == actix_web::http::StatusCode::NOT_MODIFIED;
        Ok(if is_known { response.drop_body().map_into_boxed_body() } else { response })
    }

    /// The answer to a write that left this behind.
    pub(crate) fn answer(self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.insert_header((ETAG, self.etag.to_string())).content_type("application/json").body(self.text)
    }
}

/// Asks the preconditions of a write about what is there now, as a guard does; `None` when there is nothing.
///
/// # Errors
/// [`Objection::Precondition`].
pub(crate) fn ask(
    preconditions: &Preconditions,
    method: &Method,
    current: Option<(&Representation, DateTime<Utc>)>,
) -> Result<(), Objection> {
    let current = current.map(|(shown, changed_at)| Current { etag: shown.etag(), changed_at: Some(changed_at) });
    match preconditions.verdict(method, current) {
        Verdict::Proceed => Ok(()),
        Verdict::NotModified | Verdict::Failed => Err(Objection::Precondition),
    }
}
