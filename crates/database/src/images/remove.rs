//! Deletions: a row goes, and in the same transaction its objects are entered into the journal.

use super::find_locked;
use crate::audit;
use crate::counts::Changes;
use crate::dialect::{Connected, ImageKey, query};
use crate::fault::Abort;
use crate::journal;
use crate::products;
use crate::rows::{self, ImageRow};
use crate::schema::{self, images};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::guard::{Guard, WriteError};
use packshot_domain::ports::image_repo::ImageState;
use packshot_domain::ports::product_repo::ProductState;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry};
use packshot_domain::product::ProductId;
use packshot_domain::storage::ObjectKey;

/// Removes an image; see the port.
pub(super) fn delete(
    connection: &mut Connected<'_>,
    id: ImageId,
    guard: &Guard<ImageState>,
    origin: &Origin,
) -> Result<Option<JournalEntry>, Abort<WriteError>> {
    let Some(state) = find_locked(connection, id)? else { return Ok(None) };
    guard.ask(Some(&state)).map_err(|objection| Abort::Refused(objection.into()))?;
    let image = state.image;
    let entry = deletion(&image, origin.at);
    journal::enter(connection, std::slice::from_ref(&entry))?;
    // Tags and variants go with it: the foreign keys cascade.
    query!(connection, c => diesel::delete(images::table.find(ImageKey(id))).execute(*c))?;
    let mut changes = Changes::default();
    changes.remove(&image);
    changes.apply(connection)?;
    audit::enter(connection, &AuditEntry::delete(&image, origin))?;
    Ok(Some(entry))
}

/// Removes a product with all its images; see the port.
pub(super) fn delete_product(
    connection: &mut Connected<'_>,
    id: &ProductId,
    guard: &Guard<ProductState>,
    origin: &Origin,
) -> Result<Option<Vec<JournalEntry>>, Abort<WriteError>> {
    let Some(state) = products::find_locked(connection, id)? else { return Ok(None) };
    guard.ask(Some(&state)).map_err(|objection| Abort::Refused(objection.into()))?;
    let rows: Vec<ImageRow> = query!(connection, c => images::table
        .filter(images::product_id.eq(id.as_str()))
        .order((images::uploaded_at, images::id))
        .select(ImageRow::as_select())
        .load(*c))?;
    let images = rows::complete(connection, rows)?;
    let entries: Vec<JournalEntry> = images.iter().map(|image| deletion(image, origin.at)).collect();
    journal::enter(connection, &entries)?;
    query!(connection, c => diesel::delete(schema::products::table.find(id.as_str())).execute(*c))?;
    let mut changes = Changes::default();
    for image in &images {
        changes.remove(image);
    }
    changes.apply(connection)?;
    audit::enter(connection, &AuditEntry::delete_product(id, images.len(), origin))?;
    Ok(Some(entries))
}

fn deletion(image: &Image, now: DateTime<Utc>) -> JournalEntry {
    JournalEntry {
        image: image.id,
        kind: EntryKind::Deletion,
        keys: ObjectKey::all(&image.product_id, &image.filename, &image.variants),
        entered_at: now,
    }
}
