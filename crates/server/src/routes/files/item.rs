//! `/files/{id}`: one image, read, edited, made primary, deleted.

use crate::app::App;
use crate::http::caller::Admin;
use crate::http::json::JsonObject;
use crate::http::preconditions::Preconditions;
use crate::http::representation::{Representation, ask};
use crate::openapi::parameters::ImagePath;
use crate::openapi::schemas::ImagePatchRequest;
use crate::problem::Problem;
use crate::problem::mapping::{FAILED, READ_ONLY, image_not_found, invalid_members};
use crate::routes::files::patch::{ReadPatch, changed, read_patch};
use crate::routes::files::response::{ImageResponse, Urls};
use actix_web::{HttpRequest, HttpResponse, web};
use packshot_domain::image::{Image, ImageId};
use packshot_domain::json::Object;
use packshot_domain::ports::guard::{Guard, Objection};
use packshot_domain::ports::image_repo::ImageState;
use packshot_domain::product::ProductName;

#[utoipa::path(
    get,
    path = "/files/{id}",
    tag = "Product Images",
    operation_id = "getImage",
    params(ImagePath),
    responses(
        (status = 200, description = "The image, with `variants`, `url` and `productName`", body = ImageResponse),
        (status = 404, description = "Image not found"),
    )
)]
/// The image; 304 when the client has it already.
pub(crate) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let ImageState { image, product, changed_at } = app.catalog.image(parse_id(&id)?).await?;
    item(&app, &image, &product.name)?.read(&request, Some(changed_at))
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
/// Edits the image by a JSON merge patch (RFC 7396); members that cannot be changed may say what is there.
pub(crate) async fn patch(
    app: web::Data<App>,
    request: HttpRequest,
    admin: Admin,
    id: web::Path<String>,
    body: JsonObject,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id)?;
    let ReadPatch { patch, fixed, errors } = read_patch(body.0);
    let guard = guard(&app, &request, fixed)?;
    if !errors.is_empty() {
        return Err(refused(&app, id, &guard, errors).await?);
    }
    let (image, product) = app.catalog.edit_image(id, &patch, &guard, &admin.origin).await?;
    Ok(item(&app, &image, &product.name)?.answer(HttpResponse::Ok()))
}

/// What a patch that breaks rules is answered with: the image and the preconditions come first, and the members
/// that the guard objects to are named beside the others.
async fn refused(
    app: &App,
    id: ImageId,
    guard: &Guard<ImageState>,
    mut errors: Vec<(String, String)>,
) -> Result<Problem, Problem> {
    match guard.ask(Some(&app.catalog.image(id).await?)) {
        Ok(()) => {}
        Err(objection @ Objection::Precondition) => return Err(objection.into()),
        Err(Objection::ReadOnly(names)) => {
            errors.extend(names.into_iter().map(|name| (name, READ_ONLY.to_owned())));
        }
    }
    Ok(invalid_members(errors))
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
    request: HttpRequest,
    admin: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id)?;
    let guard = guard(&app, &request, Object::default())?;
    let (image, product) = app.catalog.set_primary(id, &guard, &admin.origin).await?;
    Ok(item(&app, &image, &product.name)?.answer(HttpResponse::Ok()))
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
pub(crate) async fn delete(
    app: web::Data<App>,
    request: HttpRequest,
    admin: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (id, catalog) = (parse_id(&id)?, app.catalog.clone());
    let guard = guard(&app, &request, Object::default())?;
    let deleted = app.jobs.run(async move { catalog.delete_image(id, &guard, &admin.origin).await }).await;
    deleted.map_err(|error| Problem::internal(FAILED, error))??;
    Ok(HttpResponse::NoContent().finish())
}

/// What cannot be an id is the id of no image.
fn parse_id(text: &str) -> Result<ImageId, Problem> {
    ImageId::parse(text).map_err(|_| image_not_found(text))
}

/// What `GET /files/{id}` shows.
pub(crate) fn item(app: &App, image: &Image, product: &ProductName) -> Result<Representation, Problem> {
    let urls = Urls::new(app, &image.product_id);
    Representation::new(&ImageResponse::new(image, &urls).of_product(product).with_url())
}

/// Asks the request's preconditions of an image, and whether it has what `fixed` says.
fn guard(app: &web::Data<App>, request: &HttpRequest, fixed: Object) -> Result<Guard<ImageState>, Problem> {
    let preconditions = Preconditions::of(request)?;
    if preconditions.is_empty() && fixed.is_empty() {
        return Ok(Guard::open());
    }
    let (app, method) = (app.clone().into_inner(), request.method().clone());
    Ok(Guard::new(move |state: Option<&ImageState>| {
        // What cannot be shown was not seen by anybody.
        let shown = state.and_then(|state| Some((item(&app, &state.image, &state.product.name).ok()?, state)));
        ask(&preconditions, &method, shown.as_ref().map(|(item, state)| (item, state.changed_at)))?;
        let now = shown.and_then(|(item, _)| Object::parse(item.text()).ok().flatten()).unwrap_or_default();
        let changed = changed(&fixed, &now);
        if changed.is_empty() { Ok(()) } else { Err(Objection::ReadOnly(changed)) }
    }))
}
