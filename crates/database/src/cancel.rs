//! Ends a database server's query that nobody waits for, or whose time is over.
//!
//! Owns the moment between "it still runs" and "its connection does something else": a server is asked to cancel
//! what a *connection* does, so it is asked only while the work holds that connection, and whatever comes late is
//! swallowed before the connection is given back.

use crate::deadline::{self, Deadline};
use crate::dialect::Connected;
use crate::pool::AnyPool;
use diesel::result::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It has no connection yet, or none that could be told to stop.
    Unknown,
    /// It runs on this connection of the server.
    Running(i32),
    /// As before, and the server was asked to stop it.
    Cancelled,
    /// It is over.
    Over,
}

type Shared = Arc<Mutex<Progress>>;

/// Held by who waits for the work: dropped, it ends the work.
pub(crate) struct Cancel {
    control: AnyPool,
    deadline: Deadline,
    progress: Shared,
    is_armed: bool,
}

/// Held by the work.
pub(crate) struct Watched(Shared);

impl Cancel {
    /// For work under this deadline; `control` has a connection to ask the server on.
    pub(crate) fn new(control: AnyPool, deadline: Deadline) -> Self {
        Self { control, deadline, progress: Arc::new(Mutex::new(Progress::Unknown)), is_armed: true }
    }

    /// The part of the work itself.
    pub(crate) fn watched(&self) -> Watched {
        Watched(self.progress.clone())
    }

    /// The work has ended.
    pub(crate) fn disarm(mut self) {
        self.is_armed = false;
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        if !self.is_armed {
            return;
        }
        self.deadline.abandon();
        let (control, progress) = (self.control.clone(), self.progress.clone());
        if !matches!(control, AnyPool::Postgres(_)) {
            return;
        }
        // Without a runtime the process ends, and its connections with it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || ask_to_cancel(&control, &progress));
        }
    }
}

fn ask_to_cancel(control: &AnyPool, progress: &Shared) {
    if !matches!(*lock(progress), Progress::Running(_)) {
        return;
    }
    let mut pooled = match control.get() {
        Ok(pooled) => pooled,
        Err(error) => return tracing::warn!(%error, "a query that nobody waits for could not be ended"),
    };
    // Locked until the server has been asked, so that the connection is not given back in between.
    let mut progress = lock(progress);
    let Progress::Running(backend) = *progress else { return };
    *progress = Progress::Cancelled;
    if let Err(error) = pooled.connected().cancel(backend) {
        tracing::warn!(%error, "a query that nobody waits for could not be ended");
    }
}

impl Watched {
    /// Does `work` on `connection`; meanwhile it can be ended.
    pub(crate) fn during<T, E: From<Error>>(
        self,
        connection: &mut Connected<'_>,
        work: impl FnOnce(&mut Connected<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if deadline::has_passed() {
            return Err(Error::RollbackTransaction.into());
        }
        if let Some(backend) = connection.backend()? {
            *lock(&self.0) = Progress::Running(backend);
        }
        let result = work(connection);
        let before = std::mem::replace(&mut *lock(&self.0), Progress::Over);
        if before == Progress::Cancelled {
            connection.swallow_cancel();
        }
        result
    }
}

/// A panic elsewhere leaves no half-done change of a word.
fn lock(progress: &Shared) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
