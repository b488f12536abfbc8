//! The modes of files and folders of images, fixed, whatever the process's umask is.

use crate::settings::FileMode;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The mode of files, and with it that of folders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Modes(pub(super) FileMode);

impl Modes {
    /// Gives it to an open file.
    #[cfg(unix)]
    pub(super) fn set_file(self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(self.0.bits()))
    }

    /// Gives a folder that was made just now the same, and lets those enter it who may read.
    #[cfg(unix)]
    pub(super) fn set_folder(self, folder: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(self.0.folder_bits()))
    }

    /// Other systems have no such modes.
    #[cfg(not(unix))]
    pub(super) fn set_file(self, _file: &File) -> io::Result<()> {
        Ok(())
    }

    /// Other systems have no such modes.
    #[cfg(not(unix))]
    pub(super) fn set_folder(self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}
