//! How long each step of a request took.
//!
//! Owns the sums: a span of [`step::TARGET`] that closes adds its time to
//! the request that it ran in, and to the histogram of its step. The surprising rule: time spent in a step
//! within a step counts for the inner one alone, so the steps of a request never add up to more than it.

use super::{metrics, registry};
use packshot_domain::step::{self, Step};
use std::time::{Duration, Instant};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The name of the span that stands around a request.
pub const REQUEST: &str = "request";

/// What each step of one request took so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepTimes([Option<Duration>; Step::ALL.len()]);

impl StepTimes {
    /// What was measured within this span of a request.
    #[must_use]
    pub fn of(request: &Span) -> Self {
        let times = request.with_subscriber(|(id, dispatch)| {
            let span = tracing_subscriber::registry::LookupSpan::span(registry(dispatch)?, id)?;
            span.extensions().get::<Self>().cloned()
        });
        times.flatten().unwrap_or_default()
    }

    /// What that step took, in milliseconds; `None` when it did not happen.
    #[must_use]
    pub fn ms(&self, step: Step) -> Option<f64> {
        // Two decimals, for people who read it.
        self.0[step as usize].map(|time| (time.as_secs_f64() * 100_000.0).round() / 100.0)
    }

    fn add(&mut self, step: Step, time: Duration) {
        *self.0[step as usize].get_or_insert_default() += time;
    }
}

/// Measures steps.
#[derive(Debug, Clone, Copy)]
pub struct StepTimer;

struct Running {
    since: Instant,
    within_others: Duration,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for StepTimer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if attributes.metadata().target() == step::TARGET {
            span.extensions_mut().insert(Running { since: Instant::now(), within_others: Duration::ZERO });
        } else if attributes.metadata().name() == REQUEST {
            span.extensions_mut().insert(StepTimes::default());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(step) = (span.metadata().target() == step::TARGET).then(|| Step::named(span.name())).flatten() else {
            return;
        };
        let Some(running) = span.extensions_mut().remove::<Running>() else { return };
        let whole = running.since.elapsed();
        let own = whole.saturating_sub(running.within_others);
        metrics::step(step, own);
        let mut outer = span.parent();
        let mut told = false;
        while let Some(around) = outer {
            let mut extensions = around.extensions_mut();
            if let Some(times) = extensions.get_mut::<StepTimes>() {
                times.add(step, own);
                break;
            }
            if let Some(parent) = extensions.get_mut::<Running>().filter(|_| !told) {
                parent.within_others += whole;
                told = true;
            }
            drop(extensions);
            outer = around.parent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    fn within_a_request(work: impl FnOnce()) -> StepTimes {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(StepTimer), || {
            let request = tracing::error_span!("request");
            request.in_scope(work);
            StepTimes::of(&request)
        })
    }

    fn spin(at_least: Duration) {
        let start = Instant::now();
        while start.elapsed() < at_least {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_step_within_a_step_is_not_counted_twice() {
        const PAUSE: Duration = Duration::from_millis(30);
        let whole = Instant::now();
        let times = within_a_request(|| {
            Step::Decode.span().in_scope(|| {
                Step::Resize.span().in_scope(|| spin(PAUSE));
                Step::Resize.span().in_scope(|| spin(PAUSE));
            });
        });
        let whole = whole.elapsed().as_secs_f64() * 1000.0;
        let (decode, resize) = (times.ms(Step::Decode).unwrap(), times.ms(Step::Resize).unwrap());
        assert!(resize >= 60.0, "{resize}");
        assert!(decode + resize <= whole + 0.02, "{decode} + {resize} > {whole}");
    }

    #[test]
    fn a_step_on_another_thread_is_counted_and_one_that_did_not_happen_is_not() {
        let times = within_a_request(|| {
            let (caller, dispatch) = (Span::current(), tracing::dispatcher::get_default(Clone::clone));
            let worker = std::thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    caller.in_scope(|| Step::Encode.span().in_scope(|| spin(Duration::from_millis(1))));
                });
            });
            worker.join().unwrap();
        });
        assert!(times.ms(Step::Encode).unwrap() >= 1.0);
        assert_eq!(times.ms(Step::Store), None);
    }
}
