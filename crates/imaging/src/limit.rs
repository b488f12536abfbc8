//! How much processor time one picture may cost.
//!
//! Owns the clock of the working thread; refuses to stop anything: steps ask, between rows and between
//! variants, and the JPEG decoder between blocks.
//! The surprising rule: it is the thread's own time, not the wall's, so a busy machine refuses no picture.

use crate::failure::Result;
use packshot_domain::ports::image_processor::ProcessError;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The end of the processor time that the picture in work may use, on the thread that works on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuLimit {
    end_ns: i64,
}

impl CpuLimit {
    /// From now on, on this thread.
    pub(crate) fn start(max_cpu_time: Duration) -> Self {
        let most = i64::try_from(max_cpu_time.as_nanos()).unwrap_or(i64::MAX);
        Self { end_ns: thread_ns().saturating_add(most) }
    }

    /// The thread's processor time at which it ends.
    pub(crate) fn end_ns(self) -> i64 {
        self.end_ns
    }

    /// # Errors
    /// `TooCostly` after the end.
    pub(crate) fn check(self) -> Result<()> {
        if thread_ns() > self.end_ns { Err(Self::exceeded()) } else { Ok(()) }
    }

    /// What a picture is refused with.
    pub(crate) fn exceeded() -> ProcessError {
        ProcessError::TooCostly("it takes more processing time than a picture may".to_owned())
    }
}

fn thread_ns() -> i64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_for_who_works_and_not_for_who_waits() {
        let limit = CpuLimit::start(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(60));
        assert!(limit.check().is_ok());
        let mut sum = 0_u64;
        while limit.check().is_ok() {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(matches!(limit.check(), Err(ProcessError::TooCostly(_))), "{sum}");
    }
}
