//! Every file below a store's root, and what killed writes left.
//!
//! Owns what counts as an object, as a leftover and as neither; follows no symbolic link, and lets
//! nothing that others put into the folder end a listing. Leftovers lie in a folder of their own, and that alone is
//! looked at: an older packshot wrote them beside the objects, so a store that it made is walked through once.

use super::blocking;
use super::place::{self, Place};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use packshot_domain::ports::image_store::{ListedObject, ObjectInfo, StoreError};
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All objects, a folder at a time.
pub(super) fn list(place: Arc<Place>) -> BoxStream<'static, Result<ListedObject, StoreError>> {
    let start = vec![place.root.clone()];
    stream::try_unfold(start, move |mut folders| {
        let place = place.clone();
        async move {
            let Some(folder) = folders.pop() else { return Ok::<_, StoreError>(None) };
            let found = blocking(move || {
                if folder == place.root {
                    place.check()?;
                }
                read_folder(&place.root, &folder)
            });
            let found = found.await?;
            folders.extend(found.folders);
            let objects = found.files.into_iter().filter(|file| !file.is_leftover()).map(|file| Ok(file.listed()));
            Ok(Some((stream::iter(objects.collect::<Vec<_>>()), folders)))
        }
    })
    .try_flatten()
    .boxed()
}

/// Leftovers whose last byte was written before `before`, and whether there are younger ones.
pub(super) fn leftovers(place: &Place, before: DateTime<Utc>) -> io::Result<(Vec<PathBuf>, bool)> {
    place.check()?;
    let mut found = Leftovers { before, old: Vec::new(), has_young: false };
    match fs::read_dir(place.temporary()) {
        Ok(entries) => entries.into_iter().try_for_each(|entry| found.add(&entry?))?,
        // Somebody has tidied up.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if place.is_adopted()? {
        found.walk(&place.root)?;
    }
    Ok((found.old, found.has_young))
}

/// Removes them, and counts them.
pub(super) fn remove_leftovers(place: &Place, before: DateTime<Utc>) -> io::Result<u64> {
    let (old, has_young) = leftovers(place, before)?;
    let mut removed = 0;
    for leftover in old {
        match fs::remove_file(leftover) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    if !has_young && place.is_adopted()? {
        place.forget_adoption()?;
    }
    Ok(removed)
}

struct Leftovers {
    before: DateTime<Utc>,
    old: Vec<PathBuf>,
    has_young: bool,
}

impl Leftovers {
    fn add(&mut self, entry: &fs::DirEntry) -> io::Result<()> {
        if !place::is_temporary(&entry.file_name()) {
            return Ok(());
        }
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        if !metadata.is_file() {
            return Ok(());
        }
        if DateTime::<Utc>::from(metadata.modified()?) < self.before {
            self.old.push(entry.path());
        } else {
            self.has_young = true;
        }
        Ok(())
    }

    /// Finds what an older packshot left beside the objects.
    fn walk(&mut self, root: &Path) -> io::Result<()> {
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let found = read_folder(root, &folder)?;
            folders.extend(found.folders);
            for file in found.files.iter().filter(|file| file.is_leftover()) {
                if file.info.last_modified < self.before {
                    self.old.push(folder.join(&file.name));
                } else {
                    self.has_young = true;
                }
            }
        }
        Ok(())
    }
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
    /// Whether a write or a probe of an older packshot that never ended left it: it wrote `name#1` (or the next free
    /// number) and then renamed it.
    fn is_leftover(&self) -> bool {
        if self.path.starts_with(".probe-") {
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
        // Such as `lost+found`, which file systems have at their top: nothing of ours has such a name.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && is_foreign(root, folder) => return Ok(found),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if folder == root && (name == place::MARKER || name == place::TEMPORARY) {
            continue;
        }
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
                name,
                path: below.to_string_lossy().into_owned(),
                info: ObjectInfo { size_bytes: metadata.len(), last_modified: metadata.modified()?.into() },
            });
        }
    }
    Ok(found)
}

/// Whether no object of ours can lie in `folder`.
fn is_foreign(root: &Path, folder: &Path) -> bool {
    let first = folder.strip_prefix(root).ok().and_then(|below| below.components().next());
    first.is_some_and(|first| ProductId::parse(&first.as_os_str().to_string_lossy()).is_err())
}
