//! Edits of an image's row.

use super::insert::insert_tags;
use super::{clear_primary, find_locked};
use crate::audit;
use crate::counts::Changes;
use crate::dialect::{Connected, ImageKey, query};
use crate::fault::Abort;
use crate::rows;
use crate::schema::{image_tags, images};
use diesel::prelude::*;
use packshot_domain::access::Origin;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::guard::{Guard, WriteError};
use packshot_domain::ports::image_repo::{ImagePatch, ImageState, UpdateError};

/// Replaces the fields that `patch` names; see the port.
pub(super) fn update(
    connection: &mut Connected<'_>,
    id: ImageId,
    patch: &ImagePatch,
    guard: &Guard<ImageState>,
    origin: &Origin,
) -> Result<Option<Image>, Abort<UpdateError>> {
    let Some(state) = find_locked(connection, id)? else { return Ok(None) };
    guard.ask(Some(&state)).map_err(|objection| Abort::Refused(objection.into()))?;
    let old = state.image;
    let new = patch.apply(&old).map_err(|error| Abort::Refused(UpdateError::Metadata(error)))?;
    query!(connection, c => diesel::update(images::table.find(ImageKey(id)))
        .set((
            images::alt_text.eq(new.alt_text.as_ref().map(|text| text.as_str())),
            images::caption.eq(new.caption.as_ref().map(|text| text.as_str())),
            images::display_order.eq(new.order.get()),
            images::metadata.eq(rows::metadata_text(&new.metadata)),
            images::search_text.eq(rows::search_text(&new)),
        ))
        .execute(*c))?;
    if new.tags != old.tags {
        let tags = image_tags::table.filter(image_tags::image_id.eq(ImageKey(id)));
        query!(connection, c => diesel::delete(tags).execute(*c))?;
        insert_tags(connection, &new)?;
        let mut changes = Changes::default();
        changes.remove(&old);
        changes.add(&new);
        changes.apply(connection)?;
    }
    audit::enter(connection, &AuditEntry::edit(&new, patch, origin))?;
    Ok(Some(new))
}

/// Makes it its product's primary image; see the port.
pub(super) fn set_primary(
    connection: &mut Connected<'_>,
    id: ImageId,
    guard: &Guard<ImageState>,
    origin: &Origin,
) -> Result<Option<Image>, Abort<WriteError>> {
    let Some(state) = find_locked(connection, id)? else { return Ok(None) };
    guard.ask(Some(&state)).map_err(|objection| Abort::Refused(objection.into()))?;
    let mut image = state.image;
    if !image.is_primary {
        clear_primary(connection, &image.product_id)?;
        query!(connection, c => diesel::update(images::table.find(ImageKey(id)))
            .set(images::is_primary.eq(true))
            .execute(*c))?;
        image.is_primary = true;
        audit::enter(connection, &AuditEntry::set_primary(&image, origin))?;
    }
    Ok(Some(image))
}
