//! `/products`: what images belong to.

use crate::app::App;
use crate::http::caller::Admin;
use crate::http::json::{JsonObject, malformed};
use crate::http::preconditions::Preconditions;
use crate::http::representation::{Representation, ask};
use crate::openapi::parameters::{PageQuery, ProductPath, ProductsQuery};
use crate::openapi::schemas::PutProductRequest;
use crate::problem::mapping::{FAILED, product_not_found};
use crate::problem::{Problem, Slug};
use crate::routes::files::response::{ImageResponse, Urls, timestamp};
use crate::routes::paging::{PageResponse, Parameters};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use packshot_domain::json::{Json, Object};
use packshot_domain::ports::guard::Guard;
use packshot_domain::ports::image_repo::ProductImages;
use packshot_domain::ports::product_repo::{ProductQuery, ProductState, Put};
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
pub(crate) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = ProductId::parse(&id).map_err(|_| product_not_found(&id))?;
    let state = app.catalog.product(&id).await?;
    shown(&app, &state.product, &state.images)?.read(&request, Some(state.changed_at))
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
    request: HttpRequest,
    admin: Admin,
    id: web::Path<String>,
    body: JsonObject,
) -> Result<HttpResponse, Problem> {
    let id = ProductId::parse(&id).map_err(|error| invalid("id", error.to_string()))?;
    let guard = guard(&app, &request)?;
    let name = match name(&body.0) {
        Ok(name) => name,
        Err(problem) => {
            // The preconditions come first.
            guard.ask(app.products.state(&id).await?.as_ref())?;
            return Err(problem);
        }
    };
    match app.catalog.put_product(&id, &name, &guard, &admin.origin).await? {
        Put::Created(product) => {
            let mut response = HttpResponse::Created();
            response.insert_header((LOCATION, format!("/products/{id}")));
            Ok(shown(&app, &product, &ProductImages { count: 0, primary: None })?.answer(response))
        }
        Put::Renamed(_) => {
            let state = app.catalog.product(&id).await?;
            Ok(shown(&app, &state.product, &state.images)?.answer(HttpResponse::Ok()))
        }
    }
}

fn invalid(field: &str, message: String) -> Problem {
    Problem::fields(Slug::Validation, format!("{message}."), [(field, message)])
}

/// What `GET /products/{id}` shows.
fn shown(app: &App, product: &Product, images: &ProductImages) -> Result<Representation, Problem> {
    Representation::new(&ProductResponse::new(app, product, images))
}

/// Asks the request's preconditions of a product.
fn guard(app: &web::Data<App>, request: &HttpRequest) -> Result<Guard<ProductState>, Problem> {
    let preconditions = Preconditions::of(request)?;
    if preconditions.is_empty() {
        return Ok(Guard::open());
    }
    let (app, method) = (app.clone().into_inner(), request.method().clone());
    Ok(Guard::new(move |state: Option<&ProductState>| {
        // What cannot be shown was not seen by anybody.
        let shown = state.and_then(|state| Some((shown(&app, &state.product, &state.images).ok()?, state)));
        ask(&preconditions, &method, shown.as_ref().map(|(product, state)| (product, state.changed_at)))
    }))
}

/// The one member of the body.
fn name(body: &Object) -> Result<ProductName, Problem> {
    if let Some((unknown, _)) = body.iter().find(|(member, _)| *member != "name") {
        return Err(malformed(&format!("unknown member {unknown:?}, expected \"name\"")));
    }
    match body.get("name") {
        Some(Json::String(name)) => ProductName::parse(name).map_err(|error| invalid("name", error.to_string())),
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
pub(crate) async fn delete(
    app: web::Data<App>,
    request: HttpRequest,
    admin: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = ProductId::parse(&id).map_err(|_| product_not_found(&id))?;
    let (catalog, guard) = (app.catalog.clone(), guard(&app, &request)?);
    let deleted = app.jobs.run(async move { catalog.delete_product(&id, &guard, &admin.origin).await }).await;
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
    request: HttpRequest,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(query.into_inner());
    let search = parameters.search();
    let (page, page_size) = parameters.page();
    parameters.finish()?;
    let found = app.catalog.products(&ProductQuery { search, page, page_size }).await?;
    let items = found.items.iter().map(ListedProductResponse::new).collect();
    Representation::new(&PageResponse::new(items, found.total, page, page_size, None))?.read(&request, None)
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
