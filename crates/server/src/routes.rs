//! The routes: which address leads to which handler.
//!
//! Owns the list and the methods that each address answers. Every endpoint stands under `/api` and at
//! the root, the same handler.

pub(crate) mod documents;
pub(crate) mod error_pages;
pub mod files;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod moment;
pub(crate) mod paging;
pub(crate) mod products;
pub(crate) mod static_files;

use crate::http::gone::unless_gone;
use crate::http::render::catch_panics;
use crate::problem::{Problem, Slug};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, FromRequest, Handler, Resource, Responder, Route, guard};

/// All of them.
pub fn configure(config: &mut ServiceConfig) {
    config.service(web::scope("/api").configure(register)).configure(register);
}

fn register(config: &mut ServiceConfig) {
    for endpoint in endpoints() {
        config.service(endpoint.resource());
    }
}

fn endpoints() -> Vec<Endpoint> {
    vec![
        at("/files").read(files::list::list).on(Method::POST, files::upload::upload),
        at("/files/{id}")
            .read(files::item::get)
            .on(Method::PATCH, files::item::patch)
            .on(Method::DELETE, files::item::delete),
        at("/files/{id}/primary").on(Method::PATCH, files::item::set_primary),
        at("/products").read(products::list),
        at("/products/{id}").read(products::get).on(Method::PUT, products::put).on(Method::DELETE, products::delete),
        at("/static/img/products/{key:.*}").read(static_files::serve),
        at("/openapi.json").read(documents::openapi),
        at("/docs").read(documents::docs),
        at("/docs/{file:.*}").read(documents::browse),
        at("/healthz").read(health::alive),
        at("/readyz").read(health::ready),
        at("/metrics").read(metrics::metrics),
        at("/errors/{slug}").read(error_pages::page),
    ]
}

/// An address with the methods that it answers; the others are refused with `Allow`.
struct Endpoint {
    path: &'static str,
    methods: Vec<Method>,
    routes: Vec<Route>,
}

fn at(path: &'static str) -> Endpoint {
    Endpoint { path, methods: Vec::new(), routes: Vec::new() }
}

impl Endpoint {
    /// GET, and HEAD with the same header fields.
    fn read<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.extend([Method::GET, Method::HEAD]);
        self.routes.push(web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler));
        self
    }

    fn on<F, Args>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(web::method(method.clone()).to(handler));
        self.methods.push(method);
        self
    }

    fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    fn resource(
        self,
    ) -> Resource<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>,
    > {
        let allow = self.allow();
        let refuse = web::to(move || {
            let allow = allow.clone();
            async move {
                let problem = Problem::new(Slug::MethodNotAllowed, format!("This address answers {allow} only."));
                let value = HeaderValue::try_from(allow).unwrap_or_else(|_| HeaderValue::from_static("GET"));
                Err::<&str, _>(problem.header(ALLOW, value))
            }
        });
        let resource =
            web::resource(self.path).default_service(refuse).wrap(from_fn(unless_gone)).wrap(from_fn(catch_panics));
        self.routes.into_iter().fold(resource, Resource::route)
    }
}

/// Each address with its methods, as the OpenAPI document must describe them.
#[cfg(test)]
pub(crate) fn table() -> Vec<(&'static str, Vec<String>)> {
    let names = |endpoint: &Endpoint| endpoint.methods.iter().map(|method| method.as_str().to_lowercase()).collect();
    endpoints().iter().map(|endpoint| (endpoint.path, names(endpoint))).collect()
}
