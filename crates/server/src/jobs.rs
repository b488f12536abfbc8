//! Work that runs to its end, whether or not its client stays.
//!
//! Owns where it runs and the count of what runs, which a shutdown waits for; refuses to know what it does.
//! A handler's own future is dropped with its client's connection: what must not stop half-way is a job.

use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinError;
use tracing::Instrument;

/// The jobs of this process; a clone knows of the same ones.
#[derive(Debug, Clone)]
pub struct Jobs {
    runtime: Handle,
    running: Arc<watch::Sender<usize>>,
}

impl Jobs {
    /// None yet; they will run on this runtime, not on the thread of the connection.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, running: Arc::new(watch::Sender::new(0)) }
    }

    /// Starts `work` within the current span and waits for its result. A caller that stops waiting does not
    /// stop the work.
    ///
    /// # Errors
    /// When it panicked, or the process is ending.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
        let counted = Counted::new(&self.running);
        let job = async move {
            let _counted = counted;
            work.await
        };
        self.runtime.spawn(job.in_current_span()).await
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        *self.running.borrow()
    }

    /// Waits until none runs.
    pub async fn ended(&self) {
        // Fails only when there is no sender any more, and `self` is one.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}

/// One of those that run, until dropped: also when the work panics.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(running: &Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(Arc::clone(running))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::pin::pin;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_job_outlives_its_caller_and_is_waited_for() {
        let jobs = Jobs::new(Handle::current());
        let (go, wait) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        {
            let mut caller = pin!(jobs.run(async move {
                wait.await.unwrap();
                done.send(()).unwrap();
            }));
            assert!(caller.as_mut().now_or_never().is_none());
        }
        assert_eq!(jobs.running(), 1);
        let mut ended = pin!(jobs.ended());
        assert!(ended.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        ended.await;
        assert_eq!(jobs.running(), 0);
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn a_job_that_panics_has_ended() {
        let jobs = Jobs::new(Handle::current());
        let failed = jobs.run(async { assert_eq!(1, 2, "as it should") }).await;
        assert!(failed.unwrap_err().is_panic());
        jobs.ended().await;
        assert_eq!(jobs.run(async { 7 }).await.unwrap(), 7);
    }
}
