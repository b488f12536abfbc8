//! The folder of a store: whether it is the right one.
//!
//! Owns the marker, a file in the folder with the store's id. A volume that is not mounted leaves an empty folder, or
//! none, in its place; without the marker in it, nothing is written there, and nothing is said to be missing or
//! gone. Its surprising rule: nothing here makes the folder anew but [`mark`], which is called at the first start
//! alone.

use super::mode::Modes;
use super::paths;
use packshot_domain::storage::StoreId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The marker's name. What begins like it is nobody's object: product ids have no dots.
pub(super) const MARKER: &str = ".packshot-store";
/// The folder of temporary files, in the root so that a rename into place stays within one file system.
pub(super) const TEMPORARY: &str = ".packshot-tmp";
/// A file in there that says that an older packshot wrote here, whose temporary files lie beside the objects.
const ADOPTED: &str = "adopted";
/// What the names of files begin with that only try whether the folder can be written to.
const PROBE_PREFIX: &str = "probe-";
/// More than a block of any file system, which has to find room for it.
const PROBE_BYTES: usize = 8192;

/// A folder, and the id that its marker must have.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) id: StoreId,
    pub(super) modes: Modes,
}

impl Place {
    /// An error unless the folder is the right one.
    pub(super) fn check(&self) -> io::Result<()> {
        match read(&self.root)? {
            Some(found) if found == self.id => Ok(()),
            Some(_) => Err(gone("another store is in the place of the folder of images")),
            None => Err(gone("the folder of images is not there; is its volume mounted?")),
        }
    }

    /// Where temporary files are.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join(TEMPORARY)
    }

    /// Makes a temporary file that no other process has.
    pub(super) fn create_temporary(&self, prefix: &str) -> io::Result<(PathBuf, File)> {
        loop {
            let path = self.temporary().join(unique(prefix));
            match create_new(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // Somebody has tidied up.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.check()?;
                    make_temporary(&self.root)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes a file of a few blocks and removes it.
    pub(super) fn probe(&self) -> io::Result<()> {
        self.check()?;
        let (path, mut file) = self.create_temporary(PROBE_PREFIX)?;
        let written = file.write_all(&[0x55; PROBE_BYTES]);
        fs::remove_file(path)?;
        written
    }

    /// Whether temporary files of an older packshot may lie beside the objects.
    pub(super) fn is_adopted(&self) -> io::Result<bool> {
        fs::exists(self.temporary().join(ADOPTED))
    }

    /// They have all been found.
    pub(super) fn forget_adoption(&self) -> io::Result<()> {
        fs::remove_file(self.temporary().join(ADOPTED))
    }
}

/// Whether a name in the folder of temporary files is one of a write or a probe.
pub(super) fn is_temporary(name: &std::ffi::OsStr) -> bool {
    name != ADOPTED
}

/// The id of the store in `folder`; `None` where the folder or its marker is not there.
pub(super) fn read(folder: &Path) -> io::Result<Option<StoreId>> {
    let mut text = String::new();
    match File::open(folder.join(MARKER)) {
        Ok(file) => file.take(100).read_to_string(&mut text)?,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    let unreadable = || io::Error::new(ErrorKind::InvalidData, format!("the file {MARKER} has no id in it"));
    StoreId::parse(text.trim()).map(Some).ok_or_else(unreadable)
}

/// Makes `folder` the store `id`, durably: the folder where it is missing, its marker, the folder of temporary files.
/// Another process may be faster; the id is what the marker says then.
pub(super) fn mark(folder: &Path, id: StoreId, modes: Modes) -> io::Result<StoreId> {
    paths::make_durably(folder, modes)?;
    let has_content = fs::read_dir(folder)?.next().is_some();
    make_temporary(folder)?;
    if has_content {
        File::create(folder.join(TEMPORARY).join(ADOPTED))?.sync_all()?;
    }
    let (written, marker) = (folder.join(TEMPORARY).join(unique("marker-")), folder.join(MARKER));
    let mut file = create_new(&written)?;
    writeln!(file, "{id}")?;
    modes.set_file(&file)?;
    file.sync_all()?;
    // Unlike a rename, a link takes nobody's place; not every file system has links.
    match fs::hard_link(&written, &marker) {
        Ok(()) => fs::remove_file(&written)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::remove_file(&written)?,
        Err(_) => fs::rename(&written, &marker)?,
    }
    paths::sync(&folder.join(TEMPORARY))?;
    paths::sync(folder)?;
    read(folder)?.ok_or_else(|| gone("the folder of images has vanished"))
}

fn make_temporary(root: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    // What is not whole yet is nobody's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(root.join(TEMPORARY)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// A name that neither this nor another process has, whatever machine it runs on.
fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}{}-{number}-{:016x}", std::process::id(), random_bits())
}

/// An id that nobody has.
pub(super) fn random_id() -> StoreId {
    StoreId::from_bits(u128::from(random_bits()) << 64 | u128::from(random_bits()))
}

/// From the standard library's own random keys.
fn random_bits() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn gone(what: &str) -> io::Error {
    io::Error::new(ErrorKind::NotFound, what)
}
