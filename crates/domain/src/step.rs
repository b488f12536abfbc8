//! The steps of an upload, as its times are told.
//!
//! Owns their names and that each is a `tracing` span of the target [`TARGET`]; refuses to measure: who
//! wants times subscribes. The surprising rule: steps nest, and a step's time is its own alone.

use tracing::Span;

/// The target of every step's span, and of nothing else.
pub const TARGET: &str = "packshot::step";

/// What an upload spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading the form off the network.
    Receive,
    /// Waiting for a worker and a share of the budget.
    Queue,
    /// Making the original: stripping, turning.
    Clean,
    /// Pixels and their colours, from coded bytes.
    Decode,
    /// Making them fewer.
    Resize,
    /// Variants, from pixels to coded bytes.
    Encode,
    /// Entering what is about to be written into the journal.
    Journal,
    /// Writing the objects.
    Store,
    /// The transaction that makes the image.
    Commit,
}

impl Step {
    /// All of them, in the order in which an upload meets them first.
    pub const ALL: [Self; 9] = [
        Self::Receive,
        Self::Queue,
        Self::Clean,
        Self::Decode,
        Self::Resize,
        Self::Encode,
        Self::Journal,
        Self::Store,
        Self::Commit,
    ];

    /// Its name, which is its span's too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Queue => "queue",
            Self::Clean => "clean",
            Self::Decode => "decode",
            Self::Resize => "resize",
            Self::Encode => "encode",
            Self::Journal => "journal",
            Self::Store => "store",
            Self::Commit => "commit",
        }
    }

    /// The step of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// A span that lasts as long as the step, within the current one.
    #[must_use]
    pub fn span(self) -> Span {
        macro_rules! span {
            ($name:literal) => {
                tracing::info_span!(target: TARGET, $name)
            };
        }
        match self {
            Self::Receive => span!("receive"),
            Self::Queue => span!("queue"),
            Self::Clean => span!("clean"),
            Self::Decode => span!("decode"),
            Self::Resize => span!("resize"),
            Self::Encode => span!("encode"),
            Self::Journal => span!("journal"),
            Self::Store => span!("store"),
            Self::Commit => span!("commit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_its_own_step_and_its_spans_name() {
        tracing::subscriber::with_default(Everything, || {
            for step in Step::ALL {
                assert_eq!(Step::named(step.name()), Some(step));
                let span = step.span();
                let metadata = span.metadata().unwrap();
                assert_eq!((metadata.name(), metadata.target()), (step.name(), TARGET));
            }
        });
    }

    /// Wants every span and does nothing with it.
    struct Everything;

    impl tracing::Subscriber for Everything {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {}
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }
}
