//! `packshot sweep`: the sweep, once.

use crate::cli::{Invocation, print};
use crate::wiring;
use chrono::TimeDelta;
use clap::Args;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};
use packshot_domain::sweep::Spared;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Spare uploads begun less than this many seconds ago; the setting's value where it is left out,
    /// and none where no server is using the embedded database and the files are on disk.
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u32>,
    /// Print what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = &invocation.loaded.settings;
    let backends = wiring::open(settings, &invocation.environment)?;
    let younger = |seconds| Spared::Younger(TimeDelta::seconds(i64::from(seconds)));
    let spared = match arguments.grace {
        Some(seconds) => younger(seconds),
        None if backends.nothing_is_in_work() => Spared::Nothing,
        None => younger(settings.sweep.grace_seconds),
    };
    let sweep = wiring::sweep(settings, &backends);
    if arguments.dry_run {
        let (entries, leftovers) = sweep.preview(spared).await?;
        return show(&entries, leftovers);
    }
    let report = sweep.run(spared).await?;
    print(&format!("unfinished uploads    {}", report.uploads))?;
    print(&format!("may still land        {}", report.landing))?;
    print(&format!("unfinished deletions  {}", report.deletions))?;
    print(&format!("objects removed       {}", report.objects))?;
    print(&format!("temporary files       {}", report.leftovers))?;
    print(&format!("expired keys          {}", report.expired_keys))?;
    print(&format!("expired limit windows {}", report.expired_windows))?;
    Ok(ExitCode::SUCCESS)
}

/// What a sweep would remove; it would also forget expired idempotency keys and ended limit windows.
fn show(entries: &[JournalEntry], leftovers: u64) -> anyhow::Result<ExitCode> {
    let mut objects = 0;
    for entry in entries {
        let kind = match entry.kind {
            EntryKind::Upload => "unfinished upload",
            EntryKind::Deletion => "unfinished deletion",
        };
        for key in &entry.keys {
            print(&format!("would remove {key} ({kind} {})", entry.image))?;
        }
        objects += entry.keys.len();
    }
    let of = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
    print(&format!("unfinished uploads    {}", of(EntryKind::Upload)))?;
    print(&format!("unfinished deletions  {}", of(EntryKind::Deletion)))?;
    print(&format!("objects named         {objects}"))?;
    print(&format!("temporary files       {leftovers}"))?;
    Ok(ExitCode::SUCCESS)
}
