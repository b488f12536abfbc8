//! The request id: taken from the client when it is sane, made otherwise.
//!
//! Owns the header's name and what sane means; the log and every response carry the id.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

/// The header field of requests and responses.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// 1 to 128 of `A-Z a-z 0-9 . _ : -`.
#[derive(Debug, Clone)]
pub struct RequestId(String);

impl RequestId {
    /// The id of this request, kept in its extensions from now on.
    #[must_use]
    pub fn assign(request: &ServiceRequest) -> Self {
        let sent = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        let id = Self(sent.filter(|text| sane(text)).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned));
        request.extensions_mut().insert(id.clone());
        id
    }

    /// The id that was assigned to this request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the response's header field.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn sane(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    !text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn assigned(sent: &str) -> String {
        RequestId::assign(&TestRequest::default().insert_header((X_REQUEST_ID, sent)).to_srv_request()).0
    }

    #[test]
    fn a_sane_id_is_kept_and_another_replaced() {
        assert_eq!(assigned("trace-1:2.3_4"), "trace-1:2.3_4");
        for bad in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert!(Uuid::try_parse(&assigned(bad)).is_ok(), "{bad}");
        }
    }
}
