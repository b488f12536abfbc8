//! The command line.
//!
//! Owns the commands and how a failure ends: one line on standard error, exit code 1. Only this module
//! and those below it write to standard output.

mod audit;
mod backup;
mod check;
mod demo;
mod product;
mod serve;
mod sweep;
mod terminal;
mod token;
mod verify;

use crate::settings::load::{Loaded, load};
use crate::system::SystemClock;
use crate::wiring;
use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use packshot_domain::access::{Origin, UserName};
use packshot_domain::ports::clock::Clock;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Takes product photographs from an upload to a shop's page.
#[derive(Debug, Parser)]
#[command(name = "packshot", version)]
struct Cli {
    /// The settings file; packshot.toml where it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Applies migrations and serves (what happens without a command, too).
    Serve(serve::Arguments),
    /// Prints a token signed with the HS256 secret.
    Token(token::Arguments),
    /// Makes and renames products.
    #[command(subcommand)]
    Product(product::Arguments),
    /// Applies migrations and exits.
    Migrate,
    /// Removes what crashed uploads and deletions left behind.
    Sweep(sweep::Arguments),
    /// Compares the whole store with the whole database, and names every difference; exit code 1 with one.
    Verify,
    /// Copies everything of the embedded default into an empty folder, while the server runs.
    Backup(backup::Arguments),
    /// Brings a backup back into an empty place.
    Restore(backup::Arguments),
    /// Prints who wrote what, when and from where, newest first.
    Audit(audit::Arguments),
    /// Prints the OpenAPI document.
    Openapi,
    /// Loads the settings, asks the database and the store, and prints what it found.
    Check,
}

/// What every command gets.
struct Invocation {
    loaded: Loaded,
    environment: BTreeMap<String, String>,
    /// The settings file that was named.
    config: Option<PathBuf>,
}

/// Runs the command of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to tell it to when standard error is gone.
            let _ = writeln!(std::io::stderr(), "packshot: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let environment = environment()?;
    let loaded = load(cli.config.as_deref(), &environment)?;
    if !matches!(cli.command, None | Some(Command::Serve(_))) {
        // A server has a log for them.
        for warning in &loaded.warnings {
            writeln!(std::io::stderr(), "packshot: warning: {}", terminal::shown(warning))?;
        }
    }
    let context = Invocation { loaded, environment, config: cli.config };
    match cli.command {
        None => block_on(serve::run(&context, &serve::Arguments::default())),
        Some(Command::Serve(arguments)) => block_on(serve::run(&context, &arguments)),
        Some(Command::Token(arguments)) => token::run(&context, &arguments),
        Some(Command::Product(arguments)) => block_on(product::run(&context, &arguments)),
        Some(Command::Migrate) => migrate(&context),
        Some(Command::Sweep(arguments)) => block_on(sweep::run(&context, &arguments)),
        Some(Command::Verify) => block_on(verify::run(&context)),
        Some(Command::Backup(arguments)) => block_on(backup::backup(&context, &arguments)),
        Some(Command::Restore(arguments)) => block_on(backup::restore(&context, &arguments)),
        Some(Command::Audit(arguments)) => block_on(audit::run(&context, &arguments)),
        Some(Command::Openapi) => {
            print_as_it_is(&format!("{:#}", crate::openapi::document()?))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Check) => block_on(check::run(&context)),
    }
}

/// The variables of this process, as far as they are text.
fn environment() -> anyhow::Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for (name, text) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match text.into_string() {
            Ok(text) => drop(environment.insert(name, text)),
            Err(_) if name.starts_with("PACKSHOT_") => bail!("settings: {name} is no UTF-8"),
            Err(_) => {}
        }
    }
    Ok(environment)
}

fn migrate(context: &Invocation) -> anyhow::Result<ExitCode> {
    let database = wiring::open_database(&context.loaded.settings)?;
    let migrated = database.migrate().context("database.url")?;
    if migrated.applied.is_empty() && migrated.renewed_rows == 0 {
        print("The database is up to date.")?;
    }
    for name in &migrated.applied {
        print(&format!("Applied {name}"))?;
    }
    if migrated.renewed_rows > 0 {
        print(&format!("Wrote the texts of {} rows in their new form", migrated.renewed_rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")?;
    let ended = runtime.block_on(work);
    // What still runs in a thread of its own was given up, and must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Where writes of the command line come from.
fn origin() -> anyhow::Result<Origin> {
    let user = UserName::parse("command line")?;
    Ok(Origin { user, address: None, request_id: None, at: SystemClock::default().now() })
}

/// A line on standard output, seen at once even by a pipe. What others named is shown, and does nothing to the
/// terminal.
fn print(line: &str) -> std::io::Result<()> {
    print_as_it_is(&terminal::shown(line))
}

/// The same for text that is all ours, or for machines alone.
fn print_as_it_is(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The error and its causes, without the line breaks that some libraries put in, as a terminal may have it.
fn one_line(error: &anyhow::Error) -> String {
    terminal::shown(&format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" "))
}
