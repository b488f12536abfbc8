//! JSON bodies, in and out, without a loss.
//!
//! Owns how a request's body becomes an object, with the answers to what is none, and how an answer that holds
//! JSON of a client's own becomes text. Its surprising rule: such JSON is passed through serde's serializer as
//! bytes, which no other JSON of ours has, because serde would change the numbers in it.

use crate::http::pace::is_too_slow;
use crate::problem::mapping::too_slow;
use crate::problem::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use packshot_domain::json::{JsonError, Object};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;

/// The largest body, in bytes.
const MAX_JSON_BYTES: usize = 128 * 1024;

/// A request's body that is a JSON object.
#[derive(Debug)]
pub(crate) struct JsonObject(pub(crate) Object);

impl FromRequest for JsonObject {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload).await?;
            let text = std::str::from_utf8(&bytes).map_err(|_| malformed("expected UTF-8"))?;
            match Object::parse(text) {
                Ok(Some(object)) => Ok(Self(object)),
                Ok(None) => Err(Problem::new(Slug::BadRequest, "The request's body must be a JSON object.")),
                Err(error @ (JsonError::Syntax { .. } | JsonError::TooDeep | JsonError::Duplicate(_))) => {
                    Err(malformed(&error.to_string()))
                }
            }
        })
    }
}

/// The body does not have the members that it must have, or others.
pub(crate) fn malformed(reason: &str) -> Problem {
    Problem::new(Slug::BadRequest, format!("The request's body is not as it should be: {reason}."))
}

async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let json = "json";
    let kind = request.mime_type().ok().flatten();
    if !kind.is_some_and(|kind| kind.subtype() == json || kind.suffix().is_some_and(|suffix| suffix == json)) {
        let problem = Problem::new(Slug::UnsupportedMediaType, "The request's body must be application/json.");
        return Err(problem.with("allowedTypes", vec!["application/json"]));
    }
    let too_large =
        || Problem::new(Slug::PayloadTooLarge, "The request's body is too large.").with("maxSize", MAX_JSON_BYTES);
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > MAX_JSON_BYTES as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|error: PayloadError| match error {
            error if is_too_slow(&error) => too_slow(),
            _ => Problem::new(Slug::BadRequest, "The request's body could not be read."),
        })?;
        if body.len() + piece.len() > MAX_JSON_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// JSON text that is written into an answer as it is.
#[derive(Debug, Clone)]
pub(crate) struct Verbatim(String);

impl From<&Object> for Verbatim {
    fn from(object: &Object) -> Self {
        Self(object.to_string())
    }
}

impl Serialize for Verbatim {
    /// For [`to_text`] alone.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

/// The JSON text of `value`, in which each [`Verbatim`] stands as it is.
///
/// # Errors
/// When `value` cannot be written as JSON, which no answer of ours is.
pub(crate) fn to_text(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, AsItIs))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

struct AsItIs;

impl Formatter for AsItIs {
    fn write_byte_array<W: Write + ?Sized>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        writer.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clients_json_stands_in_an_answer_as_it_was_sent() {
        #[derive(Serialize)]
        struct Answer {
            id: &'static str,
            metadata: Verbatim,
            other: serde_json::Value,
        }
        let sent = r#"{"b":12345678901234567890123,"a":[1.0,-0,1E400,"é\u0000"]}"#;
        let metadata = Verbatim::from(&Object::parse(sent).unwrap().unwrap());
        let answer = Answer { id: "\"", metadata, other: json!({ "a": [1, 2.5, null] }) };
        let expected = format!(r#"{{"id":"\"","metadata":{sent},"other":{{"a":[1,2.5,null]}}}}"#);
        assert_eq!(to_text(&answer).unwrap(), expected);
    }
}
