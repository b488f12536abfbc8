//! The multipart form of an upload (RFC 7578), read as a stream.
//!
//! Owns what is malformed about a form, and the bounds: a file's bytes are kept up to the limit and
//! only counted after it, a text part has 64 KiB, a form 64 parts. Refuses to know what a good value
//! of a text field is, and how an error is answered: this file names nothing else of this crate, so that
//! the fuzz target `multipart` can compile it alone. The parser is strict; clients are not, so a body is
//! mended before it is parsed.
//!
//! Its surprising rule: a form is read to its end before a file that is too large is answered, so
//! that the answer knows the true size and reaches a client that is still sending.

// Where this file's folder is, whoever compiles it.
#[path = "form/disposition.rs"]
mod disposition;
#[path = "form/mended.rs"]
mod mended;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use packshot_domain::text::OriginalName;
use packshot_domain::upload::RawDetails;
use std::collections::BTreeMap;

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 5_242_880;
/// The largest text part, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The most that a form may have besides its file: all parts, with heads, and what stands around them.
const MAX_OTHER_BYTES: u64 = 8 * 1024 * 1024;
/// More than the 70 characters that a boundary may have (RFC 2046, 5.1.1), for clients that do not count.
const MAX_BOUNDARY_BYTES: usize = 256;
/// The most parts of a form.
pub const MAX_PARTS: usize = 64;

/// A form that is complete and within its bounds.
#[derive(Debug, Clone)]
pub struct Form {
    /// The file, whole.
    pub file: Bytes,
    /// The client's name of it.
    pub original_name: OriginalName,
    /// The part's `Content-Type`.
    pub declared_type: Option<String>,
    /// `productId`, not empty.
    pub product_id: String,
    /// The other text fields.
    pub details: RawDetails,
}

struct FilePart {
    kept: BytesMut,
    size_bytes: u64,
    name: Option<String>,
    declared_type: Option<String>,
}

/// Why there is no form.
pub enum NoForm {
    /// A part, or the request itself, is not as it must be; the text is a sentence for the client.
    Bad(String),
    /// What was read is no multipart form, or the body broke off.
    Malformed(MultipartError),
    /// The file has this many bytes, more than [`MAX_FILE_BYTES`].
    FileTooLarge(u64),
    /// The file goes on past the bound up to which it is read; so much was counted, and here is the rest.
    Endless(u64, Box<Multipart>),
}

/// Reads the form of a request with these headers.
///
/// # Errors
/// What is malformed, missing or repeated, else a file that is too large.
pub async fn read<S>(headers: &HeaderMap, body: S, max_read_bytes: u64) -> Result<Form, NoForm>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + 'static,
{
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = kind.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        return Err(bad("The request must be multipart/form-data."));
    }
    let body = bounded(body, max_read_bytes.saturating_add(MAX_OTHER_BYTES));
    let mut form = match boundary(kind) {
        Some(boundary) => Multipart::new(&media_type_with(boundary), mended::mended(boundary, body)),
        // The parser says what is wrong with it.
        None => Multipart::new(headers, body),
    };
    let mut parts = Parts { max_read_bytes, ..Parts::default() };
    while let Some(field) = form.try_next().await.map_err(NoForm::Malformed)? {
        parts.take(field).await?;
        // Whatever else is wrong with a form that is not read on, this is.
        if let Some(file) = parts.file.as_ref().filter(|file| file.size_bytes > max_read_bytes) {
            return Err(NoForm::Endless(file.size_bytes, Box::new(form)));
        }
    }
    parts.finish()
}

/// The boundary that a `Content-Type` names, quoted or, against RFC 2045, not; of the characters that one may have
/// (RFC 2046, 5.1.1).
fn boundary(kind: &str) -> Option<&str> {
    let mut parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let good = (1..=MAX_BOUNDARY_BYTES).contains(&value.len()) && value.bytes().all(allowed) && !value.ends_with(' ');
    good.then_some(value)
}

fn media_type_with(boundary: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_str(&format!("multipart/form-data; boundary=\"{boundary}\"")) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers
}

/// Ends a body that has more bytes than any form: one without an end, or without parts.
fn bounded<S>(body: S, max_bytes: u64) -> impl Stream<Item = Result<Bytes, PayloadError>>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
{
    let mut read_bytes = 0_u64;
    body.map(move |piece| {
        read_bytes += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
        piece.and_then(|bytes| if read_bytes > max_bytes { Err(PayloadError::Overflow) } else { Ok(bytes) })
    })
}

#[derive(Default)]
struct Parts {
    max_read_bytes: u64,
    count: usize,
    file: Option<FilePart>,
    texts: BTreeMap<&'static str, String>,
    tags: Vec<String>,
}

impl Parts {
    async fn take(&mut self, field: Field) -> Result<(), NoForm> {
        self.count += 1;
        if self.count > MAX_PARTS {
            return Err(bad(format!("The form has more than {MAX_PARTS} parts.")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if self.file.is_some() {
                return Err(repeated("file"));
            }
            self.file = Some(read_file(field, self.max_read_bytes).await?);
            return Ok(());
        }
        let text = read_text(field, &name).await?;
        match name.as_str() {
            "tags" | "tags[]" => self.tags.push(decode(&name, text)?),
            "productId" => self.once("productId", text)?,
            "is_primary" => self.once("is_primary", text)?,
            "alt_text" => self.once("alt_text", text)?,
            "caption" => self.once("caption", text)?,
            "order" => self.once("order", text)?,
            "metadata" => self.once("metadata", text)?,
            _ => {}
        }
        Ok(())
    }

    fn once(&mut self, name: &'static str, text: Vec<u8>) -> Result<(), NoForm> {
        match self.texts.insert(name, decode(name, text)?) {
            None => Ok(()),
            Some(_) => Err(repeated(name)),
        }
    }

    fn finish(mut self) -> Result<Form, NoForm> {
        // A browser sends an empty part without a name when no file was chosen.
        let chosen = |file: &FilePart| file.size_bytes > 0 || file.name.as_deref().is_some_and(|name| !name.is_empty());
        let file = self.file.take().filter(chosen).ok_or_else(|| missing("file"))?;
        let product_id = self.texts.remove("productId").filter(|id| !id.is_empty());
        let product_id = product_id.ok_or_else(|| missing("productId"))?;
        if file.size_bytes > MAX_FILE_BYTES {
            return Err(NoForm::FileTooLarge(file.size_bytes));
        }
        let mut text = |name| self.texts.remove(name);
        Ok(Form {
            file: file.kept.freeze(),
            original_name: original_name(file.name.as_deref().unwrap_or_default()),
            declared_type: file.declared_type,
            product_id,
            details: RawDetails {
                is_primary: text("is_primary"),
                alt_text: text("alt_text"),
                caption: text("caption"),
                order: text("order"),
                metadata: text("metadata"),
                tags: self.tags,
            },
        })
    }
}

/// A name that ends in what separates folders is none of a folder.
fn original_name(name: &str) -> OriginalName {
    OriginalName::from_client(name.trim_end_matches(['/', '\\']))
}

async fn read_file(mut field: Field, max_read_bytes: u64) -> Result<FilePart, NoForm> {
    let name = client_filename(&field);
    let declared_type = field.content_type().map(|kind| kind.essence_str().to_owned());
    let mut part = FilePart { kept: BytesMut::new(), size_bytes: 0, name, declared_type };
    while let Some(chunk) = field.try_next().await.map_err(NoForm::Malformed)? {
        part.size_bytes += chunk.len() as u64;
        if part.size_bytes > MAX_FILE_BYTES {
            part.kept = BytesMut::new();
        } else {
            part.kept.extend_from_slice(&chunk);
        }
        if part.size_bytes > max_read_bytes {
            break;
        }
    }
    Ok(part)
}

/// The file's name, as [`disposition`] wrote it for the parser.
fn client_filename(field: &Field) -> Option<String> {
    let disposition = field.content_disposition()?;
    let extended = disposition.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned))
}

async fn read_text(mut field: Field, name: &str) -> Result<Vec<u8>, NoForm> {
    let mut text = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(NoForm::Malformed)? {
        if text.len() + chunk.len() > MAX_TEXT_BYTES {
            let shown: String = name.chars().take(40).collect();
            return Err(bad(format!("The part '{shown}' is larger than 64 KiB.")));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn decode(name: &str, text: Vec<u8>) -> Result<String, NoForm> {
    String::from_utf8(text).map_err(|_| bad(format!("The part '{name}' is not UTF-8 text.")))
}

fn bad(detail: impl Into<String>) -> NoForm {
    NoForm::Bad(detail.into())
}

fn missing(field: &str) -> NoForm {
    bad(format!("Missing required field: {field}."))
}

fn repeated(field: &str) -> NoForm {
    bad(format!("The field '{field}' appears more than once."))
}

#[cfg(test)]
#[path = "form/tests.rs"]
mod tests;
