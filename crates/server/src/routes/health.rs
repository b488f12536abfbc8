//! `/healthz` and `/readyz`: for whoever restarts and balances.

use crate::app::App;
use crate::openapi::schemas::{HealthBody, ReadinessBody};
use crate::problem::{Problem, Slug};
use actix_web::{HttpResponse, web};
use serde_json::json;
use std::time::Duration;

/// How long a part may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(3);

#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Operation",
    operation_id = "isAlive",
    responses(
        (status = 200, description = "The process answers", body = HealthBody),
    )
)]
/// The process answers.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Operation",
    operation_id = "isReady",
    responses(
        (status = 200, description = "The database and the store answer", body = ReadinessBody),
        (status = 503, description = "`failed` names what does not answer"),
    )
)]
/// The database and the store answer; 503 names the one that does not.
pub(crate) async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let database = tokio::time::timeout(PATIENCE, app.products.ping());
    let store = tokio::time::timeout(PATIENCE, app.store.ping());
    let (database, store) = futures_util::future::join(database, store).await;
    let mut failed = Vec::new();
    let mut causes = Vec::new();
    let mut note = |name: &'static str, error: Option<String>| {
        if let Some(error) = error {
            failed.push(name);
            causes.push(format!("{name}: {error}"));
        }
    };
    note("database", fault(database));
    note("store", fault(store));
    if failed.is_empty() {
        return Ok(HttpResponse::Ok().json(json!({ "status": "ok", "database": "ok", "store": "ok" })));
    }
    let detail = format!("Not ready: the {} does not answer.", failed.join(" and the "));
    let cause = causes.join("; ").into();
    Err(Problem { cause: Some(cause), ..Problem::new(Slug::Unavailable, detail) }.with("failed", failed).retry_after(5))
}

fn fault<E: std::error::Error>(outcome: Result<Result<(), E>, tokio::time::error::Elapsed>) -> Option<String> {
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
