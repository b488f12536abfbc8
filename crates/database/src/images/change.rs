//! Edits of an image's row.

use super::insert::insert_tags;
use super::{clear_primary, find_locked};
use crate::counts::Changes;
use crate::dialect::{Connected, ImageKey, query};
use crate::fault::Fault;
use crate::rows;
use crate::schema::{image_tags, images};
use diesel::prelude::*;
use packshot_domain::image::{Image, ImageId};
use packshot_domain::ports::image_repo::{Change, ImagePatch};

/// Replaces the fields that `patch` names; see the port.
pub(super) fn update(connection: &mut Connected<'_>, id: ImageId, patch: &ImagePatch) -> Result<Option<Image>, Fault> {
    let Some(old) = find_locked(connection, id)? else { return Ok(None) };
    let new = patched(&old, patch);
    let metadata = rows::metadata_text(&new.metadata)?;
    query!(connection, c => diesel::update(images::table.find(ImageKey(id)))
        .set((
            images::alt_text.eq(new.alt_text.as_ref().map(|text| text.as_str())),
            images::caption.eq(new.caption.as_ref().map(|text| text.as_str())),
            images::display_order.eq(new.order.get()),
            images::metadata.eq(&metadata),
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
    Ok(Some(new))
}

fn patched(old: &Image, patch: &ImagePatch) -> Image {
    let mut new = old.clone();
    change(&mut new.alt_text, patch.alt_text.as_ref());
    change(&mut new.caption, patch.caption.as_ref());
    if let Some(order) = patch.order {
        new.order = order;
    }
    if let Some(tags) = &patch.tags {
        new.tags = tags.clone();
    }
    if let Some(metadata) = &patch.metadata {
        new.metadata = metadata.clone();
    }
    new
}

fn change<T: Clone>(field: &mut Option<T>, to: Option<&Change<T>>) {
    match to {
        Some(Change::Set(value)) => *field = Some(value.clone()),
        Some(Change::Clear) => *field = None,
        None => {}
    }
}

/// Makes it its product's primary image; see the port.
pub(super) fn set_primary(connection: &mut Connected<'_>, id: ImageId) -> Result<Option<Image>, Fault> {
    let Some(mut image) = find_locked(connection, id)? else { return Ok(None) };
    if !image.is_primary {
        clear_primary(connection, &image.product_id)?;
        query!(connection, c => diesel::update(images::table.find(ImageKey(id)))
            .set(images::is_primary.eq(true))
            .execute(*c))?;
        image.is_primary = true;
    }
    Ok(Some(image))
}
