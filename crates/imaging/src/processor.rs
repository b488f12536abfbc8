//! The port's adapter: looks at an upload, waits for a worker, runs the pipeline there.
//!
//! Owns the worker pool; refuses to do any work on the caller's thread but reading the header.
//! The surprising rule: an upload that is refused by its header never waits for a worker.

use crate::failure::{Result, corrupt, unsupported};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::panics::caught;
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
        caught(|| self.judge(upload)).unwrap_or_else(|panic| Err(unreadable(upload, &panic)))
    }

    fn judge(&self, upload: &[u8]) -> Result<Header> {
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
        let (specs, read) = (specs.clone(), upload.clone());
        let (profile, max_cpu_time) = (self.settings.profile, self.settings.max_cpu_time);
        // The worker's thread is not in the caller's span by itself.
        let (caller, queued) = (Span::current(), Step::Queue.span());
        let work = move || {
            drop(queued);
            caller.in_scope(|| pipeline::run(&read, &header, &specs, profile, CpuLimit::start(max_cpu_time)))
        };
        self.worked(&upload, cost, work).await
    }
}

impl CodecImageProcessor {
    /// What a worker makes of `upload` by `work`.
    async fn worked<T: Send + 'static>(
        &self,
        upload: &[u8],
        cost: Cost,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.pool.run(cost, work).await {
            Ok(result) => result,
            Err(Refusal::Overloaded) => Err(ProcessError::Overloaded),
            Err(Refusal::Panicked(panic)) => Err(unreadable(upload, &panic)),
        }
    }
}

/// What a file is refused with on which a codec panicked. The log has what is needed to find the file and the fault.
fn unreadable(upload: &[u8], panic: &str) -> ProcessError {
    tracing::error!(
        panic,
        bytes = upload.len(),
        crc32 = crc32fast::hash(upload),
        head = %upload.get(..64).unwrap_or(upload).escape_ascii(),
        "a codec panicked on an upload, which is refused as unreadable"
    );
    corrupt("it could not be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of any codec and any kind: what is known to make one panic is refused before it is asked.
    #[test]
    fn a_file_on_which_a_codec_panics_is_refused_and_the_next_one_is_not() {
        let processor = CodecImageProcessor::new(ImagingSettings::for_workers(1)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let cost = Cost { working_bytes: 1, waiting_bytes: 1 };
        let index = b"upload".len();
        let panicking = processor.worked(b"upload", cost, move || Ok(b"upload"[index]));
        assert!(
            matches!(runtime.block_on(panicking), Err(ProcessError::Corrupt(text)) if text == "it could not be read")
        );
        assert!(matches!(runtime.block_on(processor.worked(b"upload", cost, || Ok(7))), Ok(7)));
    }
}
