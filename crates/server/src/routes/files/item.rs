//! `/files/{id}`: one image, read, edited, made primary, deleted.

use crate::app::App;
use crate::http::caller::Admin;
use crate::http::entity_tag::{digest, has_already};
use crate::http::json::{self, JsonObject};
use crate::openapi::parameters::ImagePath;
use crate::openapi::schemas::ImagePatchRequest;
use crate::problem::Problem;
use crate::problem::mapping::{FAILED, image_not_found};
use crate::routes::files::patch::parse_patch;
use crate::routes::files::response::{ImageResponse, Urls};
use actix_web::http::header::{ETAG, EntityTag};
use actix_web::{HttpRequest, HttpResponse, web};
use packshot_domain::image::{Image, ImageId};
use packshot_domain::product::Product;

#[utoipa::path(
    get,
    path = "/files/{id}",
    tag = "Product Images",
    operation_id = "getImage",
    params(ImagePath, ("If-None-Match" = Option<String>, Header, description = "Entity tags of earlier answers", example = "\"0123456789abcdef0123456789abcdef\"")),
    responses(
        (status = 200, description = "The image, with `variants`, `url` and `productName`", body = ImageResponse),
        (status = 304, description = "The client has it already"),
        (status = 404, description = "Image not found"),
    )
)]
/// The image; 304 when the client has it already.
pub(crate) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (image, product) = app.catalog.image(parse_id(&id)?).await?;
    let body = json::to_text(&item(&app, &image, &product)).map_err(|error| Problem::internal(FAILED, error))?;
    // Strong: it follows from every byte of the body.
    let etag = EntityTag::new_strong(digest(&body, 16));
    let known = has_already(&request, &etag).unwrap_or(false);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, etag.to_string())).insert_header(("cache-control", "no-cache"));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(body) })
}

#[utoipa::path(
    patch,
    path = "/files/{id}",
    tag = "Product Images",
    operation_id = "editImage",
    security(("bearer" = [])),
    params(ImagePath),
    request_body(content((ImagePatchRequest = "application/merge-patch+json"), (ImagePatchRequest = "application/json"))),
    responses(
        (status = 200, description = "The image as it is now", body = ImageResponse),
        (status = 400, description = "Malformed JSON, or no object"),
        (status = 404, description = "Image not found"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "Not a merge patch"),
        (status = 422, description = "Validation error"),
    )
)]
/// Edits the image by a JSON merge patch (RFC 7396).
pub(crate) async fn patch(
    app: web::Data<App>,
    admin: Admin,
    id: web::Path<String>,
    body: JsonObject,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id)?;
    let patch = parse_patch(&body.0)?;
    let (image, product) = app.catalog.edit_image(id, &patch, &admin.origin).await?;
    json::answer(HttpResponse::Ok(), &item(&app, &image, &product))
}

#[utoipa::path(
    patch,
    path = "/files/{id}/primary",
    tag = "Product Images",
    operation_id = "setPrimaryImage",
    security(("bearer" = [])),
    params(ImagePath),
    responses(
        (status = 200, description = "The image, primary now", body = ImageResponse),
        (status = 404, description = "Image not found"),
    )
)]
/// Makes the image its product's primary one.
pub(crate) async fn set_primary(
    app: web::Data<App>,
    admin: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (image, product) = app.catalog.set_primary(parse_id(&id)?, &admin.origin).await?;
    json::answer(HttpResponse::Ok(), &item(&app, &image, &product))
}

#[utoipa::path(
    delete,
    path = "/files/{id}",
    tag = "Product Images",
    operation_id = "deleteImage",
    security(("bearer" = [])),
    params(ImagePath),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "Image not found"),
    )
)]
/// Deletes the image with its files.
pub(crate) async fn delete(app: web::Data<App>, admin: Admin, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (id, catalog) = (parse_id(&id)?, app.catalog.clone());
    let deleted = app.jobs.run(async move { catalog.delete_image(id, &admin.origin).await }).await;
    deleted.map_err(|error| Problem::internal(FAILED, error))??;
    Ok(HttpResponse::NoContent().finish())
}

/// What cannot be an id is the id of no image.
fn parse_id(text: &str) -> Result<ImageId, Problem> {
    ImageId::parse(text).map_err(|_| image_not_found(text))
}

fn item(app: &App, image: &Image, product: &Product) -> ImageResponse {
    let urls = Urls::new(app, &image.product_id);
    ImageResponse::new(image, &urls).of_product(&product.name).with_url()
}
