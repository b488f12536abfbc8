//! `packshot sweep`: the sweep, once.

use crate::cli::{Invocation, print};
use crate::wiring;
use chrono::TimeDelta;
use clap::Args;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};
use packshot_domain::sweep::{Part, Postponed, Spared, SweepReport, Tries};
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
    let mut backends = wiring::existing(settings, &invocation.environment)?;
    if arguments.grace.is_none() {
        backends.lock = wiring::lock_alone(settings, "packshot sweep")?;
    }
    let younger = |seconds| Spared::Younger(TimeDelta::seconds(i64::from(seconds)));
    let spared = match arguments.grace {
        Some(seconds) => younger(seconds),
        None if backends.nothing_is_in_work() => Spared::Nothing,
        None => younger(settings.sweep.grace_seconds),
    };
    let sweep = wiring::sweep(settings, &backends);
    if arguments.dry_run {
        // What only looks keeps nobody waiting.
        backends.lock = None;
        let (entries, leftovers) = sweep.preview(spared).await?;
        return show(&entries, leftovers);
    }
    let report = sweep.run(spared, Tries::All).await;
    tell(&report)?;
    // Whoever calls it now and then is to notice that something does not go.
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What each part did, and what failed.
fn tell(report: &SweepReport) -> anyhow::Result<()> {
    let lines = [
        (Part::Uploads, "unfinished uploads    ", report.uploads),
        (Part::Uploads, "may still land        ", report.landing),
        (Part::Deletions, "unfinished deletions  ", report.deletions),
        (Part::Deletions, "objects removed       ", report.objects),
        (Part::Leftovers, "temporary files       ", report.leftovers),
        (Part::Keys, "expired keys          ", report.expired_keys),
        (Part::Windows, "expired limit windows ", report.expired_windows),
        (Part::Audit, "old audit entries     ", report.audit_entries),
    ];
    for (part, what, count) in lines {
        let failed = if report.failed(part) { " (FAILED, ended early)" } else { "" };
        print(&format!("{what}{count}{failed}"))?;
    }
    print(&format!("could not be deleted  {}", report.postponed.len()))?;
    for Postponed { image, key, attempts, error, .. } in &report.postponed {
        let key = key.as_ref().map(ToString::to_string).unwrap_or_default();
        print(&format!("stuck {key} ({image}, {attempts} attempts): {}", in_one_line(error)))?;
    }
    for (part, error) in &report.failures {
        print(&format!("failed {}: {}", part.name(), in_one_line(error)))?;
    }
    Ok(())
}

/// The error with its causes.
fn in_one_line(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
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
