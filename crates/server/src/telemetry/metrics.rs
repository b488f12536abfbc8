//! The metrics, as Prometheus reads them.
//!
//! Owns their names, units and buckets; refuses to know who may read them. The surprising rule: a label
//! never holds what a client can make up, so nobody can make the list long.

use actix_web::http::{Method, StatusCode};
use anyhow::Context;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use packshot_domain::ports::rate_limiter::Scope;
use packshot_domain::step::Step;
use packshot_domain::sweep::{Part, SweepReport};
use std::time::Duration;

/// Seconds: from a cached answer to an upload that waited.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What measures itself only when it is asked: queues, pools, the process.
pub type Gauges = Box<dyn Fn() + Send + Sync>;

/// Every metric of this process.
pub struct Metrics {
    handle: PrometheusHandle,
    gauges: Gauges,
    process: metrics_process::Collector,
}

impl Metrics {
    /// Starts counting, for the life of the process.
    ///
    /// # Errors
    /// When it has been started before.
    pub fn start(gauges: Gauges) -> anyhow::Result<Self> {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).context("metrics cannot start")?;
        let handle = builder.install_recorder().context("metrics cannot start")?;
        describe();
        let process = metrics_process::Collector::default();
        process.describe();
        gauge!("packshot_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { handle, gauges, process })
    }

    /// All of them in Prometheus' text format, read now.
    #[must_use]
    pub fn render(&self) -> String {
        (self.gauges)();
        self.process.collect();
        self.handle.render()
    }

    /// Makes room: to be called now and then, so that what nobody reads does not pile up.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    describe_gauge!("packshot_build_info", "1, with the version");
    describe_counter!("packshot_http_requests_total", "Requests answered, by route, method and status");
    describe_histogram!(
        "packshot_http_request_duration_seconds",
        Unit::Seconds,
        "From the head of a request to the head of its answer"
    );
    describe_gauge!("packshot_http_requests_in_flight", "Requests that are being answered");
    describe_counter!("packshot_http_received_bytes_total", Unit::Bytes, "Bytes of requests' bodies");
    describe_counter!("packshot_http_sent_bytes_total", Unit::Bytes, "Bytes of answers' bodies");
    describe_counter!("packshot_http_answers_given_up_total", "Connections ended because their client took too little");
    describe_histogram!("packshot_step_duration_seconds", Unit::Seconds, "What each step of an upload took by itself");
    describe_counter!("packshot_rate_limited_total", "Uploads refused by a rate limit, by whose it was");
    describe_gauge!("packshot_imaging_running", "Pictures in work");
    describe_gauge!("packshot_imaging_waiting", "Pictures that wait for a worker or the budget");
    describe_gauge!("packshot_imaging_budget_bytes", Unit::Bytes, "Memory that pictures in work may take together");
    describe_gauge!(
        "packshot_imaging_budget_used_bytes",
        Unit::Bytes,
        "Memory that pictures in work are expected to take"
    );
    describe_gauge!("packshot_database_connections", "Connections to the database, by state");
    describe_counter!("packshot_sweeps_total", "Sweeps, by outcome");
    describe_counter!("packshot_sweep_failures_total", "Parts of sweeps that ended early, by part");
    describe_counter!("packshot_swept_total", "What sweeps removed, by kind");
    describe_gauge!(
        "packshot_sweep_stuck",
        "Images and failed uploads whose objects could not be deleted and wait for the next attempt"
    );
}

/// A request has been answered.
pub(crate) fn request(route: &str, method: &Method, status: StatusCode, took: Duration, received: u64, sent: u64) {
    let route = route.to_owned();
    let method = match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let labels = [("route", route.clone()), ("method", method.to_owned()), ("status", status.as_str().to_owned())];
    counter!("packshot_http_requests_total", &labels).increment(1);
    histogram!("packshot_http_request_duration_seconds", "route" => route, "method" => method).record(took);
    counter!("packshot_http_received_bytes_total").increment(received);
    counter!("packshot_http_sent_bytes_total").increment(sent);
}

/// A client did not take its answer.
pub(crate) fn answer_given_up() {
    counter!("packshot_http_answers_given_up_total").increment(1);
}

/// A request in work, until it is dropped.
pub(crate) struct InFlight(());

impl InFlight {
    /// One more.
    pub(crate) fn new() -> Self {
        gauge!("packshot_http_requests_in_flight").increment(1.0);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("packshot_http_requests_in_flight").decrement(1.0);
    }
}

/// A step has ended.
pub(crate) fn step(step: Step, took: Duration) {
    histogram!("packshot_step_duration_seconds", "step" => step.name()).record(took);
}

/// A rate limit refused an upload.
pub(crate) fn rate_limited(scope: Scope) {
    let scope = match scope {
        Scope::User => "user",
        Scope::Address => "address",
        Scope::Product => "product",
    };
    counter!("packshot_rate_limited_total", "scope" => scope).increment(1);
}

/// A sweep has ended.
pub(crate) fn swept(report: &SweepReport) {
    #![expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
    let outcome = if report.failures.is_empty() { "done" } else { "failed" };
    counter!("packshot_sweeps_total", "outcome" => outcome).increment(1);
    for part in Part::ALL {
        let failures = counter!("packshot_sweep_failures_total", "part" => part.name());
        failures.increment(u64::from(report.failed(part)));
    }
    if let Some(stuck) = report.stuck {
        gauge!("packshot_sweep_stuck").set(stuck as f64);
    }
    for (kind, count) in [
        // Each once: the others are swept again.
        ("upload", report.uploads - report.landing),
        ("deletion", report.deletions),
        ("object", report.objects),
        ("temporary_file", report.leftovers),
        ("idempotency_key", report.expired_keys),
        ("rate_limit_window", report.expired_windows),
        ("audit_entry", report.audit_entries),
    ] {
        counter!("packshot_swept_total", "kind" => kind).increment(count);
    }
}

/// What the processor is doing.
pub(crate) fn imaging(running: usize, waiting: usize, budget_bytes: u64, used_bytes: u64) {
    #![expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
    gauge!("packshot_imaging_running").set(running as f64);
    gauge!("packshot_imaging_waiting").set(waiting as f64);
    gauge!("packshot_imaging_budget_bytes").set(budget_bytes as f64);
    gauge!("packshot_imaging_budget_used_bytes").set(used_bytes as f64);
}

/// What the database's connections are doing.
pub(crate) fn connections(open: u32, idle: u32) {
    gauge!("packshot_database_connections", "state" => "idle").set(idle);
    gauge!("packshot_database_connections", "state" => "busy").set(open.saturating_sub(idle));
}
