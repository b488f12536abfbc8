//! All the repositories in memory.
//!
//! Owns one lock around everything, which makes every operation a transaction.

mod audit;
mod images;
mod limits;
mod list;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::idempotency::{Fingerprint, Lease, Receipt, ScopedKey};
use packshot_domain::ports::product_repo::{ProductPage, ProductQuery, ProductRepo, Put, RepoError};
use packshot_domain::ports::rate_limiter::Scope;
use packshot_domain::ports::upload_journal::{
    Claimed, Due, EntryKind, JournalEntry, JournalError, Position, UploadJournal,
};
use packshot_domain::product::{Product, ProductId, ProductName};
use packshot_domain::storage::ObjectKey;
use packshot_domain::unicode::caseless;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A database in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryDatabase(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    products: BTreeMap<ProductId, Product>,
    images: BTreeMap<ImageId, Image>,
    journal: BTreeMap<ImageId, Entry>,
    keys: HashMap<ScopedKey, Key>,
    audit: Vec<AuditEntry>,
    /// How often a subject was counted in the window with this start and end.
    used: HashMap<(Scope, String, i64, i64), u32>,
}

#[derive(Debug)]
struct Entry {
    entry: JournalEntry,
    is_claimed: bool,
    attempts: u32,
    due_at: DateTime<Utc>,
}

impl Entry {
    fn new(entry: JournalEntry) -> Self {
        Self { is_claimed: false, attempts: 0, due_at: entry.entered_at, entry }
    }
}

#[derive(Debug)]
struct Key {
    fingerprint: Fingerprint,
    reserved_at: DateTime<Utc>,
    lease: Lease,
    completed: Option<(DateTime<Utc>, Receipt)>,
}

impl MemoryDatabase {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The items of that page, counted from 1.
fn page<T>(items: impl Iterator<Item = T>, page: u32, page_size: u32) -> Vec<T> {
    let before = u64::from(page.saturating_sub(1)) * u64::from(page_size);
    items.skip(usize::try_from(before).unwrap_or(usize::MAX)).take(page_size as usize).collect()
}

#[async_trait]
impl ProductRepo for MemoryDatabase {
    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepoError> {
        Ok(self.lock().products.get(id).cloned())
    }

    async fn put(&self, id: &ProductId, name: &ProductName, origin: &Origin) -> Result<Put, RepoError> {
        let mut state = self.lock();
        let old = state.products.get(id);
        let created_at = old.map_or(origin.at, |product| product.created_at);
        let product = Product { id: id.clone(), name: name.clone(), created_at };
        let put = if old.is_some() { Put::Renamed(product.clone()) } else { Put::Created(product.clone()) };
        state.products.insert(id.clone(), product);
        state.audit.push(AuditEntry::put_product(&put, origin));
        Ok(put)
    }

    async fn is_empty(&self) -> Result<bool, RepoError> {
        Ok(self.lock().products.is_empty())
    }

    async fn list(&self, query: &ProductQuery) -> Result<ProductPage, RepoError> {
        let search = caseless(query.search.as_deref().unwrap_or_default());
        let matches = |product: &&Product| {
            caseless(product.id.as_str()).contains(&search) || caseless(product.name.as_str()).contains(&search)
        };
        let state = self.lock();
        let total = state.products.values().filter(matches).count() as u64;
        let items = page(state.products.values().filter(matches).cloned(), query.page, query.page_size);
        Ok(ProductPage { items, total })
    }

    async fn ping(&self) -> Result<(), RepoError> {
        Ok(())
    }
}

#[async_trait]
impl UploadJournal for MemoryDatabase {
    async fn begin(&self, image: ImageId, keys: &[ObjectKey], now: DateTime<Utc>) -> Result<(), JournalError> {
        let mut state = self.lock();
        let key = keys.first();
        let in_journal = state.journal.values().any(|known| known.entry.keys.first() == key);
        let in_images =
            state.images.values().any(|image| Some(&ObjectKey::original(&image.product_id, &image.filename)) == key);
        if in_journal || in_images || state.journal.contains_key(&image) {
            return Err(JournalError::KeyTaken);
        }
        let entry = JournalEntry { image, kind: EntryKind::Upload, keys: keys.to_vec(), entered_at: now };
        state.journal.insert(image, Entry::new(entry));
        Ok(())
    }

    async fn abandon(&self, image: ImageId) -> Result<bool, RepoError> {
        let mut state = self.lock();
        let Some(entry) = state.journal.get_mut(&image) else { return Ok(false) };
        entry.entry.kind = EntryKind::Deletion;
        Ok(true)
    }

    async fn claim(&self, due: &Due, after: Option<Position>, limit: u32) -> Result<Vec<Claimed>, RepoError> {
        let mut state = self.lock();
        let claimed = state.dead(due, after, limit);
        for claimed in &claimed {
            if let Some(known) = state.journal.get_mut(&claimed.entry.image) {
                known.is_claimed = true;
            }
        }
        Ok(claimed)
    }

    async fn postpone(&self, image: ImageId, until: DateTime<Utc>) -> Result<(), RepoError> {
        if let Some(known) = self.lock().journal.get_mut(&image) {
            known.attempts += 1;
            known.due_at = until;
        }
        Ok(())
    }

    async fn stuck(&self) -> Result<u64, RepoError> {
        Ok(self.lock().journal.values().filter(|known| known.attempts > 0).count() as u64)
    }

    async fn finish(&self, image: ImageId) -> Result<(), RepoError> {
        self.lock().journal.remove(&image);
        Ok(())
    }

    async fn finish_all(&self, images: &[ImageId]) -> Result<(), RepoError> {
        self.lock().journal.retain(|image, _| !images.contains(image));
        Ok(())
    }

    async fn names(&self, key: &ObjectKey) -> Result<bool, RepoError> {
        Ok(self.lock().journal.values().any(|known| known.entry.keys.contains(key)))
    }

    async fn peek(&self, due: &Due, limit: u32) -> Result<Vec<Claimed>, RepoError> {
        Ok(self.lock().dead(due, None, limit))
    }
}

impl State {
    fn dead(&self, due: &Due, after: Option<Position>, limit: u32) -> Vec<Claimed> {
        let is_dead = |known: &&Entry| {
            let entry = &known.entry;
            let dead = known.is_claimed || entry.kind == EntryKind::Deletion || entry.entered_at < due.uploads_before;
            entry.kind == due.kind && known.due_at <= due.by && dead
        };
        let claimed =
            |known: &Entry| Claimed { entry: known.entry.clone(), attempts: known.attempts, due_at: known.due_at };
        let mut dead: Vec<Claimed> = self.journal.values().filter(is_dead).map(claimed).collect();
        dead.retain(|claimed| after.is_none_or(|after| claimed.position() > after));
        dead.sort_by_key(Claimed::position);
        dead.truncate(limit as usize);
        dead
    }
}
