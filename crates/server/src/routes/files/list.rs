//! `GET /files`: product images, filtered, sorted and paged.

use crate::app::App;
use crate::openapi::schemas::{MimeType, SortByName, SortOrderName};
use crate::problem::Problem;
use crate::problem::mapping::product_not_found;
use crate::routes::files::query::ListRequest;
use crate::routes::files::response::{ImageResponse, Urls};
use crate::routes::paging::{AvailableResponse, FiltersResponse, PageResponse};
use actix_web::{HttpResponse, web};

#[utoipa::path(
    get,
    path = "/files",
    tag = "Product Images",
    operation_id = "listImages",
    params(
        ("productId" = Option<String>, Query, description = "Of this product; 404 when there is none"),
        ("is_primary" = Option<bool>, Query, description = "Primary ones, or the others"),
        ("tags" = Option<String>, Query, description = "Comma-separated, also repeated: all of them"),
        ("mime_type" = inline(Option<MimeType>), Query, description = "image/jpeg, image/png or image/webp"),
        ("min_width" = Option<u32>, Query, description = "Pixels across at least", minimum = 1),
        ("min_height" = Option<u32>, Query, description = "Pixels down at least", minimum = 1),
        ("uploaded_after" = Option<String>, Query, description = "ISO 8601 date or date-time"),
        ("uploaded_before" = Option<String>, Query, description = "ISO 8601 date or date-time"),
        ("search" = Option<String>, Query, description = "Case-insensitive, literal, in filename, originalName, altText and caption", max_length = 100),
        ("page" = Option<u32>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<u32>, Query, description = "1 to 100, 20 by default", minimum = 1, maximum = 100),
        ("sort_by" = inline(Option<SortByName>), Query, description = "uploaded_at (default), order, filename, size, width"),
        ("sort_order" = inline(Option<SortOrderName>), Query, description = "desc (default) or asc"),
        ("include_variants" = Option<bool>, Query, description = "Whether items carry `variants`"),
    ),
    responses(
        (status = 200, description = "A page of images", body = PageResponse<ImageResponse>),
        (status = 400, description = "A bad parameter; `errors` names each"),
        (status = 404, description = "Product not found"),
    )
)]
/// A page of images.
pub(crate) async fn list(
    app: web::Data<App>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let request = ListRequest::parse(query.into_inner())?;
    if let Some(id) = &request.impossible_product {
        return Err(product_not_found(id));
    }
    let page = app.catalog.images(&request.query).await?;
    let items = page.items.iter().map(|(image, product_name)| {
        let urls = Urls::new(&app, &image.product_id);
        let item = ImageResponse::new(image, &urls).of_product(product_name);
        if request.include_variants { item } else { item.without_variants() }
    });
    let filters = FiltersResponse {
        applied: request.applied,
        available: AvailableResponse {
            tags: page.available_tags,
            mime_types: page.available_formats.iter().map(|format| format.mime_type()).collect(),
        },
    };
    let (number, size) = (request.query.page, request.query.page_size);
    Ok(HttpResponse::Ok().json(PageResponse::new(items.collect(), page.total, number, size, Some(filters))))
}
