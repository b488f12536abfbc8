//! The URL that names a store.
//!
//! Owns its spelling; refuses to know credentials, which never stand in it.

use std::path::PathBuf;

/// Which store, and where in it.
///
/// A prefix is without slashes at its ends, and empty when the whole bucket is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `file://data/images` (relative to where the server was started) or `file:///var/lib/images`:
    /// a folder. The path stands there as it is, without any percent-encoding.
    File(PathBuf),
    /// `memory://`: gone with the process; for tests and trials.
    Memory,
    /// `s3://bucket[/prefix]`: Amazon S3 or whatever speaks its protocol.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every key begins with.
        prefix: String,
    },
    /// `az://container[/prefix]`: Azure Blob Storage.
    Azure {
        /// The container.
        container: String,
        /// What every key begins with.
        prefix: String,
    },
    /// `gs://bucket[/prefix]`: Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
        /// What every key begins with.
        prefix: String,
    },
}

/// Why some text names no store. Does not repeat the text: somebody may have put a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// No scheme, or one that is not known.
    #[error("a store's URL begins with file://, s3://, az://, gs:// or memory://")]
    Scheme,
    /// `file://` with nothing after it.
    #[error("file:// needs a folder, such as file://data/images or file:///var/lib/packshot")]
    NoFolder,
    /// No bucket, or one whose name cannot be.
    #[error("the bucket must be 1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-', and credentials stand elsewhere")]
    Bucket,
    /// A prefix with an empty segment, `.` or `..`, or with other characters.
    #[error("the prefix must be segments of A-Z, a-z, 0-9, '.', '_' and '-' with single slashes between them")]
    Prefix,
    /// Something after `memory://`.
    #[error("memory:// stands alone")]
    MemoryWithPath,
}

impl StoreUrl {
    /// Takes `text` as a store's URL.
    ///
    /// # Errors
    /// [`InvalidStoreUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidStoreUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidStoreUrl::Scheme)?;
        match scheme {
            "file" if rest.is_empty() || rest.contains('\0') => Err(InvalidStoreUrl::NoFolder),
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err(InvalidStoreUrl::MemoryWithPath),
            "s3" => bucket_and_prefix(rest).map(|(bucket, prefix)| Self::S3 { bucket, prefix }),
            "az" => bucket_and_prefix(rest).map(|(container, prefix)| Self::Azure { container, prefix }),
            "gs" => bucket_and_prefix(rest).map(|(bucket, prefix)| Self::Gcs { bucket, prefix }),
            _ => Err(InvalidStoreUrl::Scheme),
        }
    }
}

fn bucket_and_prefix(rest: &str) -> Result<(String, String), InvalidStoreUrl> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let plain = |text: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=255).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
    };
    if !plain(bucket) {
        return Err(InvalidStoreUrl::Bucket);
    }
    if !prefix.is_empty() && !prefix.split('/').all(plain) {
        return Err(InvalidStoreUrl::Prefix);
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_has_its_scheme() {
        let text = |text: &str| text.to_owned();
        for (url, expected) in [
            ("file://data/images", StoreUrl::File("data/images".into())),
            ("file:///var/lib/my images", StoreUrl::File("/var/lib/my images".into())),
            ("memory://", StoreUrl::Memory),
            ("s3://product-images", StoreUrl::S3 { bucket: text("product-images"), prefix: text("") }),
            ("s3://product-images/", StoreUrl::S3 { bucket: text("product-images"), prefix: text("") }),
            ("s3://b/shop/2026/", StoreUrl::S3 { bucket: text("b"), prefix: text("shop/2026") }),
            ("az://images/shop", StoreUrl::Azure { container: text("images"), prefix: text("shop") }),
            ("gs://images", StoreUrl::Gcs { bucket: text("images"), prefix: text("") }),
        ] {
            assert_eq!(StoreUrl::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_names_no_store_is_refused() {
        for (url, expected) in [
            ("", InvalidStoreUrl::Scheme),
            ("data/images", InvalidStoreUrl::Scheme),
            ("file:data", InvalidStoreUrl::Scheme),
            ("S3://bucket", InvalidStoreUrl::Scheme),
            ("https://bucket.s3.amazonaws.com", InvalidStoreUrl::Scheme),
            ("file://", InvalidStoreUrl::NoFolder),
            ("memory://x", InvalidStoreUrl::MemoryWithPath),
            ("s3://", InvalidStoreUrl::Bucket),
            ("s3:///prefix", InvalidStoreUrl::Bucket),
            ("s3://key:secret@bucket", InvalidStoreUrl::Bucket),
            ("s3://..", InvalidStoreUrl::Bucket),
            ("gs://b/../x", InvalidStoreUrl::Prefix),
            ("gs://b//x", InvalidStoreUrl::Prefix),
            ("az://b/a?sv=1", InvalidStoreUrl::Prefix),
            ("s3://b/a%20b", InvalidStoreUrl::Prefix),
        ] {
            assert_eq!(StoreUrl::parse(url), Err(expected), "{url}");
        }
    }
}
