//! Writes problems: every error response that leaves the server passes here.
//!
//! Owns the body of problems, the framework's own errors and panics included, and logs the cause of
//! a server error once, under the request's id.

use crate::app::App;
use crate::http::unread::Unread;
use crate::problem::mapping::FAILED;
use crate::problem::{Problem, Slug};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Runs the request and gives every error response its body.
///
/// # Errors
/// Whatever the inner layers return; handlers return responses only.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // No clone of the request may be held here: the router needs it to itself.
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(if is_error(response.status()) { rewrite(response) } else { response })
}

/// Turns a panic of a handler into a response. Stands around each resource, where routing is done.
///
/// # Errors
/// Whatever the handler returns.
pub async fn catch_panics(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let http_request = request.request().clone();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(outcome) => outcome.map(ServiceResponse::map_into_boxed_body),
        Err(panic) => {
            let problem = Problem::internal(FAILED, panic_text(&*panic));
            Ok(ServiceResponse::from_err(problem, http_request))
        }
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn rewrite(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    let (request, mut response) = response.into_parts();
    let framework;
    let problem = match response.error().and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => problem,
        None if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON) => {
            return ServiceResponse::new(request, response);
        }
        None => {
            framework = of_framework(status, response.error().map(ToString::to_string));
            &framework
        }
    };
    if let Some(cause) = &problem.cause {
        log(problem, cause.as_ref());
    }
    let body = body(&request, problem);
    *response.status_mut() = problem.slug.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.remove(CONTENT_LENGTH);
    let unread = response.extensions_mut().remove::<Unread>();
    let body = match unread {
        Some(unread) => unread.end_with(body),
        None => BoxBody::new(body),
    };
    ServiceResponse::new(request, HttpResponse::set_body(response, body))
}

/// What the framework refused by itself.
fn of_framework(status: StatusCode, cause: Option<String>) -> Problem {
    let slug = Slug::of_status(status);
    match slug {
        Slug::NotFound => Problem::new(slug, "There is nothing at this address."),
        Slug::MethodNotAllowed => Problem::new(slug, "This address does not answer this method."),
        Slug::Internal => Problem::internal(FAILED, cause.unwrap_or_else(|| status.to_string())),
        slug if slug.status().is_client_error() => {
            // The framework's texts about a client's own request name nothing of ours.
            let text = cause.unwrap_or_default();
            let text = text.trim_end_matches('.');
            Problem::new(slug, if text.is_empty() { slug.title().to_owned() } else { format!("{text}.") })
        }
        slug => Problem::new(slug, slug.title()),
    }
}

/// The problem's body, for the request that it answers.
#[must_use]
pub fn body(request: &HttpRequest, problem: &Problem) -> String {
    let type_base = request.app_data::<web::Data<App>>().map_or("about:blank", |app| app.http.type_base.as_str());
    problem.body(type_base, &instance(request.path())).to_string()
}

/// The path without the `/api` prefix.
fn instance(path: &str) -> String {
    match path.strip_prefix("/api") {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}

fn log(problem: &Problem, cause: &(dyn std::error::Error + 'static)) {
    let chain: Vec<String> =
        std::iter::successors(Some(cause), |error| error.source()).map(ToString::to_string).collect();
    tracing::error!(status = problem.slug.status().as_u16(), cause = chain.join(": "), "a request failed");
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("panic: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_leaves_out_the_prefix_only() {
        for (path, expected) in [("/api/files", "/files"), ("/files", "/files"), ("/apis", "/apis"), ("/api", "/")] {
            assert_eq!(instance(path), expected);
        }
    }
}
