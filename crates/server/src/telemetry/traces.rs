//! Spans, exported to an OpenTelemetry collector (OTLP over HTTP).
//!
//! Owns the exporter and its name for this service; refuses to hold up a request: spans wait in a bounded
//! queue that a thread of its own empties, and are lost when the collector is down.

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use std::time::Duration;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

const SERVICE: &str = "packshot";
const PATIENCE: Duration = Duration::from_secs(5);

/// Exports to the collector at `endpoint`, such as `http://127.0.0.1:4318`.
///
/// # Errors
/// When `endpoint` is no URL.
pub(super) fn provider(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    // Fails when it has been done already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .build()
        .context("telemetry.otlp_endpoint")?;
    let resource = Resource::builder().with_service_name(SERVICE).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The layer that hands spans of ours to `provider`; those of libraries are left out.
pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S> {
    let tracer: Tracer = provider.tracer(SERVICE);
    let layer: OpenTelemetryLayer<S, Tracer> = tracing_opentelemetry::layer().with_tracer(tracer);
    layer.with_filter(filter_fn(|metadata| metadata.target().starts_with(SERVICE)))
}
