//! Who calls: the bearer token of a request (RFC 6750).
//!
//! Owns the 401 and 403 answers; refuses to know what a token looks like inside. An extractor, so a
//! request without a good token is answered before its body is read.

use crate::app::App;
use crate::http::request_id::RequestId;
use crate::problem::mapping::FAILED;
use crate::problem::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{FromRequest, HttpRequest, web};
use packshot_domain::access::{Caller, Origin, UserName};
use packshot_domain::ports::token_verifier::TokenError;
use std::future::Future;
use std::pin::Pin;

/// An administrator: a good token with one of the admin roles.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Their name, and where the request comes from.
    pub origin: Origin,
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Caller { user, is_admin } = authenticate(&request).await?;
            if !is_admin {
                let upload = request.method() == actix_web::http::Method::POST;
                let what = if upload { "upload" } else { "change" };
                let detail = format!("Insufficient permissions to {what} product images.");
                return Err(Problem::new(Slug::Forbidden, detail));
            }
            origin(&request, user).map(|origin| Self { origin })
        })
    }
}

fn app(request: &HttpRequest) -> Result<&web::Data<App>, Problem> {
    request.app_data().ok_or_else(|| Problem::internal(FAILED, "the app data is missing"))
}

fn origin(request: &HttpRequest, user: UserName) -> Result<Origin, Problem> {
    let app = app(request)?;
    let address = request.peer_addr().map(|peer| app.http.trusted_proxies.client(peer.ip(), request.headers()));
    let request_id = RequestId::of(request).map(|id| id.as_str().to_owned());
    Ok(Origin { user, address, request_id, at: app.clock.now() })
}

async fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let app = app(request)?;
    let header = request.headers().get(AUTHORIZATION).ok_or_else(|| unauthorized(r"Bearer"))?;
    let token = header.to_str().ok().and_then(bearer).ok_or_else(|| unauthorized(r"Bearer"))?;
    app.verifier.verify(token).await.map_err(|error| match error {
        TokenError::Invalid(cause) => {
            tracing::info!(cause = %cause, "a token was refused");
            unauthorized(r#"Bearer error="invalid_token""#)
        }
        TokenError::Unavailable(cause) => Problem::unavailable(5, cause),
    })
}

/// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthorized(challenge: &'static str) -> Problem {
    Problem::new(Slug::Unauthorized, "Missing or invalid Authorization header.")
        .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_taken() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }
}
