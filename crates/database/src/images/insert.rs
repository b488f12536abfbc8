//! The commit of an upload.

use super::clear_primary;
use crate::counts::Changes;
use crate::dialect::{Connected, query};
use crate::fault::{Abort, Fault};
use crate::rows::{self, ImageRow, TagRow, VariantRow};
use crate::schema::{image_tags, image_variants, images};
use crate::{audit, idempotency, journal};
use diesel::prelude::*;
use packshot_domain::access::Origin;
use packshot_domain::image::Image;
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::idempotency::Completion;
use packshot_domain::ports::image_repo::InsertError;

/// Commits an upload; see the port.
pub(super) fn insert(
    connection: &mut Connected<'_>,
    image: &Image,
    completion: Option<&Completion>,
    origin: &Origin,
) -> Result<(), Abort<InsertError>> {
    if !connection.lock_product(image.product_id.as_str())? {
        return Err(Abort::Refused(InsertError::ProductGone));
    }
    if !journal::commit(connection, image.id)? {
        return Err(Abort::Refused(InsertError::Swept));
    }
    if image.is_primary {
        clear_primary(connection, &image.product_id)?;
    }
    insert_rows(connection, image)?;
    if let Some(completion) = completion
        && !idempotency::complete(connection, completion, image.uploaded_at)?
    {
        return Err(Abort::Refused(InsertError::LeaseLost));
    }
    audit::enter(connection, &AuditEntry::upload(image, origin))?;
    let mut changes = Changes::default();
    changes.add(image);
    Ok(changes.apply(connection)?)
}

fn insert_rows(connection: &mut Connected<'_>, image: &Image) -> Result<(), Fault> {
    let row = ImageRow::new(image)?;
    query!(connection, c => diesel::insert_into(images::table)
        .values((&row, images::search_text.eq(rows::search_text(image))))
        .execute(*c))?;
    let variants = VariantRow::all(image)?;
    query!(connection, c => diesel::insert_into(image_variants::table).values(&variants).execute(*c))?;
    insert_tags(connection, image)
}

/// Inserts the image's tags; it has none in the database.
pub(super) fn insert_tags(connection: &mut Connected<'_>, image: &Image) -> Result<(), Fault> {
    let tags = TagRow::all(image)?;
    query!(connection, c => diesel::insert_into(image_tags::table).values(&tags).execute(*c))?;
    Ok(())
}
