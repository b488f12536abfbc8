//! `POST /files`: uploads an image of a product.
//!
//! Owns the order of what happens before the use case: caller, limits, form. The use case is a job, so a
//! client that goes away does not stop it half-way.

use crate::app::App;
use crate::http::address::limited_as;
use crate::http::caller::Admin;
use crate::http::json;
use crate::http::unread::Unread;
use crate::openapi::schemas::UploadForm;
use crate::problem::mapping::{UPLOAD_FAILED, file_too_large};
use crate::problem::{Problem, Slug};
use crate::routes::files::form::{self, Form, NoForm};
use crate::routes::files::item::item;
use crate::routes::files::response::{ImageResponse, Urls};
use actix_web::http::header::{CONTENT_TYPE, ETAG, EntityTag, HeaderName, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::json::{Json, Object};
use packshot_domain::ports::idempotency::{IdempotencyKey, Receipt};
use packshot_domain::ports::image_repo::ImageState;
use packshot_domain::ports::rate_limiter::{Quota, Scope};
use packshot_domain::step::Step;
use packshot_domain::upload::{Idempotency, ReceiptMaker, UploadRequest, Uploaded, fingerprint};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tracing::Instrument;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const X_IMAGE_ID: HeaderName = HeaderName::from_static("x-image-id");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

#[utoipa::path(
    post,
    path = "/files",
    tag = "Product Images",
    operation_id = "uploadImage",
    security(("bearer" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Visible ASCII; the same key and request within 24 hours get the first answer again", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "8e03978e-40d5-43dd-bc93-6894a57f9324")
    ),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Image uploaded successfully", body = ImageResponse),
        (status = 400, description = "Not multipart, malformed, or a required field is missing"),
        (status = 404, description = "Product not found"),
        (status = 409, description = "The first request with this idempotency key is still running"),
        (status = 413, description = "File too large"),
        (status = 415, description = "Invalid file type"),
        (status = 422, description = "Validation error"),
        (status = 429, description = "Too many uploads"),
    )
)]
/// Uploads an image file; answers 201 with its location when every variant and the row are durable.
pub(crate) async fn upload(
    app: web::Data<App>,
    request: HttpRequest,
    admin: Admin,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    count(&app, &admin.origin).await?;
    let key = idempotency_key(&request)?;
    let reading = form::read(request.headers(), payload, app.http.max_discarded_bytes);
    let form = match reading.instrument(Step::Receive.span()).await {
        Ok(form) => form,
        Err(NoForm::Endless(size_bytes, rest)) => {
            let mut response = HttpResponse::from_error(file_too_large(size_bytes));
            response.extensions_mut().insert(Unread::new(rest));
            return Ok(response);
        }
        Err(refused) => return Err(refused.into()),
    };
    let upload = upload_request(&app, form, key, admin.origin).await?;
    let use_case = app.upload.clone();
    let uploaded = app.jobs.run(async move { use_case.execute(upload).await }).await;
    let uploaded = uploaded.map_err(|error| Problem::internal(UPLOAD_FAILED, error))?;
    let (answer, replayed) = match uploaded? {
        Uploaded::New(image) => (Answer::new(&app, &image), false),
        Uploaded::Replayed(receipt) => (Answer::read(&receipt)?, true),
    };
    let etag = etag(&app, &answer).await;
    Ok(answer.respond(replayed, etag))
}

/// The entity tag of what `GET /files/{id}` shows, where that is still what this answer tells of.
async fn etag(app: &App, answer: &Answer) -> Option<EntityTag> {
    // The upload is good, whatever comes of this.
    let ImageState { image, product, .. } = app.catalog.image(ImageId::parse(&answer.id).ok()?).await.ok()?;
    if Answer::new(app, &image) != *answer {
        return None;
    }
    item(app, &image, &product.name).ok().map(|item| item.etag().clone())
}

/// Counts this request against the limits of its user and its address.
async fn count(app: &App, origin: &Origin) -> Result<(), Problem> {
    let address = limited_as(origin.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let hourly =
        |scope, subject: &str, limit| Quota { scope, subject: subject.to_owned(), limit, window: TimeDelta::hours(1) };
    let quotas = [
        hourly(Scope::User, origin.user.as_str(), app.http.per_user_hour),
        hourly(Scope::Address, &address, app.http.per_address_hour),
    ];
    let quotas: Vec<Quota> = quotas.into_iter().filter(|quota| quota.limit > 0).collect();
    if quotas.is_empty() {
        return Ok(());
    }
    Ok(app.limiter.acquire(&quotas, app.clock.now()).await?)
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let bad = |message: String| Problem::new(Slug::BadRequest, format!("{message}."));
    let text = value.to_str().map_err(|_| bad("Idempotency-Key must be visible ASCII".to_owned()))?;
    IdempotencyKey::parse(text).map(Some).map_err(|error| bad(error.to_string()))
}

async fn upload_request(
    app: &web::Data<App>,
    form: Form,
    key: Option<IdempotencyKey>,
    origin: Origin,
) -> Result<UploadRequest, Problem> {
    let idempotency = match key {
        None => None,
        Some(key) => {
            let form = form.clone();
            let hash = move || fingerprint(&form.file, &form.original_name, &form.product_id, &form.details);
            let fingerprint =
                web::block(hash).await.map_err(|error| Problem::internal(UPLOAD_FAILED, error.to_string()))?;
            let app = app.clone().into_inner();
            let receipt: ReceiptMaker = Arc::new(move |image| Answer::new(&app, image).write());
            Some(Idempotency { key, fingerprint, receipt })
        }
    };
    Ok(UploadRequest {
        file: form.file,
        original_name: form.original_name,
        declared_type: form.declared_type,
        product_id: form.product_id,
        details: form.details,
        origin,
        idempotency,
    })
}

/// The 201 of an upload, as it is sent, and as it is kept for its idempotency key.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    id: String,
    /// JSON, kept as text so that a repetition gets the very same.
    body: String,
}

impl Answer {
    fn new(app: &App, image: &Image) -> Self {
        let urls = Urls::new(app, &image.product_id);
        // Nothing of it can fail to be written.
        let body = json::to_text(&ImageResponse::new(image, &urls)).unwrap_or_default();
        Self { id: image.id.to_string(), body }
    }

    fn write(&self) -> Receipt {
        Receipt(format!(r#"{{"id":"{}","body":{}}}"#, self.id, self.body).into_bytes())
    }

    fn read(receipt: &Receipt) -> Result<Self, Problem> {
        let broken = |reason: String| Problem::internal(UPLOAD_FAILED, format!("a receipt is broken: {reason}"));
        let text = std::str::from_utf8(&receipt.0).map_err(|error| broken(error.to_string()))?;
        let receipt = Object::parse(text).map_err(|error| broken(error.to_string()))?;
        match receipt.as_ref().map(|receipt| (receipt.get("id"), receipt.get("body"))) {
            // Written anew it is what was read: nothing of it is in a form that our writer does not use.
            Some((Some(Json::String(id)), Some(body))) => Ok(Self { id: id.clone(), body: body.to_string() }),
            _ => Err(broken("a member is missing".to_owned())),
        }
    }

    fn respond(self, replayed: bool, etag: Option<EntityTag>) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response
            .insert_header((LOCATION, format!("/files/{}", self.id)))
            .insert_header((X_IMAGE_ID, self.id.as_str()))
            .insert_header((CONTENT_TYPE, "application/json"));
        if let Some(etag) = etag {
            response.insert_header((ETAG, etag.to_string()));
        }
        if replayed {
            response.insert_header((IDEMPOTENT_REPLAYED, "true"));
        }
        response.body(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_to_the_byte() {
        let body = r#"{"metadata":{"b":1.0,"a":[-0,1E400,12345678901234567890123,"é\u0000\"\\"]},"size":5}"#;
        let answer = Answer { id: "img_1".to_owned(), body: body.to_owned() };
        assert_eq!(Answer::read(&answer.write()).unwrap(), answer);
        assert!(Answer::read(&Receipt(b"[]".to_vec())).is_err());
    }
}
