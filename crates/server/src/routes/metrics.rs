//! `GET /metrics`: for Prometheus.
//!
//! Owns who may read it, which `metrics.access` says: nobody, admins, or everybody.

use crate::app::App;
use crate::http::caller::Admin;
use crate::problem::{Problem, Slug};
use crate::settings::MetricsAccess;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

/// The media type of Prometheus' text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operation",
    operation_id = "readMetrics",
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "Prometheus' text format", body = String, content_type = "text/plain"),
        (status = 401, description = "Missing or invalid token, where `metrics.access` is `admin`"),
        (status = 403, description = "Insufficient permissions, where `metrics.access` is `admin`"),
        (status = 404, description = "`metrics.access` is `off`"),
    )
)]
/// What is counted and measured, for Prometheus.
pub(crate) async fn metrics(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    match app.http.metrics_access {
        MetricsAccess::Off => return Err(Problem::new(Slug::NotFound, "There is nothing at this address.")),
        MetricsAccess::Admin => drop(Admin::extract(&request).await?),
        MetricsAccess::Public => {}
    }
    let text = web::block(move || app.metrics.as_ref().map(|metrics| metrics.render())).await;
    let text = text.ok().flatten().unwrap_or_default();
    Ok(HttpResponse::Ok().content_type(PROMETHEUS_TEXT).insert_header((CACHE_CONTROL, "no-store")).body(text))
}
