//! The whole store against the whole database.
//!
//! Owns what counts as a difference; changes nothing. Runs while servers upload and delete: what looks
//! like a difference is looked at again, in the order in which an upload and a deletion write, before it
//! is told. Its surprising rule: the store is listed first and the rows are read after it, so that an
//! object without a row is either new, unfinished (the journal names it) or an orphan.

use crate::image::{Image, ImageId};
use crate::ports::image_repo::ImageRepo;
use crate::ports::image_store::{ImageStore, ListedObject, StoreError};
use crate::ports::product_repo::RepoError;
use crate::ports::upload_journal::UploadJournal;
use crate::storage::ObjectKey;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// The use case, with the ports that it needs.
pub struct Verify {
    /// Image rows.
    pub images: Arc<dyn ImageRepo>,
    /// Objects that no row speaks for.
    pub journal: Arc<dyn UploadJournal>,
    /// Image files.
    pub store: Arc<dyn ImageStore>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A row speaks for an object that is not there.
    Missing {
        /// The row's image.
        image: ImageId,
        /// The object.
        key: ObjectKey,
    },
    /// An object is not as long as its row says.
    WrongSize {
        /// The row's image.
        image: ImageId,
        /// The object.
        key: ObjectKey,
        /// As the row says, in bytes.
        expected: u64,
        /// As the store says, in bytes.
        actual: u64,
    },
    /// Neither a row nor the journal speaks for an object.
    Orphan(ObjectKey),
}

/// What happens while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// So many objects have been listed.
    Listed(u64),
    /// So many rows of about so many have been compared.
    Compared(u64, u64),
    /// A difference was found.
    Found(Difference),
    /// The store holds something that packshot did not write; no difference.
    Foreign(String),
}

/// What was compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Rows.
    pub images: u64,
    /// Objects of packshot's.
    pub objects: u64,
    /// Objects that the journal names: uploads and deletions in work, or left to the sweep.
    pub unfinished: u64,
    /// Things in the store that are not packshot's.
    pub foreign: u64,
    /// What is not as it should be.
    pub differences: u64,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// Objects by a digest of their keys: 16 bytes each, whatever the keys' lengths.
type Listing = HashMap<[u8; 16], u64>;

impl Verify {
    const BATCH: u32 = 500;

    /// Compares, and tells what happens as it happens.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn run(&self, tell: &(dyn Fn(Event) + Send + Sync)) -> Result<VerifyReport, VerifyError> {
        let mut report = VerifyReport::default();
        let mut listing = self.list(&mut report, tell).await?;
        self.compare(&mut listing, &mut report, tell).await?;
        if !listing.is_empty() {
            self.judge(&listing, &mut report, tell).await?;
        }
        Ok(report)
    }

    async fn list(
        &self,
        report: &mut VerifyReport,
        tell: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Listing, VerifyError> {
        let mut listing = Listing::new();
        let mut objects = self.store.list();
        while let Some(ListedObject { key, path, info }) = objects.try_next().await? {
            match key {
                Some(key) => {
                    listing.insert(digest(&key), info.size_bytes);
                    report.objects += 1;
                    if report.objects.is_multiple_of(u64::from(Self::BATCH)) {
                        tell(Event::Listed(report.objects));
                    }
                }
                None => {
                    report.foreign += 1;
                    tell(Event::Foreign(path));
                }
            }
        }
        tell(Event::Listed(report.objects));
        Ok(listing)
    }

    async fn compare(
        &self,
        listing: &mut Listing,
        report: &mut VerifyReport,
        tell: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<(), VerifyError> {
        let total = self.images.count().await?;
        let mut after = None;
        loop {
            let images = self.images.scan(after, Self::BATCH).await?;
            for image in &images {
                self.compare_image(image, listing, report, tell).await?;
            }
            report.images += images.len() as u64;
            tell(Event::Compared(report.images, total.max(report.images)));
            match images.last() {
                Some(last) if images.len() as u64 == u64::from(Self::BATCH) => after = Some(last.id),
                _ => return Ok(()),
            }
        }
    }

    async fn compare_image(
        &self,
        image: &Image,
        listing: &mut Listing,
        report: &mut VerifyReport,
        tell: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<(), VerifyError> {
        let keys = ObjectKey::all(&image.product_id, &image.filename, &image.variants);
        let sizes = std::iter::once(image.size_bytes).chain(image.variants.iter().map(|variant| variant.size_bytes));
        for (key, expected) in keys.into_iter().zip(sizes) {
            let actual = match listing.remove(&digest(&key)) {
                Some(size) => size,
                // Written since the listing, perhaps.
                None => match self.store.head(&key).await {
                    Ok(info) => info.size_bytes,
                    Err(StoreError::NotFound) => {
                        // Deleted since the row was read, perhaps.
                        if self.images.find(image.id).await?.is_some() {
                            report.differences += 1;
                            tell(Event::Found(Difference::Missing { image: image.id, key }));
                        }
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            if actual != expected {
                report.differences += 1;
                tell(Event::Found(Difference::WrongSize { image: image.id, key, expected, actual }));
            }
        }
        Ok(())
    }

    /// Names what no row spoke for, and finds out whether it is an orphan.
    async fn judge(
        &self,
        listing: &Listing,
        report: &mut VerifyReport,
        tell: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<(), VerifyError> {
        let mut objects = self.store.list();
        while let Some(object) = objects.try_next().await? {
            let Some(key) = object.key.filter(|key| listing.contains_key(&digest(key))) else { continue };
            // The journal before the rows: a commit takes a key from the one to the other.
            if self.journal.names(&key).await? {
                report.unfinished += 1;
            } else if !self.images.speaks_for(&key).await? && self.is_there(&key).await? {
                report.differences += 1;
                tell(Event::Found(Difference::Orphan(key)));
            }
        }
        Ok(())
    }

    async fn is_there(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        match self.store.head(key).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn digest(key: &ObjectKey) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(key.as_str().as_bytes())[..16]);
    short
}
