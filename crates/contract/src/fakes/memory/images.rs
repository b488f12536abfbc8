//! Image rows in memory.

use super::{Entry, MemoryDatabase, State, list};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::guard::{Guard, WriteError};
use packshot_domain::ports::idempotency::Completion;
use packshot_domain::ports::image_repo::{
    ImagePage, ImagePatch, ImageQuery, ImageRepo, ImageState, InsertError, ProductImages, UpdateError,
};
use packshot_domain::ports::product_repo::{ProductState, RepoError};
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;

#[async_trait]
impl ImageRepo for MemoryDatabase {
    async fn insert(&self, image: &Image, completion: Option<Completion>, origin: &Origin) -> Result<(), InsertError> {
        let mut state = self.lock();
        if !state.products.contains_key(&image.product_id) {
            return Err(InsertError::ProductGone);
        }
        let entry = state.journal.get(&image.id);
        if !entry.is_some_and(|known| known.entry.kind == EntryKind::Upload && !known.is_claimed) {
            return Err(InsertError::Swept);
        }
        if let Some(completion) = &completion
            && !state.keys.get(&completion.key).is_some_and(|key| key.is_held(completion.lease))
        {
            return Err(InsertError::LeaseLost);
        }
        state.journal.remove(&image.id);
        if image.is_primary {
            state.clear_primary(&image.product_id);
        }
        state.images.insert(image.id, image.clone());
        state.audit.push(AuditEntry::upload(image, origin));
        if let Some(completion) = completion
            && let Some(key) = state.keys.get_mut(&completion.key)
        {
            key.completed = Some((image.uploaded_at, completion.receipt));
        }
        Ok(())
    }

    async fn find(&self, id: ImageId) -> Result<Option<Image>, RepoError> {
        Ok(self.lock().images.get(&id).cloned())
    }

    async fn state(&self, id: ImageId) -> Result<Option<ImageState>, RepoError> {
        Ok(self.lock().image_state(id))
    }

    async fn count(&self) -> Result<u64, RepoError> {
        Ok(self.lock().images.len() as u64)
    }

    async fn scan(&self, after: Option<ImageId>, limit: u32) -> Result<Vec<Image>, RepoError> {
        let state = self.lock();
        let behind = state.images.values().filter(|image| after.is_none_or(|after| image.id > after));
        Ok(behind.take(limit as usize).cloned().collect())
    }

    async fn speaks_for(&self, key: &ObjectKey) -> Result<bool, RepoError> {
        let state = self.lock();
        let mut keys =
            state.images.values().flat_map(|image| ObjectKey::all(&image.product_id, &image.filename, &image.variants));
        Ok(keys.any(|known| known == *key))
    }

    async fn list(&self, query: &ImageQuery) -> Result<ImagePage, RepoError> {
        Ok(list::list(&self.lock(), query))
    }

    async fn summary(&self, product: &ProductId) -> Result<ProductImages, RepoError> {
        Ok(self.lock().summary(product))
    }

    async fn update_if(
        &self,
        id: ImageId,
        patch: &ImagePatch,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<Image>, UpdateError> {
        let mut state = self.lock();
        let Some(old) = state.image_state(id) else { return Ok(None) };
        guard.ask(Some(&old))?;
        let Some(image) = state.images.get_mut(&id) else { return Ok(None) };
        *image = patch.apply(image).map_err(UpdateError::Metadata)?;
        let image = image.clone();
        state.audit.push(AuditEntry::edit(&image, patch, origin));
        Ok(Some(image))
    }

    async fn set_primary_if(
        &self,
        id: ImageId,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<Image>, WriteError> {
        let mut state = self.lock();
        let Some(old) = state.image_state(id) else { return Ok(None) };
        guard.ask(Some(&old))?;
        let old = old.image;
        if old.is_primary {
            return Ok(Some(old));
        }
        state.clear_primary(&old.product_id);
        let new = Image { is_primary: true, ..old };
        state.images.insert(id, new.clone());
        state.audit.push(AuditEntry::set_primary(&new, origin));
        Ok(Some(new))
    }

    async fn delete_if(
        &self,
        id: ImageId,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<JournalEntry>, WriteError> {
        let mut state = self.lock();
        let Some(old) = state.image_state(id) else { return Ok(None) };
        guard.ask(Some(&old))?;
        state.audit.push(AuditEntry::delete(&old.image, origin));
        Ok(state.delete(id, origin.at))
    }

    async fn delete_product_if(
        &self,
        id: &ProductId,
        guard: &Guard<ProductState>,
        origin: &Origin,
    ) -> Result<Option<Vec<JournalEntry>>, WriteError> {
        let mut state = self.lock();
        let Some(old) = state.product_state(id) else { return Ok(None) };
        guard.ask(Some(&old))?;
        state.products.remove(id);
        let of_product = state.images.values().filter(|image| image.product_id == *id);
        let images: Vec<ImageId> = of_product.map(|image| image.id).collect();
        state.audit.push(AuditEntry::delete_product(id, images.len(), origin));
        Ok(Some(images.into_iter().filter_map(|image| state.delete(image, origin.at)).collect()))
    }
}

impl State {
    fn summary(&self, product: &ProductId) -> ProductImages {
        let of_product = || self.images.values().filter(|image| image.product_id == *product);
        let primary = of_product().find(|image| image.is_primary).cloned();
        ProductImages { count: of_product().count() as u64, primary }
    }

    fn image_state(&self, id: ImageId) -> Option<ImageState> {
        let image = self.images.get(&id)?.clone();
        let product = self.products.get(&image.product_id)?.clone();
        let mut written = self.audit.iter().filter(|entry| entry.image == Some(id)).map(|entry| entry.origin.at);
        let changed_at = written.next_back().map_or(image.uploaded_at, |at| at.max(image.uploaded_at));
        Some(ImageState { image, product, changed_at })
    }

    pub(super) fn product_state(&self, id: &ProductId) -> Option<ProductState> {
        let product = self.products.get(id)?.clone();
        let written = self.audit.iter().filter(|entry| entry.product == *id).map(|entry| entry.origin.at).next_back();
        let changed_at = written.unwrap_or(product.created_at);
        Some(ProductState { product, images: self.summary(id), changed_at })
    }

    fn clear_primary(&mut self, product: &ProductId) {
        for image in self.images.values_mut().filter(|image| image.product_id == *product) {
            image.is_primary = false;
        }
    }

    fn delete(&mut self, id: ImageId, now: DateTime<Utc>) -> Option<JournalEntry> {
        let image = self.images.remove(&id)?;
        let keys = ObjectKey::all(&image.product_id, &image.filename, &image.variants);
        let entry = JournalEntry { image: id, kind: EntryKind::Deletion, keys, entered_at: now };
        self.journal.insert(id, Entry::new(entry.clone()));
        Some(entry)
    }
}
