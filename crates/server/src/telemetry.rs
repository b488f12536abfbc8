//! What can be seen of a running server: log lines, times of steps, metrics, traces.
//!
//! Owns how they are started; refuses to know who measures what. One mechanism feeds all of them: the
//! spans that the layers and the use cases open. The surprising rule: `log.level` chooses log lines only;
//! times and metrics do not depend on it.

pub mod limits;
mod lines;
pub mod metrics;
pub mod steps;
mod traces;

use crate::settings::{LogFormat, LogSettings, Settings};
use anyhow::Context;
use lines::{Escape, SafeLines};
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use steps::StepTimer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Ends with the server; what has not been exported by then is exported.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Starts logging, timing and, where it is set, exporting.
///
/// # Errors
/// When `log.level` is no filter, `telemetry.otlp_endpoint` cannot be used, or logging has been started
/// before.
pub fn start(settings: &Settings) -> anyhow::Result<Telemetry> {
    let traces = settings.telemetry.otlp_endpoint.as_deref().map(traces::provider).transpose()?;
    let exported = traces.as_ref().map(traces::layer);
    let started = tracing_subscriber::registry().with(StepTimer).with(exported).with(lines(&settings.log)?).try_init();
    started.map_err(|error| anyhow::anyhow!("logging cannot start: {error}"))?;
    log_panics();
    Ok(Telemetry { traces })
}

type Lines<S> = Box<dyn Layer<S> + Send + Sync>;

fn lines<S>(settings: &LogSettings) -> anyhow::Result<Lines<S>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    lines_to(settings, std::io::stderr, std::io::stderr().is_terminal())
}

fn lines_to<S, W>(settings: &LogSettings, writer: W, is_terminal: bool) -> anyhow::Result<Lines<S>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&settings.level).context("settings: log.level is not a level or a filter")?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let format = tracing_subscriber::fmt::format();
    Ok(match settings.format {
        LogFormat::Text => {
            let format = format.with_target(false).with_ansi(false);
            lines
                .event_format(SafeLines { format, escape: Escape::Text, colours: is_terminal })
                .with_filter(filter)
                .boxed()
        }
        LogFormat::Json => {
            let format = format.json().flatten_event(true);
            lines
                .fmt_fields(JsonFields::new())
                .event_format(SafeLines { format, escape: Escape::Json, colours: false })
                .with_filter(filter)
                .boxed()
        }
    })
}

/// A panic is a line of the log, like everything else that goes wrong.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, cause = panic.payload_as_str().unwrap_or_default(), "a thread panicked");
    }));
}

impl Telemetry {
    /// Exports what has not been exported; blocks for as long as the collector takes, at most 5 seconds.
    pub fn end(self) {
        if let Some(Err(error)) = self.traces.map(|traces| traces.shutdown()) {
            tracing::warn!(error = %error, "the last traces were not exported");
        }
    }
}

/// The registry that keeps spans, when it is the one that is in use.
fn registry(dispatch: &tracing::Dispatch) -> Option<&Registry> {
    dispatch.downcast_ref::<Registry>()
}
