//! A process that holds the socket, and starts the one that serves on it again when a signal killed it.
//!
//! For what no Rust code can catch: an abort or a bad access in a codec's C. Owns the socket, which stays
//! open meanwhile, so that clients wait instead of being refused, and the life of the serving process: what
//! ends this one is passed on, and its exit code is this one's. Refuses to know what is served; what the
//! dead process left is found by the next one as after any crash. Its surprising rule: the socket is the
//! serving process's standard input, which is how a process inherits one without unsafe code.

use crate::shutdown::Signals;
use anyhow::Context;
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

/// How long the first pause before another start is; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A process that lived this long has shown that it can: the next pause is the first again.
const LONG_LIFE: Duration = Duration::from_secs(30);

/// Runs this program with these `words` and this process's number, again and again, until it ends by itself
/// or is told to. To be called by a thread that lives as long as this process: the program ends with it.
///
/// # Errors
/// When it cannot be started.
pub async fn supervise(listener: &TcpListener, words: Vec<OsString>) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::catch().context("signals")?;
    let mut pause = FIRST_PAUSE;
    loop {
        let born = Instant::now();
        let child = start(listener, &words).context("the serving process cannot start")?;
        let (status, told) = until_it_ends(child, &mut signals).await?;
        let Some(killer) = status.signal() else {
            return Ok(status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .map_or(ExitCode::FAILURE, ExitCode::from));
        };
        if told {
            return Ok(ExitCode::FAILURE);
        }
        if born.elapsed() > LONG_LIFE {
            pause = FIRST_PAUSE;
        }
        tracing::error!(signal = killer, "a signal killed the serving process; starting another");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = signals.next() => return Ok(ExitCode::SUCCESS),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The socket that the process `supervisor` handed on. This process ends with that one, however it ends.
///
/// # Errors
/// When there is none.
pub fn inherited(supervisor: u32) -> anyhow::Result<TcpListener> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("the supervisor cannot be watched")?;
    // It may have ended before it was watched; then another process is the parent.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().get());
    anyhow::ensure!(parent == i32::try_from(supervisor).ok(), "the supervisor is gone");
    let socket = io::stdin().as_fd().try_clone_to_owned().context("standard input")?;
    let listener = TcpListener::from(socket);
    listener.local_addr().context("standard input is no socket")?;
    Ok(listener)
}

fn start(listener: &TcpListener, words: &[OsString]) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    // A terminal's signals reach this process alone, which passes them on: two would be meant as haste.
    command
        .args(words)
        .arg(std::process::id().to_string())
        .stdin(OwnedFd::from(listener.try_clone()?))
        .process_group(0);
    command.spawn()
}

/// How it ended, and whether it had been told to. Signals are passed on, see [`Signals::catch_passed_on`].
async fn until_it_ends(mut child: Child, signals: &mut Signals) -> anyhow::Result<(ExitStatus, bool)> {
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a process has a number")?;
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    let mut told = false;
    loop {
        tokio::select! {
            status = &mut ended => return Ok((status??, told)),
            signal = signals.next() => {
                told = true;
                let signal = if signal == "SIGINT" { Signal::USR2 } else { Signal::USR1 };
                // It may be gone already; then its end is seen next.
                let _ = kill_process(process, signal);
            }
        }
    }
}
