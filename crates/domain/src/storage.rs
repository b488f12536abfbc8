//! Where an image's bytes lie: object keys and the public description of a place.
//!
//! Owns the layout of keys, which is also the layout of URLs below the static prefix; refuses to
//! know which kind of store holds them.

pub mod ownership;

use crate::image::{Filename, ImageFormat};
use crate::product::ProductId;
use crate::variant::{Folder, StoredVariant};
use std::fmt;
use uuid::Uuid;

/// The key of one stored file: `{productId}/[folder/]{filename}`.
///
/// A key is written once and never again: its file name is unique to one upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// Why some text is no object key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a stored picture")]
pub struct InvalidObjectKey;

impl ObjectKey {
    /// The key of an original.
    #[must_use]
    pub fn original(product: &ProductId, filename: &Filename) -> Self {
        Self(format!("{product}/{filename}"))
    }

    /// The key of a variant of the image with this original.
    #[must_use]
    pub fn variant(product: &ProductId, folder: &Folder, filename: &Filename, format: ImageFormat) -> Self {
        Self(format!("{product}/{}/{}", folder.as_str(), filename.with_format(format)))
    }

    /// The keys of an image, the original's first.
    #[must_use]
    pub fn all(product: &ProductId, filename: &Filename, variants: &[StoredVariant]) -> Vec<Self> {
        let variant = |stored: &StoredVariant| Self::variant(product, &stored.folder, filename, stored.format);
        std::iter::once(Self::original(product, filename)).chain(variants.iter().map(variant)).collect()
    }

    /// The keys that the original of this object's image can have: one for each format.
    #[must_use]
    pub fn possible_originals(&self) -> Vec<Self> {
        let mut segments = self.0.split('/');
        let (product, filename) = (segments.next().unwrap_or_default(), segments.next_back().unwrap_or_default());
        let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem);
        ImageFormat::ALL.iter().map(|format| Self(format!("{product}/{stem}.{}", format.extension()))).collect()
    }

    /// The name of the file, without its folders.
    #[must_use]
    pub fn filename(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Takes `text`, as the other constructors write it.
    ///
    /// # Errors
    /// [`InvalidObjectKey`] for everything else, so no path can leave the store's root.
    pub fn parse(text: &str) -> Result<Self, InvalidObjectKey> {
        let segments: Vec<&str> = text.split('/').collect();
        let (product, folder, filename) = match segments.as_slice() {
            [product, filename] => (product, None, filename),
            [product, folder, filename] => (product, Some(folder), filename),
            _ => return Err(InvalidObjectKey),
        };
        let good = ProductId::parse(product).is_ok()
            && folder.is_none_or(|folder| Folder::parse(folder).is_ok())
            && Filename::parse(filename).is_ok();
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidObjectKey) }
    }

    /// The key as text, with `/` between its segments and none at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the object is coded as.
    #[must_use]
    pub fn format(&self) -> ImageFormat {
        let extension = self.0.rsplit_once('.').map_or("", |(_, ending)| ending);
        // Every constructor leaves only the three endings.
        ImageFormat::from_extension(extension).unwrap_or(ImageFormat::Jpeg)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of all folders a store is, so that an empty one in its place is not taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreId(Uuid);

impl StoreId {
    /// One made of these bits, which are random.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// Takes `text`, as it is written out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an answer's `storage` object says; never a path of the server's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageLocation {
    /// Such as `s3://product-images/prod_789/`.
    pub location: String,
    /// The bucket's, container's or (on disk) folder's name.
    pub bucket: String,
    /// The region, `local` on disk.
    pub region: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_leads_to_what_its_original_can_be() {
        for key in ["p/p_abc123def456.png", "p/webp/p_abc123def456.webp"] {
            let originals = ObjectKey::parse(key).unwrap().possible_originals();
            let texts: Vec<&str> = originals.iter().map(ObjectKey::as_str).collect();
            assert_eq!(texts, ["p/p_abc123def456.jpg", "p/p_abc123def456.png", "p/p_abc123def456.webp"]);
        }
    }

    #[test]
    fn keys_read_back_and_nothing_else_does() {
        for good in ["prod_789/prod_789_abc123def456.jpg", "p/thumb/p_abc123def456.webp"] {
            assert_eq!(ObjectKey::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "p",
            "/p/p_abc123def456.jpg",
            "p/../p_abc123def456.jpg",
            "p//p_abc123def456.jpg",
            "a/b/c/p_abc123def456.jpg",
            "p/p.jpg",
        ] {
            assert_eq!(ObjectKey::parse(bad), Err(InvalidObjectKey), "{bad}");
        }
    }
}
