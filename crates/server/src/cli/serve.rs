//! `packshot serve`: everything started, until a signal ends it.

use crate::app::App;
use crate::cli::{Invocation, demo, print, print_as_it_is};
use crate::http::{listen, start};
use crate::jobs::Jobs;
use crate::settings::Settings;
use crate::shutdown::{Ended, Signals, run_until_told};
use crate::supervisor;
use crate::system::SystemClock;
use crate::telemetry::{self, metrics};
use crate::wiring::{self, Backends};
use actix_web::web;
use anyhow::Context;
use chrono::{TimeDelta, Utc};
use packshot_database::Database;
use packshot_domain::sweep::{Spared, Sweep, SweepReport, Tries};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::Handle;

/// How often the metrics are tidied.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// How often the clock is compared with the database's.
const CLOCK_CHECK: Duration = Duration::from_secs(60);

#[derive(Debug, Default, clap::Args)]
pub(super) struct Arguments {
    /// Serves on the socket that is standard input, for the supervisor that is this process.
    #[arg(long, hide = true, value_name = "PROCESS")]
    supervised: Option<u32>,
}

pub(super) async fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = &invocation.loaded.settings;
    let bind = &settings.server.bind;
    if let Some(supervisor) = arguments.supervised {
        return serve(invocation, Some(supervisor::inherited(supervisor)?)).await;
    }
    if settings.server.supervise {
        // For its log.
        let _telemetry = telemetry::start(settings)?;
        let options = invocation.config.iter().flat_map(|file| ["--config".into(), file.clone().into_os_string()]);
        let words = options.chain(["serve".into(), "--supervised".into()]);
        return supervisor::supervise(&listen(bind)?, words.collect()).await;
    }
    serve(invocation, None).await
}

/// On `listener`, or, where there is none, on what is set.
async fn serve(invocation: &Invocation, listener: Option<TcpListener>) -> anyhow::Result<ExitCode> {
    let settings = &invocation.loaded.settings;
    let bind = &settings.server.bind;
    let telemetry = telemetry::start(settings)?;
    for warning in &invocation.loaded.warnings {
        tracing::warn!("{warning}");
    }
    let mut backends = wiring::open(settings, &invocation.environment)?;
    backends.lock = wiring::lock(settings).await?;
    backends.database.hold_reserve();
    let jobs = Jobs::new(Handle::current());
    let app = web::Data::new(wiring::app(settings, &backends, jobs.clone())?);
    let supervised = listener.is_some();
    let listener = listener.map_or_else(|| listen(bind), Ok)?;
    let running = start(app.clone(), listener, bind, settings.server.workers)?;
    let address = running.address;
    // From here on there is something to end in order.
    let signals = if supervised { Signals::catch_passed_on() } else { Signals::catch() }.context("signals")?;
    compare_clocks(&backends.database, &backends.clock).await;
    sweep_what_died(settings, &mut backends).await;
    let demo = if invocation.loaded.all_defaults { demo::prepare(settings, &backends, address).await? } else { None };
    greet(settings, &backends, demo.as_deref())?;
    print(&format!("Listening on http://{address}"))?;
    let sweeper = tokio::spawn(sweep_forever(wiring::sweep(settings, &backends), settings.clone()));
    let housekeeper = tokio::spawn(keep_metrics(app));
    let timekeeper = tokio::spawn(keep_time(backends.database.clone(), backends.clock.clone()));
    let patience = Duration::from_secs(settings.server.shutdown_timeout_seconds);
    let ended = run_until_told(running, &jobs, signals, patience).await;
    sweeper.abort();
    housekeeper.abort();
    timekeeper.abort();
    // The lock goes with the process, not before it: a write that was given up may be in work in a thread of
    // its own, and who has the lock alone believes that there is none.
    std::mem::forget(backends.lock.take());
    if ended? == Ended::Hurried {
        return Ok(ExitCode::FAILURE);
    }
    tracing::info!("stopped");
    // Its exporter blocks until the collector has answered.
    tokio::task::spawn_blocking(|| telemetry.end()).await?;
    Ok(ExitCode::SUCCESS)
}

fn greet(settings: &Settings, backends: &Backends, demo: Option<&str>) -> anyhow::Result<()> {
    print(&format!("packshot {}", env!("CARGO_PKG_VERSION")))?;
    print(&format!("Database  {}", backends.database.describe()))?;
    print(&format!("Images    {}", backends.store.describe()))?;
    if settings.auth.jwks.is_none() && settings.auth.hs256_secret.is_none() {
        print(&format!("Secret    {}", settings.auth.hs256_secret_file.display()))?;
    }
    if let Some(demo) = demo {
        print_as_it_is(demo)?;
    }
    Ok(())
}

/// With the embedded database and the disk to itself, a server knows that every unfinished upload is dead.
async fn sweep_what_died(settings: &Settings, backends: &mut Backends) {
    if backends.nothing_is_in_work() {
        report(&wiring::sweep(settings, backends).run(Spared::Nothing, Tries::All).await);
    }
    if let Some(lock) = &mut backends.lock
        && let Err(error) = lock.share(wiring::LOCK_PATIENCE).await
    {
        tracing::warn!(error = %error, "the database's lock cannot be shared");
    }
}

async fn sweep_forever(sweep: Sweep, settings: Settings) {
    let mut ticks = tokio::time::interval(Duration::from_secs(settings.sweep.interval_seconds));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let spared = Spared::Younger(TimeDelta::seconds(i64::from(settings.sweep.grace_seconds)));
    loop {
        ticks.tick().await;
        report(&sweep.run(spared, Tries::Due).await);
    }
}

/// Compares this machine's clock with the database server's, again and again.
async fn keep_time(database: Database, clock: SystemClock) {
    loop {
        compare_clocks(&database, &clock).await;
        tokio::time::sleep(CLOCK_CHECK).await;
    }
}

async fn compare_clocks(database: &Database, clock: &SystemClock) {
    let before = Utc::now();
    match database.time().await {
        Ok(Some(theirs)) => clock.compare(before, theirs, Utc::now()),
        // An embedded database has no clock of its own.
        Ok(None) => {}
        Err(error) => tracing::warn!(error = %error, "the database did not tell its time"),
    }
}

async fn keep_metrics(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(METRICS_UPKEEP);
    loop {
        ticks.tick().await;
        if let Some(metrics) = &app.metrics {
            metrics.upkeep();
        }
    }
}

fn report(done: &SweepReport) {
    metrics::swept(done);
    for stuck in &done.postponed {
        let cause = cause_of(&stuck.error);
        tracing::warn!(
            image = %stuck.image,
            key = stuck.key.as_ref().map(ToString::to_string),
            attempts = stuck.attempts,
            next_attempt_at = %stuck.until,
            error = %stuck.error,
            cause,
            "objects could not be deleted; they are tried again later"
        );
    }
    for (part, error) in &done.failures {
        tracing::warn!(part = part.name(), %error, cause = cause_of(error), "a part of a sweep ended early");
    }
    if !done.is_empty() {
        tracing::info!(
            uploads = done.uploads,
            landing = done.landing,
            deletions = done.deletions,
            objects = done.objects,
            leftovers = done.leftovers,
            expired_keys = done.expired_keys,
            expired_windows = done.expired_windows,
            audit_entries = done.audit_entries,
            stuck = done.stuck,
            "swept"
        );
    }
}

fn cause_of(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
