//! The port `ImageRepo`.
//!
//! Owns the transactions on images. The surprising rule: each of them locks the image's product first,
//! then the journal, then the rows of counts; everybody in that order, so nobody deadlocks, and two
//! uploads of a primary image to one product follow each other instead of breaking the constraint.

mod change;
mod insert;
mod list;
mod remove;

use crate::database::Database;
use crate::dialect::{Connected, ImageKey, query};
use crate::fault::{Abort, Fault};
use crate::rows::{self, ImageRow};
use crate::schema::images;
use crate::{audit, products};
use async_trait::async_trait;
use diesel::prelude::*;
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::guard::{Guard, WriteError};
use packshot_domain::ports::idempotency::Completion;
use packshot_domain::ports::image_repo::{
    ImagePage, ImagePatch, ImageQuery, ImageRepo, ImageState, InsertError, ProductImages, UpdateError,
};
use packshot_domain::ports::product_repo::{ProductState, RepoError};
use packshot_domain::ports::upload_journal::JournalEntry;
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;

#[async_trait]
impl ImageRepo for Database {
    async fn insert(&self, image: &Image, completion: Option<Completion>, origin: &Origin) -> Result<(), InsertError> {
        let (image, origin) = (image.clone(), origin.clone());
        self.write(move |connection| insert::insert(connection, &image, completion.as_ref(), &origin))
            .await
            .map_err(Abort::into_port)
    }

    async fn find(&self, id: ImageId) -> Result<Option<Image>, RepoError> {
        let found: Result<_, Fault> =
            self.read(move |connection| connection.snapshot(|connection| rows::find(connection, ImageKey(id)))).await;
        Ok(found?)
    }

    async fn state(&self, id: ImageId) -> Result<Option<ImageState>, RepoError> {
        let found: Result<_, Fault> =
            self.read(move |connection| connection.snapshot(|connection| state(connection, id))).await;
        Ok(found?)
    }

    async fn count(&self) -> Result<u64, RepoError> {
        let count: Result<_, Fault> = self
            .read(|connection| {
                let count: i64 = query!(connection, c => images::table.count().get_result(*c))?;
                Ok(rows::read("count", count)?)
            })
            .await;
        Ok(count?)
    }

    async fn scan(&self, after: Option<ImageId>, limit: u32) -> Result<Vec<Image>, RepoError> {
        let images: Result<_, Fault> =
            self.read(move |connection| connection.snapshot(|connection| scan(connection, after, limit))).await;
        Ok(images?)
    }

    async fn speaks_for(&self, key: &ObjectKey) -> Result<bool, RepoError> {
        let key = key.clone();
        let spoken: Result<_, Fault> =
            self.read(move |connection| connection.snapshot(|connection| speaks_for(connection, &key))).await;
        Ok(spoken?)
    }

    async fn list(&self, query: &ImageQuery) -> Result<ImagePage, RepoError> {
        let query = query.clone();
        let page: Result<_, Fault> =
            self.list(move |connection| connection.snapshot(|connection| list::list(connection, &query))).await;
        Ok(page?)
    }

    async fn summary(&self, product: &ProductId) -> Result<ProductImages, RepoError> {
        let product = product.clone();
        let summary: Result<_, Fault> =
            self.read(move |connection| connection.snapshot(|connection| summary(connection, &product))).await;
        Ok(summary?)
    }

    async fn update_if(
        &self,
        id: ImageId,
        patch: &ImagePatch,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<Image>, UpdateError> {
        let (patch, guard, origin) = (patch.clone(), guard.clone(), origin.clone());
        self.write(move |connection| change::update(connection, id, &patch, &guard, &origin))
            .await
            .map_err(Abort::into_port)
    }

    async fn set_primary_if(
        &self,
        id: ImageId,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<Image>, WriteError> {
        let (guard, origin) = (guard.clone(), origin.clone());
        self.write(move |connection| change::set_primary(connection, id, &guard, &origin))
            .await
            .map_err(Abort::into_port)
    }

    async fn delete_if(
        &self,
        id: ImageId,
        guard: &Guard<ImageState>,
        origin: &Origin,
    ) -> Result<Option<JournalEntry>, WriteError> {
        let (guard, origin) = (guard.clone(), origin.clone());
        self.remove(move |connection| remove::delete(connection, id, &guard, &origin)).await.map_err(Abort::into_port)
    }

    async fn delete_product_if(
        &self,
        id: &ProductId,
        guard: &Guard<ProductState>,
        origin: &Origin,
    ) -> Result<Option<Vec<JournalEntry>>, WriteError> {
        let (id, guard, origin) = (id.clone(), guard.clone(), origin.clone());
        self.remove(move |connection| remove::delete_product(connection, &id, &guard, &origin))
            .await
            .map_err(Abort::into_port)
    }
}

fn scan(connection: &mut Connected<'_>, after: Option<ImageId>, limit: u32) -> Result<Vec<Image>, Fault> {
    macro_rules! behind {
        () => {{
            let mut behind = images::table.into_boxed();
            if let Some(after) = after {
                behind = behind.filter(images::id.gt(ImageKey(after)));
            }
            behind
        }};
    }
    let found: Vec<ImageRow> = query!(connection, c => behind!()
        .order(images::id)
        .limit(limit.into())
        .select(ImageRow::as_select())
        .load(*c))?;
    rows::complete(connection, found)
}

fn speaks_for(connection: &mut Connected<'_>, key: &ObjectKey) -> Result<bool, Fault> {
    let filenames: Vec<String> = key.possible_originals().iter().map(|key| key.filename().to_owned()).collect();
    let found: Vec<ImageRow> = query!(connection, c => images::table
        .filter(images::filename.eq_any(&filenames))
        .select(ImageRow::as_select())
        .load(*c))?;
    let images = rows::complete(connection, found)?;
    let mut keys = images.iter().flat_map(|image| ObjectKey::all(&image.product_id, &image.filename, &image.variants));
    Ok(keys.any(|known| known == *key))
}

/// What a product has in images.
pub(crate) fn summary(connection: &mut Connected<'_>, product: &ProductId) -> Result<ProductImages, Fault> {
    macro_rules! of_product {
        () => {
            images::table.filter(images::product_id.eq(product.as_str()))
        };
    }
    let count: i64 = query!(connection, c => of_product!().count().get_result(*c))?;
    let primary: Option<ImageRow> = query!(connection, c => of_product!()
        .filter(images::is_primary)
        .select(ImageRow::as_select())
        .first(*c)
        .optional())?;
    let primary = rows::complete(connection, primary.into_iter().collect())?.pop();
    Ok(ProductImages { count: rows::read("count", count)?, primary })
}

/// The image with what is shown of it besides.
fn state(connection: &mut Connected<'_>, id: ImageId) -> Result<Option<ImageState>, Fault> {
    let Some(image) = rows::find(connection, ImageKey(id))? else { return Ok(None) };
    // The foreign key keeps it there.
    let Some(product) = products::find(connection, image.product_id.as_str())? else { return Ok(None) };
    let written = audit::last_write_of_image(connection, id)?;
    let changed_at = written.map_or(image.uploaded_at, |at| at.max(image.uploaded_at));
    Ok(Some(ImageState { image, product, changed_at }))
}

/// Locks the product of that image, and reads the image only then; `None` when there is none.
fn find_locked(connection: &mut Connected<'_>, id: ImageId) -> Result<Option<ImageState>, Fault> {
    let product = images::table.find(ImageKey(id)).select(images::product_id);
    let product: Option<String> = query!(connection, c => product.first(*c).optional())?;
    let Some(product) = product else { return Ok(None) };
    connection.lock_product(&product)?;
    // Read after the lock, for what other transactions did before it was ours.
    state(connection, id)
}

/// Takes the place of the product's primary image, if it has one.
fn clear_primary(connection: &mut Connected<'_>, product: &ProductId) -> QueryResult<()> {
    let old = images::table.filter(images::product_id.eq(product.as_str())).filter(images::is_primary);
    query!(connection, c => diesel::update(old).set(images::is_primary.eq(false)).execute(*c))?;
    Ok(())
}
