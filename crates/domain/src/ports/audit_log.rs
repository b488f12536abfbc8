//! The audit log: every write, with who made it, when and from where.
//!
//! Entries are made by the repositories, each in the transaction of the write that it tells of, so that
//! no write is without one and none tells of a write that did not happen. Nothing changes an entry; where a
//! retention is set, the oldest go.

use crate::access::Origin;
use crate::image::{Image, ImageId};
use crate::ports::image_repo::ImagePatch;
use crate::ports::product_repo::{Put, RepoError};
use crate::product::ProductId;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Reads the audit log, and forgets.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// The newest entries that match, newest first.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, RepoError>;

    /// Removes entries made before `before`, a bounded number in each transaction, and says how many.
    ///
    /// # Errors
    /// [`RepoError`]; what was removed stays so.
    async fn remove_before(&self, before: DateTime<Utc>) -> Result<u64, RepoError>;
}

/// Which entries to read; filters combine with "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// About that product or an image of it.
    pub product: Option<ProductId>,
    /// About that image.
    pub image: Option<ImageId>,
    /// By that user.
    pub user: Option<String>,
    /// Entries at most.
    pub limit: u32,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who made it, when and from where.
    pub origin: Origin,
    /// What was done.
    pub action: Action,
    /// To which product, or to an image of which.
    pub product: ProductId,
    /// To which image.
    pub image: Option<ImageId>,
    /// What else is to be known of it, as a JSON object.
    pub detail: Value,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An image was uploaded.
    UploadImage,
    /// Fields of an image were edited.
    EditImage,
    /// An image was made primary.
    SetPrimary,
    /// An image was deleted.
    DeleteImage,
    /// A product was made.
    CreateProduct,
    /// A product was renamed.
    RenameProduct,
    /// A product was deleted, with its images.
    DeleteProduct,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UploadImage,
        Self::EditImage,
        Self::SetPrimary,
        Self::DeleteImage,
        Self::CreateProduct,
        Self::RenameProduct,
        Self::DeleteProduct,
    ];

    /// Its code, in rows and for people.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UploadImage => "image.upload",
            Self::EditImage => "image.edit",
            Self::SetPrimary => "image.set_primary",
            Self::DeleteImage => "image.delete",
            Self::CreateProduct => "product.create",
            Self::RenameProduct => "product.rename",
            Self::DeleteProduct => "product.delete",
        }
    }

    /// The action of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

impl AuditEntry {
    /// `image` was uploaded.
    #[must_use]
    pub fn upload(image: &Image, origin: &Origin) -> Self {
        let detail = json!({ "filename": image.filename.as_str(), "isPrimary": image.is_primary });
        Self::about(image, origin, Action::UploadImage, detail)
    }

    /// `patch` was applied to `image`; the fields that it names are told, their values are not.
    #[must_use]
    pub fn edit(image: &Image, patch: &ImagePatch, origin: &Origin) -> Self {
        Self::about(image, origin, Action::EditImage, json!({ "fields": patch.fields() }))
    }

    /// `image` was made primary.
    #[must_use]
    pub fn set_primary(image: &Image, origin: &Origin) -> Self {
        Self::about(image, origin, Action::SetPrimary, json!({}))
    }

    /// `image` was deleted.
    #[must_use]
    pub fn delete(image: &Image, origin: &Origin) -> Self {
        Self::about(image, origin, Action::DeleteImage, json!({ "filename": image.filename.as_str() }))
    }

    /// A product was made or renamed.
    #[must_use]
    pub fn put_product(put: &Put, origin: &Origin) -> Self {
        let (product, action) = match put {
            Put::Created(product) => (product, Action::CreateProduct),
            Put::Renamed(product) => (product, Action::RenameProduct),
        };
        let detail = json!({ "name": product.name.as_str() });
        Self { origin: origin.clone(), action, product: product.id.clone(), image: None, detail }
    }

    /// A product was deleted, with so many images.
    #[must_use]
    pub fn delete_product(product: &ProductId, images: usize, origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            action: Action::DeleteProduct,
            product: product.clone(),
            image: None,
            detail: json!({ "images": images }),
        }
    }

    fn about(image: &Image, origin: &Origin, action: Action, detail: Value) -> Self {
        Self { origin: origin.clone(), action, product: image.product_id.clone(), image: Some(image.id), detail }
    }
}
