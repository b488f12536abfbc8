//! The HS256 secret: the one that is set, else the one in its file, else a new one.
//!
//! Owns how a new secret comes to be: 32 random bytes as hexadecimal digits, mode 0600, made whole and
//! then linked into place, so that two processes that start at once agree on one.

use crate::folders;
use crate::settings::AuthSettings;
use anyhow::{Context, anyhow, bail};
use packshot_tokens::Secret;
use secrecy::ExposeSecret;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// The secret of these settings.
///
/// # Errors
/// When tokens come from a JWKS, when the secret is weak, or when its file cannot be read or made.
pub fn load_or_make(settings: &AuthSettings) -> anyhow::Result<Secret> {
    if settings.jwks.is_some() {
        bail!("auth.jwks: tokens come from a JWKS, so there is no HS256 secret to sign with");
    }
    if let Some(secret) = &settings.hs256_secret {
        return parse("auth.hs256_secret", secret.expose_secret());
    }
    let file = settings.hs256_secret_file.as_path();
    let fault = || format!("auth.hs256_secret_file: cannot use {}", file.display());
    if !file.try_exists().with_context(fault)? {
        make(file).with_context(fault)?;
    }
    let text = std::fs::read_to_string(file).with_context(fault)?;
    parse("auth.hs256_secret_file", text.trim_end())
}

fn parse(key: &str, text: &str) -> anyhow::Result<Secret> {
    Secret::parse(text.as_bytes()).map_err(|error| anyhow!("{key}: {error}"))
}

fn make(file: &Path) -> anyhow::Result<()> {
    folders::ensure("auth.hs256_secret_file", folders::of(file))?;
    let mut text = String::new();
    for byte in rand::random::<[u8; 32]>() {
        write!(text, "{byte:02x}")?;
    }
    // Not the process' id: in a container, the next one has the same, and would stumble over what a killed
    // one left.
    let draft = file.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(&draft)?;
    handle.write_all(text.as_bytes())?;
    handle.sync_all()?;
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(std::fs::File::open(folders::of(file))?.sync_all()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &Path) -> AuthSettings {
        AuthSettings { hs256_secret_file: file.to_owned(), ..AuthSettings::default() }
    }

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/hs256.secret");
        load_or_make(&settings(&file)).unwrap();
        let first = std::fs::read_to_string(&file).unwrap();
        load_or_make(&settings(&file)).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
        assert_eq!(first.len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_weak_secret_is_refused_with_its_key() {
        let weak = AuthSettings { hs256_secret: Some("short".into()), ..AuthSettings::default() };
        let error = load_or_make(&weak).unwrap_err().to_string();
        assert!(error.contains("auth.hs256_secret") && !error.contains("short"), "{error}");
    }
}
