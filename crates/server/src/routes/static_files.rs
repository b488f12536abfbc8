//! `GET /static/img/products/…`: the image files, streamed from the store.
//!
//! Owns conditional requests and ranges (RFC 9110, 13 and 14). An object never changes, so its entity
//! tag follows from its key and size alone, the same in every store and on every instance, and both it and the
//! date are strong validators.

mod pieces;

pub(crate) use pieces::MAX_READING;

use crate::app::App;
use crate::http::entity_tag::digest;
use crate::http::preconditions::{Current, Preconditions, Verdict, failed};
use crate::openapi::parameters::FilePath;
use crate::problem::{Problem, Slug};
use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderValue, HttpDate,
    IF_NONE_MATCH, IF_RANGE, IfModifiedSince, LAST_MODIFIED, RANGE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use packshot_domain::ports::image_store::ObjectInfo;
use packshot_domain::storage::ObjectKey;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const FOREVER: &str = "public, max-age=31536000, immutable";

#[utoipa::path(
    get,
    path = "/static/img/products/{productId}/{folder}/{filename}",
    tag = "Files",
    operation_id = "getVariantFile",
    params(
        FilePath,
        ("If-Modified-Since" = Option<String>, Header, description = "HTTP date; without If-None-Match only", example = "Mon, 15 Jan 2024 10:30:00 GMT"),
        ("Range" = Option<String>, Header, description = "One range of bytes; several, and other units, get the whole file", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "The range is meant for the file with this entity tag or date only", example = "\"0123456789abcdef01234567-1f4\""),
    ),
    responses(
        (status = 200, description = "The file", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
        (status = 206, description = "The range", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
        (status = 404, description = "No such file"),
        (status = 416, description = "The range lies outside the file"),
    )
)]
/// The file of a variant of an image.
pub(crate) async fn serve(
    app: web::Data<App>,
    request: HttpRequest,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = ObjectKey::parse(&key).map_err(|_| Problem::new(Slug::NotFound, "There is no such file."))?;
    let info = app.store.head(&key).await?;
    let etag = entity_tag(&key, &info);
    let modified = last_modified(&info);
    let current = Current { etag: &etag, changed_at: Some(info.last_modified) };
    match Preconditions::of(&request)?.verdict(request.method(), Some(current)) {
        Verdict::Failed => return Err(failed()),
        Verdict::Proceed if !is_older(&request, modified) => {}
        Verdict::Proceed | Verdict::NotModified => {
            return Ok(head(HttpResponse::NotModified(), &etag, modified).finish());
        }
    }
    // Of the methods here, GET alone has ranges (RFC 9110, 14.2).
    let is_head = request.method() == Method::HEAD;
    let range = if is_head { None } else { requested_range(&request, &etag, modified, info.size_bytes)? };
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = head(HttpResponse::build(status), &etag, modified);
    response.insert_header((CONTENT_TYPE, key.format().mime_type()));
    if let Some(range) = &range {
        let value = format!("bytes {}-{}/{}", range.start, range.end - 1, info.size_bytes);
        response.insert_header((CONTENT_RANGE, value));
    }
    let range = range.unwrap_or(0..info.size_bytes);
    let length = range.end - range.start;
    if is_head {
        return Ok(response.body(SizedStream::new(length, futures_util::stream::empty::<Result<_, Problem>>())));
    }
    let pieces = pieces::read(app.store.clone(), key, range).await?;
    Ok(response.body(SizedStream::new(length, Box::pin(pieces))))
}

fn head(mut response: HttpResponseBuilder, etag: &EntityTag, modified: SystemTime) -> HttpResponseBuilder {
    response
        .insert_header((CACHE_CONTROL, FOREVER))
        .insert_header((ETAG, etag.to_string()))
        .insert_header((LAST_MODIFIED, HttpDate::from(modified)))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"));
    response
}

/// Strong: the key is never written again, and the size tells a damaged copy.
fn entity_tag(key: &ObjectKey, info: &ObjectInfo) -> EntityTag {
    EntityTag::new_strong(format!("{}-{:x}", digest(key.as_str(), 12), info.size_bytes))
}

/// Whole seconds, as HTTP dates have.
fn last_modified(info: &ObjectInfo) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(info.last_modified.timestamp()).unwrap_or(0))
}

/// Whether the file is no newer than what `If-Modified-Since` says that the client has; `If-None-Match` takes its
/// place (RFC 9110, 13.1.3).
fn is_older(request: &HttpRequest, modified: SystemTime) -> bool {
    !request.headers().contains_key(IF_NONE_MATCH)
        && IfModifiedSince::parse(request).is_ok_and(|since| modified <= SystemTime::from(since.0))
}

/// The one range asked for, if it is to be honoured.
fn requested_range(
    request: &HttpRequest,
    etag: &EntityTag,
    modified: SystemTime,
    size: u64,
) -> Result<Option<Range<u64>>, Problem> {
    let Some(text) = request.headers().get(RANGE).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    if request.headers().get(IF_RANGE).is_some_and(|condition| !is_meant(condition, etag, modified)) {
        return Ok(None);
    }
    match parse_range(text, size) {
        Ranged::Whole => Ok(None),
        Ranged::Part(range) => Ok(Some(range)),
        Ranged::Outside => Err(Problem::new(Slug::RangeNotSatisfiable, "The range lies outside the file.").header(
            CONTENT_RANGE,
            HeaderValue::try_from(format!("bytes */{size}")).unwrap_or_else(|_| HeaderValue::from_static("bytes */*")),
        )),
    }
}

/// Whether an `If-Range` means this file: its tag or its date, exactly (RFC 9110, 13.1.5).
fn is_meant(condition: &HeaderValue, etag: &EntityTag, modified: SystemTime) -> bool {
    let Ok(text) = condition.to_str() else { return false };
    match text.trim().parse::<HttpDate>() {
        Ok(date) => SystemTime::from(date) == modified,
        Err(_) => text.trim() == etag.to_string(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ranged {
    Whole,
    Part(Range<u64>),
    Outside,
}

/// Several ranges and other units are ignored, as RFC 9110, 14.2 allows.
fn parse_range(text: &str, size: u64) -> Ranged {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Ranged::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.is_empty(), last.is_empty(), number(first), number(last)) {
        (true, false, _, Some(0)) => Ranged::Outside,
        (true, false, _, Some(suffix)) if size > 0 => Ranged::Part(size.saturating_sub(suffix)..size),
        (false, true, Some(first), _) if first < size => Ranged::Part(first..size),
        (false, false, Some(first), Some(last)) if last < first => Ranged::Whole,
        (false, false, Some(first), Some(last)) if first < size => {
            Ranged::Part(first..last.saturating_add(1).min(size))
        }
        (true, false, _, Some(_)) | (false, true, Some(_), _) | (false, false, Some(_), Some(_)) => Ranged::Outside,
        _ => Ranged::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-99", Ranged::Part(0..99 + 1)),
            ("bytes=0-9999", Ranged::Part(0..1000)),
            ("bytes=900-", Ranged::Part(900..1000)),
            ("bytes=-100", Ranged::Part(900..1000)),
            ("bytes=-5000", Ranged::Part(0..1000)),
            ("bytes=1000-", Ranged::Outside),
            ("bytes=1000-1001", Ranged::Outside),
            ("bytes=-0", Ranged::Outside),
            ("bytes=5-4", Ranged::Whole),
            ("bytes=0-1,3-4", Ranged::Whole),
            ("items=0-1", Ranged::Whole),
            ("bytes=x-", Ranged::Whole),
            ("bytes=-", Ranged::Whole),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_range(text, 1000), expected, "{text}");
        }
    }
}
