//! One object written: whole and durable, or not there.
//!
//! The file is written and synced in the folder of temporary files and then renamed into place, which can only happen
//! where both are on the volume that had the temporary folder: a volume that goes away in between ends in an error.

use super::paths;
use super::place::Place;
use packshot_domain::storage::ObjectKey;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

/// Far more than any race of real deletions needs.
const TRIES: u32 = 20;

/// Writes it.
pub(super) fn put(place: &Place, key: &ObjectKey, bytes: &[u8]) -> io::Result<()> {
    place.check()?;
    paths::refuse_links(&place.root, key)?;
    let mut temporary = Temporary::create(place)?;
    temporary.file.write_all(bytes)?;
    place.modes.set_file(&temporary.file)?;
    temporary.file.sync_all()?;
    temporary.rename(place, key)?;
    // Whoever made the folders syncs them too, but perhaps has not come to it yet.
    paths::folders_of(&place.root, key)
        .iter()
        .rev()
        .map(PathBuf::as_path)
        .chain([&*place.root])
        .try_for_each(paths::sync)
}

/// A temporary file; removed when dropped, unless it was renamed into place.
struct Temporary {
    path: PathBuf,
    file: File,
    is_in_place: bool,
}

impl Temporary {
    fn create(place: &Place) -> io::Result<Self> {
        let (path, file) = place.create_temporary("")?;
        Ok(Self { path, file, is_in_place: false })
    }

    fn rename(&mut self, place: &Place, key: &ObjectKey) -> io::Result<()> {
        let target = place.root.join(key.as_str());
        let mut tries = 1;
        loop {
            match paths::make_folders_of(place, key).and_then(|()| fs::rename(&self.path, &target)) {
                Ok(()) => {
                    self.is_in_place = true;
                    return Ok(());
                }
                // Between making the folder and using it, the deletion of its last object removed it.
                Err(error) if error.kind() == ErrorKind::NotFound && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_in_place {
            // If this fails, too, a sweep finds it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
