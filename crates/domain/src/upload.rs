//! The upload of one image: checks, order of writes, and what is undone when a step fails.
//!
//! Owns the promise "all or nothing": when [`UploadImage::execute`] returns an image, its row and
//! every object are durable; when it returns an error, no row exists, and no object that the journal
//! does not name. Refuses to know how the request arrived.
//!
//! Its surprising rule: after a failed commit nothing is deleted before the journal confirms that
//! the commit did not happen, because a lost connection says nothing about what the database did.

mod details;
mod fingerprint;

pub use details::{FieldError, RawDetails, UploadDetails};
pub use fingerprint::fingerprint;

use crate::access::Origin;
use crate::image::{Filename, Image, ImageFormat, ImageId};
use crate::ports::clock::{Clock, Timer};
use crate::ports::idempotency::{
    Completion, Fingerprint, Horizon, IdempotencyKey, IdempotencyKeys, Lease, Receipt, Reservation, ScopedKey,
};
use crate::ports::identifiers::Identifiers;
use crate::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage, Sniffed};
use crate::ports::image_repo::{ImageRepo, InsertError};
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::{ProductRepo, RepoError};
use crate::ports::rate_limiter::{Quota, RateLimitError, RateLimiter, Scope};
use crate::ports::upload_journal::{JournalError, UploadJournal};
use crate::product::{Product, ProductId};
use crate::step::Step;
use crate::storage::ObjectKey;
use crate::text::OriginalName;
use crate::variant::{StoredVariant, VariantSpecs};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{Either, join_all, select};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// The use case, with the ports that it needs.
pub struct UploadImage {
    /// Products.
    pub products: Arc<dyn ProductRepo>,
    /// Image rows.
    pub images: Arc<dyn ImageRepo>,
    /// Objects that no row speaks for yet.
    pub journal: Arc<dyn UploadJournal>,
    /// Image files.
    pub store: Arc<dyn ImageStore>,
    /// Codecs.
    pub processor: Arc<dyn ImageProcessor>,
    /// Idempotency keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Time that passes.
    pub timer: Arc<dyn Timer>,
    /// Identities.
    pub identifiers: Arc<dyn Identifiers>,
    /// What to make of each upload.
    pub specs: Arc<VariantSpecs>,
    /// Uploads to one product in a day; 0 for no limit.
    pub per_product_day: u32,
}

/// One upload, as it arrived: nothing of it has been checked but its size.
pub struct UploadRequest {
    /// The file, whole.
    pub file: Bytes,
    /// The client's name of the file.
    pub original_name: OriginalName,
    /// What the client says that the file is.
    pub declared_type: Option<String>,
    /// The product, as sent.
    pub product_id: String,
    /// The other fields, as sent.
    pub details: RawDetails,
    /// Who uploads, and from where.
    pub origin: Origin,
    /// The client's idempotency key with what belongs to it.
    pub idempotency: Option<Idempotency>,
}

/// An idempotency key and how to keep the answer for it.
pub struct Idempotency {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The request's fingerprint, see [`fingerprint()`].
    pub fingerprint: Fingerprint,
    /// Makes the receipt that a repetition is answered with.
    pub receipt: ReceiptMaker,
}

/// Writes down the answer for an image.
pub type ReceiptMaker = Arc<dyn Fn(&Image) -> Receipt + Send + Sync>;

/// What an upload came to.
#[derive(Debug)]
pub enum Uploaded {
    /// The image is there.
    New(Box<Image>),
    /// The same request was answered before, so.
    Replayed(Receipt),
}

/// Why an upload was refused or failed, in the order in which the checks run.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with this idempotency key still runs.
    #[error("the first request with this idempotency key is still running")]
    StillRunning,
    /// The file is none of the three formats.
    #[error("unsupported media type {received}")]
    UnsupportedType {
        /// What the bytes are, else what the client declared, else `application/octet-stream`.
        received: String,
    },
    /// Text fields that break a rule, all of them.
    #[error("{} invalid field(s)", .0.len())]
    Invalid(Vec<FieldError>),
    /// There is no such product.
    #[error("no product {0}")]
    ProductNotFound(String),
    /// The product had its uploads for the day.
    #[error(transparent)]
    Limited(#[from] RateLimitError),
    /// The picture.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The store did not take the objects; what of them may still land the journal names.
    #[error("storing the image failed")]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The upload took so long that a sweeper gave it up; nothing is left behind.
    #[error("the upload was swept before it was committed")]
    Swept,
    /// No free object key was found.
    #[error("no free object key in {0} tries")]
    NoFreeKey(u32),
}

impl UploadImage {
    /// A completed idempotency key is remembered for this long.
    pub const KEY_LIFETIME: TimeDelta = TimeDelta::hours(24);
    /// The lease of an idempotency key ends so long after its last renewal: its process is dead.
    pub const LEASE: TimeDelta = TimeDelta::seconds(30);
    /// A lease is renewed so often while its upload runs.
    pub const RENEWAL: Duration = Duration::from_secs(10);
    const KEY_TRIES: u32 = 3;

    /// Runs the upload.
    ///
    /// It must run to its end once started: a dropped future leaves the undoing to the sweep.
    ///
    /// # Errors
    /// [`UploadError`]; no row exists then, and what objects exist the journal names.
    pub async fn execute(&self, request: UploadRequest) -> Result<Uploaded, UploadError> {
        let Some(idempotency) = &request.idempotency else {
            return self.run(&request, None).await.map(|image| Uploaded::New(Box::new(image)));
        };
        let key = ScopedKey { user: request.origin.user.clone(), key: idempotency.key.clone() };
        let (now, lease) = (self.clock.now(), self.identifiers.lease());
        match self.keys.reserve(&key, lease, &idempotency.fingerprint, now, &horizon(now)).await? {
            Reservation::Completed(receipt) => return Ok(Uploaded::Replayed(receipt)),
            Reservation::Running => return Err(UploadError::StillRunning),
            Reservation::Mismatch => return Err(UploadError::KeyReused),
            Reservation::Reserved => {}
        }
        let held = HeldKey { key: &key, lease, receipt: &idempotency.receipt };
        let result = match select(pin!(self.run(&request, Some(held))), pin!(self.keep(&key, lease))).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => match never {},
        };
        if result.is_err()
            && let Err(error) = self.keys.release(&key, lease).await
        {
            tracing::warn!(error = %error, "an idempotency key stays reserved until its lease ends");
        }
        result.map(|image| Uploaded::New(Box::new(image)))
    }

    /// Renews the lease, again and again. One that is lost is noticed by the commit.
    async fn keep(&self, key: &ScopedKey, lease: Lease) -> Infallible {
        loop {
            self.timer.sleep(Self::RENEWAL).await;
            match self.keys.renew(key, lease, self.clock.now()).await {
                Ok(true) => {}
                Ok(false) => tracing::warn!("the lease of an idempotency key was lost"),
                Err(error) => tracing::warn!(error = %error, "the lease of an idempotency key was not renewed"),
            }
        }
    }

    async fn run(&self, request: &UploadRequest, key: Option<HeldKey<'_>>) -> Result<Image, UploadError> {
        self.check_type(request)?;
        let details = UploadDetails::parse(&request.details).map_err(UploadError::Invalid)?;
        let product = self.find_product(&request.product_id).await?;
        self.count(&product.id).await?;
        let processed = self.processor.process(request.file.clone(), &self.specs).await?;
        self.store_and_commit(request, details, product.id, processed, key).await
    }

    fn check_type(&self, request: &UploadRequest) -> Result<(), UploadError> {
        let received = match self.processor.sniff(&request.file) {
            Sniffed::Supported(_) => return Ok(()),
            Sniffed::Other(found) => Some(found),
            Sniffed::Unknown => None,
        };
        let declared = || request.declared_type.clone();
        let received = received.or_else(declared).unwrap_or_else(|| "application/octet-stream".to_owned());
        Err(UploadError::UnsupportedType { received })
    }

    async fn find_product(&self, id: &str) -> Result<Product, UploadError> {
        let not_found = || UploadError::ProductNotFound(id.to_owned());
        // What cannot be an id is the id of no product.
        let parsed = ProductId::parse(id).map_err(|_| not_found())?;
        self.products.find(&parsed).await?.ok_or_else(not_found)
    }

    async fn count(&self, product: &ProductId) -> Result<(), UploadError> {
        if self.per_product_day == 0 {
            return Ok(());
        }
        let quota = Quota {
            scope: Scope::Product,
            subject: product.as_str().to_owned(),
            limit: self.per_product_day,
            window: TimeDelta::days(1),
        };
        Ok(self.limiter.acquire(&[quota], self.clock.now()).await?)
    }

    /// Journal, then objects, then the row: the order that leaves nothing unnamed.
    async fn store_and_commit(
        &self,
        request: &UploadRequest,
        details: UploadDetails,
        product: ProductId,
        processed: ProcessedImage,
        key: Option<HeldKey<'_>>,
    ) -> Result<Image, UploadError> {
        let id = self.identifiers.image_id();
        let variants = stored_variants(&self.specs, &processed);
        let (filename, keys) =
            self.enter_journal(id, &product, processed.format, &variants).instrument(Step::Journal.span()).await?;
        if let Err(error) = self.put_all(&keys, &processed).instrument(Step::Store.span()).await {
            // The entry stays for the sweep: a write that was given up may still land after its undoing.
            self.delete_objects(id, &keys).await;
            return Err(error.into());
        }
        let image = Image {
            id,
            product_id: product,
            filename,
            original_name: request.original_name.clone(),
            format: processed.format,
            size_bytes: processed.original.len() as u64,
            dimensions: processed.dimensions,
            variants,
            is_primary: details.is_primary,
            alt_text: details.alt_text,
            caption: details.caption,
            order: details.order,
            tags: details.tags,
            metadata: details.metadata.with_color_profile(&processed.color_profile),
            uploaded_at: self.clock.now(),
            uploaded_by: request.origin.user.clone(),
        };
        let completion = key.map(|held| held.completion(&image));
        match self.images.insert(&image, completion, &request.origin).instrument(Step::Commit.span()).await {
            Ok(()) => Ok(image),
            Err(error) => self.settle(image, &keys, error).await,
        }
    }

    async fn enter_journal(
        &self,
        id: ImageId,
        product: &ProductId,
        format: ImageFormat,
        variants: &[StoredVariant],
    ) -> Result<(Filename, Vec<ObjectKey>), UploadError> {
        for _ in 0..Self::KEY_TRIES {
            let filename = Filename::new(product, self.identifiers.file_token(), format);
            let keys = ObjectKey::all(product, &filename, variants);
            match self.journal.begin(id, &keys, self.clock.now()).await {
                Ok(()) => return Ok((filename, keys)),
                Err(JournalError::KeyTaken) => {}
                Err(JournalError::Repo(error)) => return Err(error.into()),
            }
        }
        Err(UploadError::NoFreeKey(Self::KEY_TRIES))
    }

    /// Writes all objects at once and waits for every one, failed or not: a write that is still under
    /// way could land after the undoing.
    async fn put_all(&self, keys: &[ObjectKey], processed: &ProcessedImage) -> Result<(), StoreError> {
        let contents =
            std::iter::once(&processed.original).chain(processed.variants.iter().map(|variant| &variant.bytes));
        let puts = keys.iter().zip(contents).map(|(key, bytes)| self.store.put(key, bytes.clone()));
        join_all(puts).await.into_iter().collect()
    }

    /// After a commit that returned an error: finds out whether it happened, and undoes the upload if not.
    async fn settle(&self, image: Image, keys: &[ObjectKey], error: InsertError) -> Result<Image, UploadError> {
        let error = match error {
            InsertError::ProductGone => UploadError::ProductNotFound(image.product_id.to_string()),
            InsertError::LeaseLost => UploadError::StillRunning,
            InsertError::Swept => {
                // The entry is the sweeper's now, and it deletes the objects; doing it too does no harm.
                self.delete_objects(image.id, keys).await;
                return Err(UploadError::Swept);
            }
            InsertError::Repo(error) => UploadError::Repo(error),
        };
        if self.undo(image.id, keys).await == Undone::AlreadyCommitted
            && let Ok(Some(committed)) = self.images.find(image.id).await
        {
            return Ok(committed);
        }
        Err(error)
    }

    async fn undo(&self, id: ImageId, keys: &[ObjectKey]) -> Undone {
        match self.journal.abandon(id).await {
            Ok(true) => {}
            Ok(false) => return Undone::AlreadyCommitted,
            Err(error) => {
                tracing::warn!(image = %id, error = %error, "the objects of a failed upload are left to the sweep");
                return Undone::LeftToSweep;
            }
        }
        if !self.delete_objects(id, keys).await {
            return Undone::LeftToSweep;
        }
        if let Err(error) = self.journal.finish(id).await {
            tracing::warn!(image = %id, error = %error, "the journal entry of a failed upload is left to the sweep");
        }
        Undone::Gone
    }

    async fn delete_objects(&self, id: ImageId, keys: &[ObjectKey]) -> bool {
        let deleted = self.store.delete(keys).await;
        if let Err(error) = &deleted {
            tracing::warn!(image = %id, error = %error, "the objects of a failed upload are left to the sweep");
        }
        deleted.is_ok()
    }
}

/// An idempotency key while its upload runs.
#[derive(Clone, Copy)]
struct HeldKey<'a> {
    key: &'a ScopedKey,
    lease: Lease,
    receipt: &'a ReceiptMaker,
}

impl HeldKey<'_> {
    fn completion(self, image: &Image) -> Completion {
        Completion { key: self.key.clone(), lease: self.lease, receipt: (self.receipt)(image) }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Undone {
    Gone,
    LeftToSweep,
    AlreadyCommitted,
}

/// How far back idempotency keys are remembered at this moment.
#[must_use]
pub fn horizon(now: DateTime<Utc>) -> Horizon {
    Horizon { completed_after: now - UploadImage::KEY_LIFETIME, renewed_after: now - UploadImage::LEASE }
}

fn stored_variants(specs: &VariantSpecs, processed: &ProcessedImage) -> Vec<StoredVariant> {
    let specs = specs.as_slice().iter();
    specs
        .zip(&processed.variants)
        .map(|(spec, rendered)| StoredVariant {
            name: spec.name.clone(),
            folder: spec.folder.clone(),
            format: rendered.format,
            dimensions: rendered.dimensions,
            size_bytes: rendered.bytes.len() as u64,
        })
        .collect()
}

#[cfg(test)]
mod tests;
