//! `packshot backup` and `packshot restore`: everything of the embedded default, into a folder and back.
//!
//! Owns the folder's layout (`packshot.db`, `images`, `hs256.secret`) and the order of things. A backup is
//! taken while the server runs: the database is copied in one moment, then the objects that the copy
//! speaks for. Its surprising rule: an image that was deleted in between leaves the copy too, so that what
//! a backup has is whole, and it is compared before the command says that it is done.

use crate::cli::{Invocation, origin, print, verify};
use crate::folders;
use crate::settings::Settings;
use crate::wiring::{self, Backends};
use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use futures_util::TryStreamExt;
use packshot_domain::image::ImageId;
use packshot_domain::ports::image_repo::ImageRepo;
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::ports::upload_journal::{Due, EntryKind, UploadJournal};
use packshot_domain::storage::ObjectKey;
use packshot_domain::transfer::{Transfer, Transferred};
use secrecy::SecretString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The backup's folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Takes a backup.
pub(super) async fn backup(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (settings, folder) = (&invocation.loaded.settings, arguments.folder.as_path());
    embedded(settings)?;
    folders::ensure("DIR", folder)?;
    ensure!(folder.read_dir()?.next().is_none(), "DIR: {} is not empty", folder.display());
    let live = wiring::existing(settings, &invocation.environment)?;
    live.database.copy_to(&folder.join("packshot.db")).await.context("database.url")?;
    let copy = wiring::open_in_new_place(&inside(settings, folder), &invocation.environment)?;

    let done = transfer(&copy, &live, &copy).await?;
    for image in &done.incomplete {
        ensure!(
            live.database.find(image.id).await.context("database.url")?.is_none(),
            "{} has lost objects: see `packshot verify`",
            image.id
        );
        let keys = ObjectKey::all(&image.product_id, &image.filename, &image.variants);
        copy.database.delete(image.id, &origin()?).await?;
        copy.store.delete(&keys).await?;
    }
    // Its unfinished uploads and deletions have no objects here.
    for kind in EntryKind::ALL {
        let all = Due { kind, uploads_before: DateTime::<Utc>::MAX_UTC, by: DateTime::<Utc>::MAX_UTC };
        let unfinished = copy.database.peek(&all, u32::MAX).await?;
        let unfinished: Vec<ImageId> = unfinished.iter().map(|claimed| claimed.entry.image).collect();
        copy.database.finish_all(&unfinished).await?;
    }
    copy_secret(settings.auth.hs256_secret_file.as_path(), &secret_in(folder))?;
    conclude(&copy, &done, "backed up").await
}

/// Brings a backup back into an empty place.
pub(super) async fn restore(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (settings, folder) = (&invocation.loaded.settings, arguments.folder.as_path());
    let file = embedded(settings)?;
    ensure!(folder.join("packshot.db").is_file(), "DIR: {} is no backup", folder.display());
    ensure!(!file.try_exists()?, "database.url: {} is there already; a restore needs an empty place", file.display());
    let store = wiring::open_new_store(settings, &invocation.environment)?;
    ensure!(
        store.list().try_next().await.context("storage.url")?.is_none(),
        "storage.url: {} is not empty; a restore needs an empty place",
        store.describe()
    );
    folders::ensure("database.url", folders::of(&file))?;
    let draft = draft_of(&file);
    remove_database(&draft)?;
    // The backup stays as it is: one that an older packshot took is migrated in a copy.
    let mut kept = inside(settings, folder);
    wiring::open_database(&kept)?.copy_to(&draft).await.context("DIR")?;
    kept.database.url = url_of(&draft);
    let kept = wiring::open(&kept, &invocation.environment)?;
    let objects = Transfer { images: Arc::new(kept.database.clone()), from: kept.store.clone(), to: store };
    let done = objects.run(&|_| {}).await?;
    ensure!(done.incomplete.is_empty(), "{} images of the backup have lost objects", done.incomplete.len());
    copy_secret(&secret_in(folder), settings.auth.hs256_secret_file.as_path())?;
    // The rows last: until they are there, nothing is.
    kept.database.copy_to(&file).await.context("database.url")?;
    drop(kept);
    remove_database(&draft)?;
    let restored = wiring::open_in_new_place(settings, &invocation.environment)?;
    conclude(&restored, &done, "restored").await
}

/// The file of the embedded database.
fn embedded(settings: &Settings) -> anyhow::Result<PathBuf> {
    match wiring::embedded_database(settings)? {
        Some(file) => Ok(file),
        None => bail!(
            "database.url: this is a database server, which has its own backups (pg_dump); \
             back up the image store beside it"
        ),
    }
}

/// The same settings, with everything in the backup's folder.
fn inside(settings: &Settings, folder: &Path) -> Settings {
    let mut inside = settings.clone();
    inside.database.url = url_of(&folder.join("packshot.db"));
    inside.storage.url = format!("file://{}", folder.join("images").display());
    inside.storage.options.clear();
    inside
}

fn url_of(database: &Path) -> SecretString {
    format!("sqlite://{}", database.display()).into()
}

/// Where the rows are while they are being restored to `database`.
fn draft_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

/// Removes a database with the files beside it, where it is there.
fn remove_database(database: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = database.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", Path::new(&file).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn secret_in(folder: &Path) -> PathBuf {
    folder.join("hs256.secret")
}

/// Copies the secret's file where there is one and none is in its place; for its owner alone.
fn copy_secret(from: &Path, to: &Path) -> anyhow::Result<()> {
    if from.is_file() && !to.try_exists()? {
        folders::ensure("auth.hs256_secret_file", folders::of(to))?;
        // The mode goes with it.
        std::fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

async fn transfer(rows: &Backends, from: &Backends, to: &Backends) -> anyhow::Result<Transferred> {
    let images = Arc::new(rows.database.clone());
    let bar = verify::bar(images.count().await?)?;
    let drawn = bar.clone();
    let transfer = Transfer { images, from: from.store.clone(), to: to.store.clone() };
    let done = transfer.run(&move |images| drawn.set_position(images)).await;
    bar.finish_and_clear();
    Ok(done?)
}

async fn conclude(backends: &Backends, done: &Transferred, what: &str) -> anyhow::Result<ExitCode> {
    let report = verify::compare(backends).await?;
    ensure!(report.differences == 0, "{} differences: do not rely on what was {what}", report.differences);
    print(&format!("{what} {} images, {} objects, {} bytes", report.images, done.objects, done.bytes))?;
    Ok(ExitCode::SUCCESS)
}
