//! Objects from one store into another: for backups, and for a change of store.
//!
//! Owns which objects go: those that rows speak for, each whole and as long as its row says. Refuses to
//! touch rows. Its surprising rule: an object that is not there is told and does not end the rest, because
//! while servers run an image may be deleted between its row and its objects.

use crate::image::Image;
use crate::ports::image_repo::ImageRepo;
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::RepoError;
use crate::storage::ObjectKey;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// The use case, with the ports that it needs.
pub struct Transfer {
    /// The rows.
    pub images: Arc<dyn ImageRepo>,
    /// Where the objects are.
    pub from: Arc<dyn ImageStore>,
    /// Where they go.
    pub to: Arc<dyn ImageStore>,
}

/// What was transferred.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transferred {
    /// Objects, whole.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Images of which an object was not there; what was there of them has been transferred.
    pub incomplete: Vec<Image>,
}

/// Why a transfer ended early.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// An object is not as long as its row says.
    #[error("{key} has {actual} bytes instead of {expected}")]
    WrongSize {
        /// Which.
        key: ObjectKey,
        /// As the row says.
        expected: u64,
        /// As it is.
        actual: u64,
    },
}

impl Transfer {
    const BATCH: u32 = 100;
    /// Objects under way at once.
    const AT_ONCE: usize = 8;

    /// Transfers, and tells how many images are done.
    ///
    /// # Errors
    /// [`TransferError`]; what was transferred stays.
    pub async fn run(&self, tell: &(dyn Fn(u64) + Send + Sync)) -> Result<Transferred, TransferError> {
        let (mut done, mut after, mut images) = (Transferred::default(), None, 0);
        loop {
            let batch = self.images.scan(after, Self::BATCH).await?;
            for image in &batch {
                self.image(image, &mut done).await?;
                images += 1;
                tell(images);
            }
            match batch.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(done),
            }
        }
    }

    async fn image(&self, image: &Image, done: &mut Transferred) -> Result<(), TransferError> {
        let keys = ObjectKey::all(&image.product_id, &image.filename, &image.variants);
        let sizes = std::iter::once(image.size_bytes).chain(image.variants.iter().map(|variant| variant.size_bytes));
        let copies: Vec<Option<u64>> = stream::iter(keys.into_iter().zip(sizes))
            .map(|(key, expected)| self.object(key, expected))
            .buffered(Self::AT_ONCE)
            .try_collect()
            .await?;
        done.objects += copies.iter().flatten().count() as u64;
        done.bytes += copies.iter().flatten().sum::<u64>();
        if copies.contains(&None) {
            done.incomplete.push(image.clone());
        }
        Ok(())
    }

    /// Its bytes; `None` when it is not there.
    async fn object(&self, key: ObjectKey, expected: u64) -> Result<Option<u64>, TransferError> {
        let Some(bytes) = self.read(&key).await? else { return Ok(None) };
        let actual = bytes.len() as u64;
        if actual != expected {
            return Err(TransferError::WrongSize { key, expected, actual });
        }
        self.to.put(&key, bytes).await?;
        Ok(Some(actual))
    }

    async fn read(&self, key: &ObjectKey) -> Result<Option<Bytes>, StoreError> {
        let mut object = match self.from.get(key, None).await {
            Ok(object) => object,
            Err(StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut whole = BytesMut::new();
        while let Some(part) = object.bytes.try_next().await? {
            whole.extend_from_slice(&part);
        }
        Ok(Some(whole.freeze()))
    }
}
