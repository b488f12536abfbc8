//! How a request's body is coded (RFC 9110, 8.4).
//!
//! Owns which codings are undone before anybody reads the body: those that the server's own libraries know. Who
//! asks for a body in another one gets an error, and the client a 415 with those that would be taken, so that
//! callers are judged first. Refuses to bound what a body unfolds to: whoever reads one does.

use crate::problem::{Problem, Slug};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Decompress, Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ContentEncoding, HeaderMap, HeaderValue,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use futures_util::{StreamExt, stream};
use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;

const TAKEN: &str = "gzip, deflate, identity";

/// Undoes the coding of the request's body.
///
/// # Errors
/// Whatever the inner layers return.
pub(crate) async fn decode(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match coding(request.headers()) {
        Some(ContentEncoding::Identity) => {}
        Some(coding) => {
            let decoded = Decompress::new(request.take_payload(), coding);
            // After an error there is nothing to read.
            let decoded = stream::unfold(Some(Box::pin(decoded)), |decoded| async move {
                let mut decoded = decoded?;
                let piece: Result<_, PayloadError> = decoded.next().await?;
                let rest = piece.is_ok().then_some(decoded);
                Some((piece, rest))
            });
            // Some readers ask once more after the end.
            request.set_payload(Payload::Stream { payload: Box::pin(decoded.fuse()) });
            let headers = request.headers_mut();
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        }
        None => {
            let asked = Rc::new(Cell::new(false));
            let asking = asked.clone();
            let unreadable = stream::once(async move {
                asking.set(true);
                Err(PayloadError::Io(ErrorKind::Unsupported.into()))
            });
            request.set_payload(Payload::Stream { payload: Box::pin(unreadable.fuse()) });
            let response = next.call(request).await?.map_into_boxed_body();
            return Ok(if asked.get() { refused(response) } else { response });
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn refused(response: ServiceResponse) -> ServiceResponse {
    let detail = format!("The request's body is in a coding that is not taken; {TAKEN} are.");
    let problem =
        Problem::new(Slug::UnsupportedMediaType, detail).header(ACCEPT_ENCODING, HeaderValue::from_static(TAKEN));
    let (request, _) = response.into_parts();
    ServiceResponse::from_err(problem, request)
}

/// The coding that a request names; `None` for one that is not known, and for several.
fn coding(headers: &HeaderMap) -> Option<ContentEncoding> {
    let mut coding = ContentEncoding::Identity;
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',').map(str::trim) {
            let named = match name.to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => ContentEncoding::Gzip,
                "deflate" => ContentEncoding::Deflate,
                _ => return None,
            };
            if coding != ContentEncoding::Identity {
                return None;
            }
            coding = named;
        }
    }
    Some(coding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_known_coding_is_taken() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
            }
            coding(&headers)
        };
        assert_eq!(of(&[]), Some(ContentEncoding::Identity));
        for (values, expected) in [
            (&["identity"][..], Some(ContentEncoding::Identity)),
            (&[""], Some(ContentEncoding::Identity)),
            (&["GZip"], Some(ContentEncoding::Gzip)),
            (&["x-gzip"], Some(ContentEncoding::Gzip)),
            (&["identity, deflate"], Some(ContentEncoding::Deflate)),
            (&["br"], None),
            (&["zstd"], None),
            (&["compress"], None),
            (&["gzip, gzip"], None),
            (&["gzip", "deflate"], None),
            (&["x"], None),
        ] {
            assert_eq!(of(values), expected, "{values:?}");
        }
    }
}
