//! `packshot sweep`: the sweep, once.

use crate::cli::{Invocation, print};
use crate::wiring;
use chrono::TimeDelta;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Spare uploads begun less than this many seconds ago; the setting's value where it is left out,
    /// and 0 where no server is using the embedded database.
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u32>,
}

pub(super) async fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = &invocation.loaded.settings;
    let backends = wiring::open(settings, &invocation.environment)?;
    let alone = backends.lock.as_ref().is_some_and(|lock| lock.alone());
    let grace = arguments.grace.unwrap_or(if alone { 0 } else { settings.sweep.grace_seconds });
    let report = wiring::sweep(&backends).run(TimeDelta::seconds(i64::from(grace))).await?;
    print(&format!("unfinished uploads    {}", report.uploads))?;
    print(&format!("unfinished deletions  {}", report.deletions))?;
    print(&format!("objects removed       {}", report.objects))?;
    print(&format!("temporary files       {}", report.leftovers))?;
    print(&format!("expired keys          {}", report.expired_keys))?;
    print(&format!("expired limit windows {}", report.expired_windows))?;
    Ok(ExitCode::SUCCESS)
}
