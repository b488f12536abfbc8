//! The routes: which address leads to which handler.
//!
//! Owns the list and the methods that each address answers. Every endpoint stands under `/api` and at
//! the root, the same handler.

mod documents;
pub(crate) mod error_pages;
pub mod files;
pub(crate) mod health;
pub(crate) mod paging;
pub(crate) mod products;
pub(crate) mod static_files;

use crate::http::render::catch_panics;
use crate::problem::{Problem, Slug};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, Resource, Route, guard};

/// All of them.
pub fn configure(config: &mut ServiceConfig) {
    config.service(web::scope("/api").configure(endpoints)).configure(endpoints).configure(documents::browser);
}

fn endpoints(config: &mut ServiceConfig) {
    config
        .service(
            only("/files", "GET, HEAD, POST")
                .route(read().to(files::list::list))
                .route(web::post().to(files::upload::upload)),
        )
        .service(
            only("/files/{id}", "GET, HEAD, PATCH, DELETE")
                .route(read().to(files::item::get))
                .route(web::patch().to(files::item::patch))
                .route(web::delete().to(files::item::delete)),
        )
        .service(only("/files/{id}/primary", "PATCH").route(web::patch().to(files::item::set_primary)))
        .service(only("/products", "GET, HEAD").route(read().to(products::list)))
        .service(
            only("/products/{id}", "GET, HEAD, PUT, DELETE")
                .route(read().to(products::get))
                .route(web::put().to(products::put))
                .route(web::delete().to(products::delete)),
        )
        .service(only("/static/img/products/{key:.*}", "GET, HEAD").route(read().to(static_files::serve)))
        .service(only("/openapi.json", "GET, HEAD").route(read().to(documents::openapi)))
        .service(only("/docs", "GET, HEAD").route(read().to(documents::docs)))
        .service(only("/healthz", "GET, HEAD").route(read().to(health::alive)))
        .service(only("/readyz", "GET, HEAD").route(read().to(health::ready)))
        .service(only("/errors/{slug}", "GET, HEAD").route(read().to(error_pages::page)));
}

/// GET, and HEAD with the same header fields.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that answers these methods and refuses the others with `Allow`.
fn only(
    path: &str,
    methods: &'static str,
) -> Resource<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>>
{
    web::resource(path.to_owned()).default_service(refuse(methods)).wrap(from_fn(catch_panics))
}

fn refuse(methods: &'static str) -> Route {
    web::to(move || async move {
        Err::<&str, _>(
            Problem::new(Slug::MethodNotAllowed, format!("This address answers {methods} only."))
                .header(ALLOW, HeaderValue::from_static(methods)),
        )
    })
}
