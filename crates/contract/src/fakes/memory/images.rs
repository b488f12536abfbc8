//! Image rows in memory.

use super::{Entry, MemoryDatabase, State, list};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::idempotency::Completion;
use packshot_domain::ports::image_repo::{
    ImagePage, ImagePatch, ImageQuery, ImageRepo, InsertError, ProductImages, UpdateError,
};
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;

#[async_trait]
impl ImageRepo for MemoryDatabase {
    async fn insert(&self, image: &Image, completion: Option<Completion>) -> Result<(), InsertError> {
        let mut state = self.lock();
        if !state.products.contains_key(&image.product_id) {
            return Err(InsertError::ProductGone);
        }
        let entry = state.journal.get(&image.id);
        if !entry.is_some_and(|known| known.entry.kind == EntryKind::Upload && !known.is_claimed) {
            return Err(InsertError::Swept);
        }
        state.journal.remove(&image.id);
        if image.is_primary {
            state.clear_primary(&image.product_id);
        }
        state.images.insert(image.id, image.clone());
        if let Some(completion) = completion
            && let Some(key) = state.keys.get_mut(&completion.key)
        {
            key.completed.get_or_insert((image.uploaded_at, completion.receipt));
        }
        Ok(())
    }

    async fn find(&self, id: ImageId) -> Result<Option<Image>, RepoError> {
        Ok(self.lock().images.get(&id).cloned())
    }

    async fn list(&self, query: &ImageQuery) -> Result<ImagePage, RepoError> {
        Ok(list::list(&self.lock(), query))
    }

    async fn summary(&self, product: &ProductId) -> Result<ProductImages, RepoError> {
        let state = self.lock();
        let of_product = || state.images.values().filter(|image| image.product_id == *product);
        let primary = of_product().find(|image| image.is_primary).cloned();
        Ok(ProductImages { count: of_product().count() as u64, primary })
    }

    async fn update(&self, id: ImageId, patch: &ImagePatch) -> Result<Option<Image>, UpdateError> {
        let mut state = self.lock();
        let Some(image) = state.images.get_mut(&id) else { return Ok(None) };
        *image = patch.apply(image).map_err(UpdateError::Metadata)?;
        Ok(Some(image.clone()))
    }

    async fn set_primary(&self, id: ImageId) -> Result<Option<Image>, RepoError> {
        let mut state = self.lock();
        let Some(product) = state.images.get(&id).map(|image| image.product_id.clone()) else { return Ok(None) };
        state.clear_primary(&product);
        Ok(state.images.get_mut(&id).map(|image| {
            image.is_primary = true;
            image.clone()
        }))
    }

    async fn delete(&self, id: ImageId, now: DateTime<Utc>) -> Result<Option<JournalEntry>, RepoError> {
        Ok(self.lock().delete(id, now))
    }

    async fn delete_product(&self, id: &ProductId, now: DateTime<Utc>) -> Result<Option<Vec<JournalEntry>>, RepoError> {
        let mut state = self.lock();
        if state.products.remove(id).is_none() {
            return Ok(None);
        }
        let of_product = state.images.values().filter(|image| image.product_id == *id);
        let images: Vec<ImageId> = of_product.map(|image| image.id).collect();
        Ok(Some(images.into_iter().filter_map(|image| state.delete(image, now)).collect()))
    }
}

impl State {
    fn clear_primary(&mut self, product: &ProductId) {
        for image in self.images.values_mut().filter(|image| image.product_id == *product) {
            image.is_primary = false;
        }
    }

    fn delete(&mut self, id: ImageId, now: DateTime<Utc>) -> Option<JournalEntry> {
        let image = self.images.remove(&id)?;
        let keys = ObjectKey::all(&image.product_id, &image.filename, &image.variants);
        let entry = JournalEntry { image: id, kind: EntryKind::Deletion, keys, entered_at: now };
        self.journal.insert(id, Entry { entry: entry.clone(), is_claimed: false });
        Some(entry)
    }
}
