//! `/files/{id}`: one image, read, edited, made primary, deleted.

use crate::app::App;
use crate::http::caller::Admin;
use crate::problem::Problem;
use crate::problem::mapping::image_not_found;
use crate::routes::files::patch::parse_patch;
use crate::routes::files::response::{ImageResponse, Urls};
use actix_web::http::header::{ETAG, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};
use packshot_domain::image::{Image, ImageId};
use packshot_domain::product::Product;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The image; 304 when the client has it already.
pub(crate) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (image, product) = app.catalog.image(parse_id(&id)?).await?;
    let body = serde_json::to_string(&item(&app, &image, &product))
        .map_err(|error| Problem::internal("The server failed to answer the request.", error))?;
    let etag = entity_tag(&body);
    let known = matches!(IfNoneMatch::parse(&request), Ok(IfNoneMatch::Any))
        || matches!(IfNoneMatch::parse(&request), Ok(IfNoneMatch::Items(tags)) if tags.iter().any(|tag| tag.weak_eq(&etag)));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, etag.to_string())).insert_header(("cache-control", "no-cache"));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(body) })
}

/// Edits the image by a JSON merge patch (RFC 7396).
pub(crate) async fn patch(
    app: web::Data<App>,
    _admin: Admin,
    id: web::Path<String>,
    body: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id)?;
    let patch = parse_patch(body.into_inner())?;
    let (image, product) = app.catalog.edit_image(id, &patch).await?;
    Ok(HttpResponse::Ok().json(item(&app, &image, &product)))
}

/// Makes the image its product's primary one.
pub(crate) async fn set_primary(
    app: web::Data<App>,
    _admin: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (image, product) = app.catalog.set_primary(parse_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(item(&app, &image, &product)))
}

/// Deletes the image with its files.
pub(crate) async fn delete(app: web::Data<App>, _admin: Admin, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    app.catalog.delete_image(parse_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What cannot be an id is the id of no image.
fn parse_id(text: &str) -> Result<ImageId, Problem> {
    ImageId::parse(text).map_err(|_| image_not_found(text))
}

fn item(app: &App, image: &Image, product: &Product) -> ImageResponse {
    let urls = Urls::new(&app.http.public_base_url, app.store.location(&image.product_id));
    ImageResponse::new(image, &urls).of_product(&product.name).with_url()
}

/// Strong: it follows from every byte of the body.
fn entity_tag(body: &str) -> EntityTag {
    let mut tag = String::new();
    for byte in Sha256::digest(body).iter().take(16) {
        let _ = write!(tag, "{byte:02x}");
    }
    EntityTag::new_strong(tag)
}
