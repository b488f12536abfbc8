//! The folders that the embedded database, the disk store and the secret lie in.
//!
//! Owns their mode: 0700, for what they hold is nobody else's business.

use anyhow::Context;
use std::fs::DirBuilder;
use std::path::Path;

/// Makes `folder` and those above it that are missing, for the sake of the setting `key`.
///
/// # Errors
/// One line with the key, the folder and the cause.
pub fn ensure(key: &str, folder: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let fault = || format!("{key}: cannot use the folder {}", folder.display());
    builder.create(folder).with_context(fault)?;
    folder.read_dir().map(drop).with_context(fault)
}

/// The folder that `file` lies in; the current one for a bare name.
#[must_use]
pub fn of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
