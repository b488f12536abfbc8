//! `packshot verify`: the whole store against the whole database.

use crate::cli::{Invocation, print};
use crate::wiring;
use indicatif::{ProgressBar, ProgressStyle};
use packshot_domain::verify::{Difference, Event, VerifyReport};
use std::process::ExitCode;

pub(super) async fn run(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    let backends = wiring::existing(&invocation.loaded.settings, &invocation.environment)?;
    let report = compare(&backends).await?;
    Ok(if report.differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares, with a bar on standard error and every difference on standard output.
pub(super) async fn compare(backends: &wiring::Backends) -> anyhow::Result<VerifyReport> {
    let bar = bar(0)?;
    bar.set_message("listing objects");
    let drawn = bar.clone();
    let tell = move |event| match event {
        Event::Listed(objects) => drawn.set_position(objects),
        Event::Compared(images, of) => {
            drawn.set_message("comparing images");
            drawn.set_length(of);
            drawn.set_position(images);
        }
        Event::Found(difference) => say(&drawn, &in_words(&difference)),
        Event::Foreign(path) => say(&drawn, &format!("foreign     {path}")),
    };
    let report = wiring::verify(backends).run(&tell).await;
    bar.finish_and_clear();
    let report = report?;
    print(&format!("images      {}", report.images))?;
    print(&format!("objects     {}", report.objects))?;
    print(&format!("unfinished  {}", report.unfinished))?;
    print(&format!("foreign     {}", report.foreign))?;
    print(&format!("differences {}", report.differences))?;
    Ok(report)
}

/// A progress bar on standard error; it draws nothing where that is no terminal.
pub(super) fn bar(length: u64) -> anyhow::Result<ProgressBar> {
    Ok(ProgressBar::new(length).with_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")?))
}

fn say(bar: &ProgressBar, line: &str) {
    // A closed pipe is noticed by the report's own lines.
    bar.suspend(|| drop(print(line)));
}

fn in_words(difference: &Difference) -> String {
    match difference {
        Difference::Missing { image, key } => format!("missing     {key} of {image}"),
        Difference::WrongSize { image, key, expected, actual } => {
            format!("wrong size  {key} of {image}: {actual} bytes instead of {expected}")
        }
        Difference::Orphan(key) => format!("orphan      {key}"),
    }
}
