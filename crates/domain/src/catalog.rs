//! Everything about products and images but the upload: reading, editing, deleting.
//!
//! Owns the rule that a row goes before its objects, so that nothing half-deleted is ever visible;
//! refuses to know how answers look.

use crate::access::Origin;
use crate::image::{Image, ImageId};
use crate::ports::Cause;
use crate::ports::image_repo::{ImagePage, ImagePatch, ImageQuery, ImageRepo, ProductImages, UpdateError};
use crate::ports::image_store::{ImageStore, StoreError};
use crate::ports::product_repo::{ProductPage, ProductQuery, ProductRepo, Put, RepoError};
use crate::ports::upload_journal::{JournalEntry, UploadJournal};
use crate::product::{Product, ProductId, ProductName};
use crate::storage::ObjectKey;
use crate::text::InvalidText;
use std::sync::Arc;

/// The use cases, with the ports that they need.
pub struct Catalog {
    /// Products.
    pub products: Arc<dyn ProductRepo>,
    /// Image rows.
    pub images: Arc<dyn ImageRepo>,
    /// Objects that no row speaks for.
    pub journal: Arc<dyn UploadJournal>,
    /// Image files.
    pub store: Arc<dyn ImageStore>,
}

/// Why the catalog did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no such product.
    #[error("no product {0}")]
    ProductNotFound(String),
    /// There is no such image.
    #[error("no image {0}")]
    ImageNotFound(String),
    /// The merged metadata breaks a rule.
    #[error("metadata: {0}")]
    Metadata(InvalidText),
    /// The place of the objects is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl Catalog {
    /// Images whose objects are deleted together: with the usual five objects each, as many objects as one
    /// request to S3 may name.
    const IMAGES_AT_ONCE: usize = 200;

    /// The product and what it has in images.
    ///
    /// # Errors
    /// [`CatalogError::ProductNotFound`], [`CatalogError::Repo`].
    pub async fn product(&self, id: &ProductId) -> Result<(Product, ProductImages), CatalogError> {
        let product = self.products.find(id).await?.ok_or_else(|| not_found(id))?;
        let images = self.images.summary(id).await?;
        Ok((product, images))
    }

    /// Makes or renames a product.
    ///
    /// # Errors
    /// [`RepoError`].
    pub async fn put_product(&self, id: &ProductId, name: &ProductName, origin: &Origin) -> Result<Put, RepoError> {
        self.products.put(id, name, origin).await
    }

    /// A page of products.
    ///
    /// # Errors
    /// [`RepoError`].
    pub async fn products(&self, query: &ProductQuery) -> Result<ProductPage, RepoError> {
        self.products.list(query).await
    }

    /// Removes a product with all its images: the rows at once, the objects in batches, each of which costs one
    /// bulk deletion and one small transaction. No connection is held while the store works.
    ///
    /// # Errors
    /// [`CatalogError::ProductNotFound`], [`CatalogError::Repo`]; [`CatalogError::Store`] while the place of the
    /// objects is away, before anything is changed.
    pub async fn delete_product(&self, id: &ProductId, origin: &Origin) -> Result<(), CatalogError> {
        self.store.is_there().await?;
        let entries = self.images.delete_product(id, origin).await?.ok_or_else(|| not_found(id))?;
        self.delete_objects(&entries).await;
        Ok(())
    }

    /// The image and its product.
    ///
    /// # Errors
    /// [`CatalogError::ImageNotFound`], [`CatalogError::Repo`].
    pub async fn image(&self, id: ImageId) -> Result<(Image, Product), CatalogError> {
        let image = self.images.find(id).await?;
        self.with_product(id, image).await
    }

    /// A page of images.
    ///
    /// # Errors
    /// [`CatalogError::ProductNotFound`] when it asks for a product that is not there,
    /// [`CatalogError::Repo`].
    pub async fn images(&self, query: &ImageQuery) -> Result<ImagePage, CatalogError> {
        if let Some(product) = &query.product_id
            && self.products.find(product).await?.is_none()
        {
            return Err(not_found(product));
        }
        Ok(self.images.list(query).await?)
    }

    /// Replaces the fields that `patch` names.
    ///
    /// # Errors
    /// [`CatalogError::ImageNotFound`], [`CatalogError::Metadata`], [`CatalogError::Repo`].
    pub async fn edit_image(
        &self,
        id: ImageId,
        patch: &ImagePatch,
        origin: &Origin,
    ) -> Result<(Image, Product), CatalogError> {
        let image = self.images.update(id, patch, origin).await.map_err(|error| match error {
            UpdateError::Metadata(error) => CatalogError::Metadata(error),
            UpdateError::Repo(error) => CatalogError::Repo(error),
        })?;
        self.with_product(id, image).await
    }

    /// Makes it its product's primary image.
    ///
    /// # Errors
    /// [`CatalogError::ImageNotFound`], [`CatalogError::Repo`].
    pub async fn set_primary(&self, id: ImageId, origin: &Origin) -> Result<(Image, Product), CatalogError> {
        let image = self.images.set_primary(id, origin).await?;
        self.with_product(id, image).await
    }

    /// Removes the image: its row at once, its objects now or, should the store fail, by the sweep.
    ///
    /// # Errors
    /// [`CatalogError::ImageNotFound`], [`CatalogError::Repo`].
    pub async fn delete_image(&self, id: ImageId, origin: &Origin) -> Result<(), CatalogError> {
        // A row that is gone speaks for its objects no more: nobody is told so while they cannot go, too.
        self.store.is_there().await?;
        let entry = self.images.delete(id, origin).await?;
        let entry = entry.ok_or_else(|| CatalogError::ImageNotFound(id.to_string()))?;
        self.delete_objects(std::slice::from_ref(&entry)).await;
        Ok(())
    }

    async fn with_product(&self, id: ImageId, image: Option<Image>) -> Result<(Image, Product), CatalogError> {
        let gone = || CatalogError::ImageNotFound(id.to_string());
        let image = image.ok_or_else(gone)?;
        // The product may have been deleted since, and its images with it.
        let product = self.products.find(&image.product_id).await?.ok_or_else(gone)?;
        Ok((image, product))
    }

    /// Deletes the objects of entries whose rows are gone, some hundred images at a time. A failure is the
    /// sweep's to mend, not the client's; after one, the rest is left to it too, since a store that is away
    /// would keep the client waiting for each batch anew.
    async fn delete_objects(&self, entries: &[JournalEntry]) {
        let mut left = entries.len();
        for batch in entries.chunks(Self::IMAGES_AT_ONCE) {
            if let Err(error) = self.delete_batch(batch).await {
                let image = batch.first().map(|entry| entry.image.to_string());
                tracing::warn!(image, left, error = %error, "the objects of deleted images are left to the sweep");
                return;
            }
            left -= batch.len();
        }
    }

    async fn delete_batch(&self, entries: &[JournalEntry]) -> Result<(), Cause> {
        let keys: Vec<ObjectKey> = entries.iter().flat_map(|entry| entry.keys.iter().cloned()).collect();
        self.store.delete(&keys).await?;
        let images: Vec<ImageId> = entries.iter().map(|entry| entry.image).collect();
        self.journal.finish_all(&images).await?;
        Ok(())
    }
}

fn not_found(id: &ProductId) -> CatalogError {
    CatalogError::ProductNotFound(id.to_string())
}

#[cfg(test)]
mod tests;
