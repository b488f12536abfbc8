//! The folders between a store's root and its files: whether they are real, and making them durable.
//!
//! Owns every rule about folders and symbolic links; refuses to know what is in the files.

use super::mode::Modes;
use super::place::Place;
use packshot_domain::storage::ObjectKey;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The folders of `key` below `root`, the product's first.
pub(super) fn folders_of(root: &Path, key: &ObjectKey) -> Vec<PathBuf> {
    let segments: Vec<&str> = key.as_str().split('/').collect();
    let folders = segments.split_last().map_or(&[][..], |(_, folders)| folders);
    let mut path = root.to_owned();
    let mut paths = Vec::new();
    for folder in folders {
        path.push(folder);
        paths.push(path.clone());
    }
    paths
}

/// An error when one of the folders of `key` is there, but is no folder of its own.
pub(super) fn refuse_links(root: &Path, key: &ObjectKey) -> io::Result<()> {
    for folder in folders_of(root, key) {
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(io::Error::new(ErrorKind::NotADirectory, "a symbolic link or file is in the way")),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether all folders of `key` are there and are folders of their own.
pub(super) fn leads_inside(root: &Path, key: &ObjectKey) -> io::Result<bool> {
    for folder in folders_of(root, key) {
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Whether `key` is a file, reached through folders alone.
pub(super) fn is_own_file(root: &Path, key: &ObjectKey) -> io::Result<bool> {
    if !leads_inside(root, key)? {
        return Ok(false);
    }
    match fs::symlink_metadata(root.join(key.as_str())) {
        Ok(found) => Ok(found.is_file()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the folders of `key` that are missing; never the root.
pub(super) fn make_folders_of(place: &Place, key: &ObjectKey) -> io::Result<()> {
    for folder in folders_of(&place.root, key) {
        match fs::create_dir(&folder) {
            Ok(()) => place.modes.set_folder(&folder)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes deletions in `folders` durable, then removes those that are empty.
pub(super) fn sync_and_clear(root: &Path, folders: &[PathBuf]) -> io::Result<()> {
    for folder in folders {
        sync_nearest(root, folder)?;
    }
    for folder in folders {
        // It is in use again, or another deletion was faster: both are fine.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

/// Syncs `folder`, or where it has been removed meanwhile, the folder that it was in.
fn sync_nearest(root: &Path, folder: &Path) -> io::Result<()> {
    for ancestor in folder.ancestors() {
        match sync(ancestor) {
            Err(error) if error.kind() == ErrorKind::NotFound && ancestor != root => {}
            other => return other,
        }
    }
    Ok(())
}

/// Makes `folder` with what is missing above it, durably; those above for this user alone.
pub(super) fn make_durably(folder: &Path, modes: Modes) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty())
        .take_while(|path| fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound))
        .collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    for made in &missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync(parent.unwrap_or(Path::new(".")))?;
    }
    if missing.is_empty() { Ok(()) } else { modes.set_folder(folder) }
}

#[cfg(unix)]
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync(_folder: &Path) -> io::Result<()> {
    // Other systems do not open folders as files, and order such changes themselves.
    Ok(())
}
