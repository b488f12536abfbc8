//! Image rows, kept.

use crate::access::Origin;
use crate::image::{Image, ImageFormat, ImageId};
use crate::ports::Cause;
use crate::ports::idempotency::Completion;
use crate::ports::product_repo::RepoError;
use crate::ports::upload_journal::JournalEntry;
use crate::product::{ProductId, ProductName};
use crate::storage::ObjectKey;
use crate::text::{AltText, Caption, DisplayOrder, InvalidText, Metadata, Tags};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Keeps the rows of images, their tags and their variants.
///
/// At most one image of a product is primary: a constraint of the database, not only of this code.
/// Every write is entered into the audit log in its own transaction.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ImageRepo: Send + Sync {
    /// Commits an upload in one transaction: inserts the row with its tags and variants, takes
    /// `is_primary` from the product's old primary where the new one has it, removes the journal's
    /// entry of this image and stores the idempotency key's receipt, whose lease must still be held. All of it or
    /// nothing.
    ///
    /// # Errors
    /// [`InsertError`]; nothing has changed then.
    async fn insert(&self, image: &Image, completion: Option<Completion>, origin: &Origin) -> Result<(), InsertError>;

    /// The image, if there is one.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn find(&self, id: ImageId) -> Result<Option<Image>, RepoError>;

    /// How many images there are.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn count(&self) -> Result<u64, RepoError>;

    /// Up to `limit` images in the order of their ids, from the first one behind `after`.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn scan(&self, after: Option<ImageId>, limit: u32) -> Result<Vec<Image>, RepoError>;

    /// Whether the row of some image says that it has this object.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn speaks_for(&self, key: &ObjectKey) -> Result<bool, RepoError>;

    /// A page of images, how many match, and what could be filtered by.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn list(&self, query: &ImageQuery) -> Result<ImagePage, RepoError>;

    /// How many images a product has, and its primary one.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn summary(&self, product: &ProductId) -> Result<ProductImages, RepoError>;

    /// Puts [`ImagePatch::apply`] of the row in the row's place, in one transaction, so that edits at
    /// the same time do not lose each other; `None` when there is no such image.
    ///
    /// # Errors
    /// [`UpdateError`]; nothing has changed then.
    async fn update(&self, id: ImageId, patch: &ImagePatch, origin: &Origin) -> Result<Option<Image>, UpdateError>;

    /// Makes it its product's primary image, the old one no longer, in one transaction; `None` when
    /// there is no such image.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn set_primary(&self, id: ImageId, origin: &Origin) -> Result<Option<Image>, RepoError>;

    /// Removes the row and, in the same transaction, enters its objects into the journal as to be
    /// deleted; `None` when there is no such image.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn delete(&self, id: ImageId, origin: &Origin) -> Result<Option<JournalEntry>, RepoError>;

    /// Removes the product with all its images as [`delete`](Self::delete) does, in one transaction;
    /// `None` when there is no such product.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn delete_product(&self, id: &ProductId, origin: &Origin) -> Result<Option<Vec<JournalEntry>>, RepoError>;
}

/// Why an upload was not committed.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// The product was deleted while the upload ran.
    #[error("the product is gone")]
    ProductGone,
    /// The idempotency key is another request's by now: its lease was not renewed in time.
    #[error("the idempotency key's lease was lost")]
    LeaseLost,
    /// The journal's entry is gone or claimed: a sweeper took the upload for dead.
    #[error("the upload was swept")]
    Swept,
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl InsertError {
    /// An unavailable database, with this cause.
    #[must_use]
    pub fn unavailable(cause: Cause) -> Self {
        Self::Repo(RepoError::Unavailable(cause))
    }
}

/// Why an image was not edited.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The merged metadata breaks a rule that neither the old nor the new did alone.
    #[error("metadata: {0}")]
    Metadata(InvalidText),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// What to change of an image; the outer `None` leaves a field as it is, [`Change::Clear`] takes its
/// value away.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImagePatch {
    /// Alternative text.
    pub alt_text: Option<Change<AltText>>,
    /// Caption.
    pub caption: Option<Change<Caption>>,
    /// Display order.
    pub order: Option<DisplayOrder>,
    /// All tags.
    pub tags: Option<Tags>,
    /// A merge patch (RFC 7396) of the metadata.
    pub metadata: Option<Change<Map<String, Value>>>,
}

impl ImagePatch {
    /// The fields that it names, as clients spell them.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let named = [
            ("altText", self.alt_text.is_some()),
            ("caption", self.caption.is_some()),
            ("order", self.order.is_some()),
            ("tags", self.tags.is_some()),
            ("metadata", self.metadata.is_some()),
        ];
        named.into_iter().filter_map(|(field, is_named)| is_named.then_some(field)).collect()
    }

    /// `image` with this patch applied.
    ///
    /// # Errors
    /// When the merged metadata is too large or too deep.
    pub fn apply(&self, image: &Image) -> Result<Image, InvalidText> {
        let mut new = image.clone();
        change(&mut new.alt_text, self.alt_text.as_ref());
        change(&mut new.caption, self.caption.as_ref());
        if let Some(order) = self.order {
            new.order = order;
        }
        if let Some(tags) = &self.tags {
            new.tags = tags.clone();
        }
        match &self.metadata {
            Some(Change::Set(patch)) => new.metadata = image.metadata.merged(patch)?,
            Some(Change::Clear) => new.metadata = Metadata::default(),
            None => {}
        }
        Ok(new)
    }
}

fn change<T: Clone>(field: &mut Option<T>, to: Option<&Change<T>>) {
    match to {
        Some(Change::Set(value)) => *field = Some(value.clone()),
        Some(Change::Clear) => *field = None,
        None => {}
    }
}

/// A new value for a field that may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// This value.
    Set(T),
    /// No value.
    Clear,
}

/// Which images to list; filters combine with "and".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Of this product.
    pub product_id: Option<ProductId>,
    /// Primary ones, or the others.
    pub is_primary: Option<bool>,
    /// Carrying all of these tags, which are composed as [`Tags`] are.
    pub tags: Vec<String>,
    /// And matching each of these.
    pub tag_choices: Vec<TagChoice>,
    /// Coded so.
    pub format: Option<ImageFormat>,
    /// At least this wide, in pixels.
    pub min_width: Option<u32>,
    /// At least this high, in pixels.
    pub min_height: Option<u32>,
    /// Uploaded at or after this moment.
    pub uploaded_after: Option<DateTime<Utc>>,
    /// Uploaded before this moment or at it.
    pub uploaded_before: Option<DateTime<Utc>>,
    /// Literal and in the caseless form (see [`unicode`](crate::unicode)), in file name, original name, alternative
    /// text and caption.
    pub search: Option<String>,
    /// By what.
    pub sort_by: SortBy,
    /// Which way; ties go by id the same way.
    pub sort_order: SortOrder,
    /// From 1.
    pub page: u32,
    /// Images a page.
    pub page_size: u32,
}

/// A text that may be one tag or a list of several: an image matches that carries the one, or all of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagChoice {
    /// The text as one tag, composed as [`Tags`] are.
    pub whole: String,
    /// The distinct tags that it lists, at least one, composed too.
    pub parts: Vec<String>,
}

/// What images can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// Time of upload.
    UploadedAt,
    /// Display order.
    Order,
    /// The server's file name, by bytes.
    Filename,
    /// Bytes of the original.
    Size,
    /// Width of the original.
    Width,
}

/// Which way to sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A page of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePage {
    /// In the order asked for, each with its product's name.
    pub items: Vec<(Image, ProductName)>,
    /// How many match in all.
    pub total: u64,
    /// The tags that matching images carry, sorted by bytes; at most 100 of them. Where more than
    /// 300 images match, an adapter may look at the first 300 alone, in the order asked for.
    pub available_tags: Vec<String>,
    /// The codings of matching images, in the order of [`ImageFormat::ALL`]; bounded as the tags are.
    pub available_formats: Vec<ImageFormat>,
}

/// What a product has in images.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductImages {
    /// How many.
    pub count: u64,
    /// The primary one, if any.
    pub primary: Option<Image>,
}
