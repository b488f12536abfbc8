//! `/healthz` and `/readyz`: for whoever restarts and balances.

use crate::app::App;
use crate::openapi::schemas::{HealthBody, ReadinessBody};
use crate::problem::{Problem, Slug};
use actix_web::{HttpResponse, web};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a part may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a finding is good.
const KEPT: Duration = Duration::from_secs(1);

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
    let failures = app.readiness.look(&app).await;
    if failures.is_empty() {
        return Ok(HttpResponse::Ok().json(json!({ "status": "ok", "database": "ok", "store": "ok" })));
    }
    let failed: Vec<_> = failures.iter().map(|failure| failure.part).collect();
    let detail = format!("Not ready: the {} does not answer.", failed.join(" and the "));
    let causes: Vec<_> = failures.iter().map(|failure| format!("{}: {}", failure.part, failure.cause)).collect();
    let cause = causes.join("; ").into();
    Err(Problem { cause: Some(cause), ..Problem::new(Slug::Unavailable, detail) }.with("failed", failed).retry_after(5))
}

/// What was found last, and when: everybody may ask, so the database and the store are asked once a second at most,
/// and whoever asks meanwhile waits for the same answer.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Arc<[Failure]>)>>);

/// A part that does not answer.
struct Failure {
    part: &'static str,
    cause: String,
}

impl Readiness {
    async fn look(&self, app: &App) -> Arc<[Failure]> {
        let mut last = self.0.lock().await;
        if let Some((when, failures)) = &*last
            && when.elapsed() < KEPT
        {
            return failures.clone();
        }
        let failures: Arc<[Failure]> = ask(app).await.into();
        *last = Some((Instant::now(), failures.clone()));
        failures
    }
}

async fn ask(app: &App) -> Vec<Failure> {
    let database = tokio::time::timeout(PATIENCE, app.products.ping());
    let store = tokio::time::timeout(PATIENCE, app.store.ping());
    let (database, store) = futures_util::future::join(database, store).await;
    let parts = [("database", fault(database)), ("store", fault(store))];
    parts.into_iter().filter_map(|(part, cause)| Some(Failure { part, cause: cause? })).collect()
}

fn fault<E: std::error::Error>(outcome: Result<Result<(), E>, tokio::time::error::Elapsed>) -> Option<String> {
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
