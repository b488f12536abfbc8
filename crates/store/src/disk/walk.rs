//! Every file below a store's root.
//!
//! Owns what counts as an object, as a leftover and as neither; follows no symbolic link, and lets
//! nothing that others put into the folder end a listing.

use super::blocking;
use super::paths::PROBE_PREFIX;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use packshot_domain::ports::image_store::{ListedObject, ObjectInfo, StoreError};
use packshot_domain::storage::ObjectKey;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All objects, a folder at a time.
pub(super) fn list(root: Arc<Path>) -> BoxStream<'static, Result<ListedObject, StoreError>> {
    let start = vec![root.to_path_buf()];
    stream::try_unfold(start, move |mut folders| {
        let root = root.clone();
        async move {
            let Some(folder) = folders.pop() else { return Ok::<_, StoreError>(None) };
            let found = blocking(move || read_folder(&root, &folder)).await?;
            folders.extend(found.folders);
            let objects = found.files.into_iter().filter(|file| !file.is_leftover()).map(|file| Ok(file.listed()));
            Ok(Some((stream::iter(objects.collect::<Vec<_>>()), folders)))
        }
    })
    .try_flatten()
    .boxed()
}

/// Leftovers whose last byte was written before `before`.
pub(super) fn leftovers(root: &Path, before: DateTime<Utc>) -> io::Result<Vec<PathBuf>> {
    let (mut folders, mut leftovers) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let found = read_folder(root, &folder)?;
        folders.extend(found.folders);
        let old = found.files.iter().filter(|file| file.is_leftover() && file.info.last_modified < before);
        leftovers.extend(old.map(|file| folder.join(&file.name)));
    }
    Ok(leftovers)
}

/// Removes them, and counts them.
pub(super) fn remove_leftovers(root: &Path, before: DateTime<Utc>) -> io::Result<u64> {
    let mut removed = 0;
    for leftover in leftovers(root, before)? {
        match fs::remove_file(leftover) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

struct Found {
    folders: Vec<PathBuf>,
    files: Vec<FoundFile>,
}

struct FoundFile {
    name: std::ffi::OsString,
    path: String,
    info: ObjectInfo,
}

impl FoundFile {
    /// Whether a write or a probe of ours that never ended left it: `object_store` writes `name#1` (or the
    /// next free number) and then renames it.
    fn is_leftover(&self) -> bool {
        if self.path.starts_with(PROBE_PREFIX) {
            return true;
        }
        let parts = self.path.rsplit_once('#');
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        parts.is_some_and(|(key, end)| number(end) && ObjectKey::parse(key).is_ok())
    }

    fn listed(self) -> ListedObject {
        ListedObject { key: ObjectKey::parse(&self.path).ok(), path: self.path, info: self.info }
    }
}

fn read_folder(root: &Path, folder: &Path) -> io::Result<Found> {
    let mut found = Found { folders: Vec::new(), files: Vec::new() };
    let entries = match fs::read_dir(folder) {
        // A deletion removed it since its parent was read.
        Err(error) if error.kind() == ErrorKind::NotFound && folder != root => return Ok(found),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other?,
        };
        if metadata.is_dir() {
            found.folders.push(entry.path());
        } else if metadata.is_file() {
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path);
            found.files.push(FoundFile {
                name: entry.file_name(),
                path: below.to_string_lossy().into_owned(),
                info: ObjectInfo { size_bytes: metadata.len(), last_modified: metadata.modified()?.into() },
            });
        }
    }
    Ok(found)
}
