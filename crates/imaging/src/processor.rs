//! The port's adapter: looks at an upload, waits for a worker, runs the pipeline there.
//!
//! Owns the worker pool; refuses to do any work on the caller's thread but reading the header.
//! The surprising rule: an upload that is refused by its header never waits for a worker.

use crate::failure::{Result, internal, unsupported};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::pool::{Cost, Load, Pool, Refusal};
use crate::settings::{ImagingSettings, StartError};
use crate::{cost, header, pipeline, sniff};
use async_trait::async_trait;
use bytes::Bytes;
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage, Sniffed};
use packshot_domain::step::Step;
use packshot_domain::variant::VariantSpecs;
use tracing::Span;

/// Processes pictures with the codecs of this crate, on its own threads.
pub struct CodecImageProcessor {
    settings: ImagingSettings,
    pool: Pool,
}

impl CodecImageProcessor {
    /// Starts the worker threads; they end when this is dropped and their last job is done.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(settings: ImagingSettings) -> std::result::Result<Self, StartError> {
        settings.validate()?;
        let pool = Pool::new(&settings)?;
        Ok(Self { settings, pool })
    }

    /// What the budget counts for `upload` and these variants, in bytes: an upper bound for the memory it will take.
    ///
    /// # Errors
    /// As `process`, for what its header tells.
    pub fn working_bytes(&self, upload: &[u8], specs: &VariantSpecs) -> Result<u64> {
        Ok(cost::working_bytes(&self.judged(upload)?, specs, self.settings.profile))
    }

    /// What is running and waiting at this moment.
    #[must_use]
    pub fn load(&self) -> Load {
        self.pool.load()
    }

    fn judged(&self, upload: &[u8]) -> Result<Header> {
        let format = sniff::supported(upload).ok_or_else(|| unsupported("neither JPEG nor PNG nor WebP"))?;
        let header = header::read(upload, format)?;
        header.check(&self.settings)?;
        Ok(header)
    }
}

#[async_trait]
impl ImageProcessor for CodecImageProcessor {
    fn sniff(&self, bytes: &[u8]) -> Sniffed {
        sniff::sniff(bytes)
    }

    async fn process(&self, upload: Bytes, specs: &VariantSpecs) -> Result<ProcessedImage> {
        let header = self.judged(&upload)?;
        let working_bytes = cost::working_bytes(&header, specs, self.settings.profile);
        let cost = Cost { working_bytes, waiting_bytes: upload.len() };
        let specs = specs.clone();
        let (profile, max_cpu_time) = (self.settings.profile, self.settings.max_cpu_time);
        // The worker's thread is not in the caller's span by itself.
        let (caller, queued) = (Span::current(), Step::Queue.span());
        let work = move || {
            drop(queued);
            caller.in_scope(|| pipeline::run(&upload, &header, &specs, profile, CpuLimit::start(max_cpu_time)))
        };
        let outcome = self.pool.run(cost, work).await;
        match outcome {
            Ok(result) => result,
            Err(Refusal::Overloaded) => Err(ProcessError::Overloaded),
            Err(Refusal::Panicked) => Err(internal("the pipeline panicked")),
        }
    }
}
