//! `GET /files`: product images, filtered, sorted and paged.

use crate::app::App;
use crate::http::representation::Representation;
use crate::openapi::parameters::{ImagesQuery, PageQuery};
use crate::problem::Problem;
use crate::problem::mapping::product_not_found;
use crate::routes::files::query::ListRequest;
use crate::routes::files::response::{ImageResponse, Urls};
use crate::routes::paging::{AvailableResponse, FiltersResponse, PageResponse};
use actix_web::{HttpRequest, HttpResponse, web};

#[utoipa::path(
    get,
    path = "/files",
    tag = "Product Images",
    operation_id = "listImages",
    params(ImagesQuery, PageQuery),
    responses(
        (status = 200, description = "A page of images", body = PageResponse<ImageResponse>),
        (status = 400, description = "A bad parameter; `errors` names each"),
        (status = 404, description = "Product not found"),
    )
)]
/// A page of images.
pub(crate) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let asked = ListRequest::parse(query.into_inner())?;
    if let Some(id) = &asked.impossible_product {
        return Err(product_not_found(id));
    }
    let page = app.catalog.images(&asked.query).await?;
    let items = page.items.iter().map(|(image, product_name)| {
        let urls = Urls::new(&app, &image.product_id);
        let item = ImageResponse::new(image, &urls).of_product(product_name);
        if asked.include_variants { item } else { item.without_variants() }
    });
    let filters = FiltersResponse {
        applied: asked.applied,
        available: AvailableResponse {
            tags: page.available_tags,
            mime_types: page.available_formats.iter().map(|format| format.mime_type()).collect(),
        },
    };
    let (number, size) = (asked.query.page, asked.query.page_size);
    let page = PageResponse::new(items.collect(), page.total, number, size, Some(filters));
    Representation::new(&page)?.read(&request, None)
}
