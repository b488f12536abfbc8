//! What the processor is told when it starts.
//!
//! Owns the limits and their defaults; refuses to know where settings come from.
//! The surprising rule: `max_width` and `max_height` can not exceed what a WebP can hold, since any
//! upload may be asked for as WebP in its own size.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

/// The longest side that every one of the three codings can hold (WebP: 14 bits, RFC 9649).
const LONGEST_SIDE: u32 = 16383;

/// Memory for one picture in work: a progressive JPEG of 25 megapixels and the usual variants of it.
const WORKER_BYTES: u64 = 128 << 20;

/// Limits and resources of the processor.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagingSettings {
    /// Worker threads; each works on one picture. The default is the number of cores.
    pub workers: usize,
    /// The least width of an upload in pixels, as displayed.
    pub min_width: u32,
    /// The least height of an upload in pixels, as displayed.
    pub min_height: u32,
    /// The greatest width of an upload in pixels, as displayed.
    pub max_width: u32,
    /// The greatest height of an upload in pixels, as displayed.
    pub max_height: u32,
    /// Memory that all pictures in work may take together, as far as their headers tell; one that alone takes more
    /// is worked on alone. The default is 128 MiB a worker.
    pub budget_bytes: u64,
    /// Bytes of uploads that may wait for a worker; one more is refused at once.
    pub queue_bytes: usize,
    /// How long an upload waits for a worker before it is refused.
    pub max_wait: Duration,
    /// Processor time that one picture may cost before it is refused.
    pub max_cpu_time: Duration,
    /// What to prefer where quality and CPU time are at odds.
    pub profile: Profile,
}

/// What to prefer where quality and CPU time are at odds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Full decode, linear light, the encoders' better efforts.
    #[default]
    Quality,
    /// JPEGs decoded at a fraction of their size where the variants are much smaller, quicker encoding.
    Fast,
}

/// Why a processor could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is out of its range; the text names it.
    #[error("{0}")]
    Setting(&'static str),
    /// The system refused a thread.
    #[error("the system refused to start a worker thread")]
    Thread(#[source] std::io::Error),
}

impl Default for ImagingSettings {
    fn default() -> Self {
        Self::for_workers(available_parallelism().map_or(1, NonZero::get))
    }
}

impl ImagingSettings {
    /// The defaults with another number of worker threads, and memory for each of them.
    #[must_use]
    pub fn for_workers(workers: usize) -> Self {
        Self {
            workers,
            min_width: 300,
            min_height: 300,
            max_width: 5000,
            max_height: 5000,
            budget_bytes: WORKER_BYTES.saturating_mul(workers as u64),
            queue_bytes: 256 << 20,
            max_wait: Duration::from_secs(10),
            max_cpu_time: Duration::from_secs(20),
            profile: Profile::Quality,
        }
    }

    /// Checks what the types cannot say.
    pub(crate) fn validate(&self) -> Result<(), StartError> {
        let refuse = |text| Err(StartError::Setting(text));
        if self.workers == 0 || self.workers > 1024 {
            return refuse("workers must be 1 to 1024");
        }
        if self.min_width == 0 || self.min_height == 0 {
            return refuse("min_width and min_height must be at least 1");
        }
        if self.max_width < self.min_width || self.max_height < self.min_height {
            return refuse("max_width and max_height must not be less than min_width and min_height");
        }
        if self.max_width > LONGEST_SIDE || self.max_height > LONGEST_SIDE {
            return refuse("max_width and max_height must be at most 16383, the longest side of a WebP");
        }
        if self.max_cpu_time.is_zero() {
            return refuse("max_cpu_time must be more than nothing");
        }
        if self.budget_bytes == 0 || self.queue_bytes == 0 {
            return refuse("budget_bytes and queue_bytes must be at least 1");
        }
        Ok(())
    }
}
