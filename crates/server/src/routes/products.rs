//! `/products`: what images belong to.

use crate::app::App;
use crate::http::caller::Admin;
use crate::http::json::{self, JsonObject, malformed};
use crate::openapi::parameters::{PageQuery, ProductPath, ProductsQuery};
use crate::openapi::schemas::PutProductRequest;
use crate::problem::mapping::{FAILED, product_not_found};
use crate::problem::{Problem, Slug};
use crate::routes::files::response::{ImageResponse, Urls, timestamp};
use crate::routes::paging::{PageResponse, Parameters};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use packshot_domain::json::{Json, Object};
use packshot_domain::ports::image_repo::ProductImages;
use packshot_domain::ports::product_repo::{ProductQuery, Put};
use packshot_domain::product::{Product, ProductId, ProductName};
use serde::Serialize;
use utoipa::ToSchema;

/// A product with its images.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductResponse {
    #[schema(example = "prod_789")]
    id: String,
    #[schema(example = "Wireless keyboard")]
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// How many images it has.
    image_count: u64,
    /// Its primary image, if it has one.
    #[schema(required)]
    primary_image: Option<ImageResponse>,
}

#[utoipa::path(
    get,
    path = "/products/{id}",
    tag = "Products",
    operation_id = "getProduct",
    params(ProductPath),
    responses(
        (status = 200, description = "The product", body = ProductResponse),
        (status = 404, description = "Product not found"),
    )
)]
/// A product with its number of images and its primary one.
pub(crate) async fn get(app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = ProductId::parse(&id).map_err(|_| product_not_found(&id))?;
    let (product, images) = app.catalog.product(&id).await?;
    json::answer(HttpResponse::Ok(), &ProductResponse::new(&app, &product, &images))
}

#[utoipa::path(
    put,
    path = "/products/{id}",
    tag = "Products",
    operation_id = "putProduct",
    security(("bearer" = [])),
    params(ProductPath),
    request_body(content = PutProductRequest),
    responses(
        (status = 200, description = "Renamed", body = ProductResponse),
        (status = 201, description = "Made", body = ProductResponse),
        (status = 400, description = "Malformed JSON"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "Validation error"),
    )
)]
/// Makes a product (201) or renames it (200).
pub(crate) async fn put(
    app: web::Data<App>,
    admin: Admin,
    id: web::Path<String>,
    body: JsonObject,
) -> Result<HttpResponse, Problem> {
    let invalid =
        |field, message: String| Problem::fields(Slug::Validation, format!("{message}."), [(field, message.as_str())]);
    let id = ProductId::parse(&id).map_err(|error| invalid("id", error.to_string()))?;
    let name = ProductName::parse(name(&body.0)?).map_err(|error| invalid("name", error.to_string()))?;
    match app.catalog.put_product(&id, &name, &admin.origin).await? {
        Put::Created(product) => {
            let mut response = HttpResponse::Created();
            response.insert_header((LOCATION, format!("/products/{id}")));
            let images = ProductImages { count: 0, primary: None };
            json::answer(response, &ProductResponse::new(&app, &product, &images))
        }

        Put::Renamed(_) => {
            let (product, images) = app.catalog.product(&id).await?;
            json::answer(HttpResponse::Ok(), &ProductResponse::new(&app, &product, &images))
        }
    }
}

/// The one member of the body.
fn name(body: &Object) -> Result<&str, Problem> {
    if let Some((unknown, _)) = body.iter().find(|(member, _)| *member != "name") {
        return Err(malformed(&format!("unknown member {unknown:?}, expected \"name\"")));
    }
    match body.get("name") {
        Some(Json::String(name)) => Ok(name),
        Some(_) => Err(malformed("\"name\" must be a string")),
        None => Err(malformed("missing member \"name\"")),
    }
}

#[utoipa::path(
    delete,
    path = "/products/{id}",
    tag = "Products",
    operation_id = "deleteProduct",
    security(("bearer" = [])),
    params(ProductPath),
    responses(
        (status = 204, description = "It is gone, with all its images"),
        (status = 404, description = "Product not found"),
    )
)]
/// Deletes a product with all its images.
pub(crate) async fn delete(app: web::Data<App>, admin: Admin, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = ProductId::parse(&id).map_err(|_| product_not_found(&id))?;
    let catalog = app.catalog.clone();
    let deleted = app.jobs.run(async move { catalog.delete_product(&id, &admin.origin).await }).await;
    deleted.map_err(|error| Problem::internal(FAILED, error))??;
    Ok(HttpResponse::NoContent().finish())
}

#[utoipa::path(
    get,
    path = "/products",
    tag = "Products",
    operation_id = "listProducts",
    params(ProductsQuery, PageQuery),
    responses(
        (status = 200, description = "A page of products", body = PageResponse<ListedProductResponse>),
        (status = 400, description = "A bad parameter; `errors` names each"),
    )
)]
/// A page of products, by id.
pub(crate) async fn list(
    app: web::Data<App>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(query.into_inner());
    let search = parameters.search();
    let (page, page_size) = parameters.page();
    parameters.finish()?;
    let found = app.catalog.products(&ProductQuery { search, page, page_size }).await?;
    let items = found.items.iter().map(ListedProductResponse::new).collect();
    json::answer(HttpResponse::Ok(), &PageResponse::new(items, found.total, page, page_size, None))
}

/// A product in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedProduct)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedProductResponse {
    id: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl ListedProductResponse {
    fn new(product: &Product) -> Self {
        Self {
            id: product.id.to_string(),
            name: product.name.as_str().to_owned(),
            created_at: timestamp(product.created_at),
        }
    }
}

impl ProductResponse {
    fn new(app: &App, product: &Product, images: &ProductImages) -> Self {
        let urls = Urls::new(app, &product.id);
        Self {
            id: product.id.to_string(),
            name: product.name.as_str().to_owned(),
            created_at: timestamp(product.created_at),
            image_count: images.count,
            primary_image: images.primary.as_ref().map(|image| ImageResponse::new(image, &urls)),
        }
    }
}
