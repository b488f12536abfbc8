//! The end of a server: what starts it, in which order things end, and how long that may take.
//!
//! Owns the signals. The first one closes the door: nobody can connect any more, connections without a
//! request are closed, and no further request is begun on the others. Requests that were begun are answered;
//! then jobs whose clients have gone are waited for. A second signal, or the end of the time that is given
//! for this, ends the server at once: what an upload has left then is named by the journal, as after a crash.

use crate::http::Running;
use crate::jobs::Jobs;
use futures_util::future::join;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, caught from now on.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches them, instead of ending the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Catches what the supervisor passes on in their place, SIGUSR1 and SIGUSR2. A service manager that sends
    /// SIGTERM to every process reaches this one directly, too, and does not mean haste.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn catch_passed_on() -> io::Result<Self> {
        // Once caught, they never end the process any more.
        drop(Self::catch()?);
        Ok(Self { terminate: signal(SignalKind::user_defined1())?, interrupt: signal(SignalKind::user_defined2())? })
    }

    /// The name of the next one, perhaps of one that has come already.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was begun has ended.
    InOrder,
    /// Not everything had ended in the time that was given.
    OutOfTime,
    /// A second signal came.
    Hurried,
}

/// Runs the server until a signal, and then for at most `patience` until everything has ended.
///
/// # Errors
/// When the server ends by itself.
pub async fn run_until_told(
    running: Running,
    jobs: &Jobs,
    mut signals: Signals,
    patience: Duration,
) -> io::Result<Ended> {
    // Dropping it closes what connections are left.
    let mut server = pin!(running.server);
    tokio::select! {
        ended = &mut server => return ended.map(|()| Ended::InOrder),
        signal = signals.next() => tracing::info!(signal, jobs = jobs.running(), "stopping"),
    }
    let in_order = async {
        let ((), ended) = join(running.handle.stop(true), &mut server).await;
        // Last: as long as there are connections, there can be new ones.
        if jobs.running() > 0 {
            tracing::info!(jobs = jobs.running(), "waiting for work whose clients have gone");
            jobs.ended().await;
        }
        ended
    };
    tokio::select! {
        ended = in_order => ended.map(|()| Ended::InOrder),
        () = tokio::time::sleep(patience) => {
            let patience_s = patience.as_secs();
            tracing::warn!(patience_s, jobs = jobs.running(), "stopped before every request had ended");
            Ok(Ended::OutOfTime)
        }
        signal = signals.next() => {
            tracing::warn!(signal, jobs = jobs.running(), "stopped at once, before every request had ended");
            Ok(Ended::Hurried)
        }
    }
}
