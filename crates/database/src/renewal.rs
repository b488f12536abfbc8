//! Texts that were written in an older form, written anew: search texts of products and images, and tags.
//!
//! Owns what is made of them, batch by batch. The rows themselves tell which are left: so a renewal that broke off
//! goes on where it stopped, one that is done costs three look-ups in empty indexes, and what an older packshot
//! still writes while it is being replaced is found by the next start. Several instances take turns.
//!
//! The surprising rule: a row that another transaction holds is left out. It is being written in the form of today,
//! or by an older packshot, and then the next start finds it.

use crate::counts::Changes;
use crate::dialect::{Connected, Exclusive, ImageKey, query};
use crate::fault::OpenError;
use crate::rows;
use crate::schema::{image_tags, tag_counts};
use crate::search;
use diesel::prelude::*;
use packshot_domain::unicode::composed;
use std::time::Duration;

/// Rows in one transaction at most, so that nobody waits long for it.
const BATCH: i64 = 1000;
/// So many rows apart, the log tells how far it is.
const REPORTED_ROWS: u64 = 100_000;

/// What may be left.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Products,
    Images,
    Tags,
}

/// Writes anew what is left; how many rows that were. Each batch is a transaction of its own.
///
/// # Errors
/// [`OpenError::Migration`]; the batches before it are done.
pub(crate) fn renew(connection: &mut Connected<'_>, patience: Duration) -> Result<u64, OpenError> {
    let mut total = 0;
    for kind in [Kind::Products, Kind::Images, Kind::Tags] {
        // Asked without a lock: most starts have nothing to write.
        while is_any_left(connection, kind)? {
            let rows = connection.write_patiently(patience, |connection| {
                connection.one_at_a_time(Exclusive::Renewal)?;
                batch(connection, kind)
            })?;
            total += rows;
            if rows == 0 {
                break;
            }
            if total / REPORTED_ROWS != (total - rows) / REPORTED_ROWS {
                tracing::info!(rows = total, "texts are being written in their new form");
            }
        }
    }
    Ok(total)
}

fn is_any_left(connection: &mut Connected<'_>, kind: Kind) -> QueryResult<bool> {
    Ok(match kind {
        Kind::Products => connection.has_outdated_products()?,
        Kind::Images => connection.has_outdated_images()?,
        Kind::Tags => !unseen_tags(connection, 1)?.is_empty(),
    })
}

fn batch(connection: &mut Connected<'_>, kind: Kind) -> Result<u64, OpenError> {
    match kind {
        Kind::Products => products(connection),
        Kind::Images => images(connection),
        Kind::Tags => tags(connection),
    }
}

fn products(connection: &mut Connected<'_>) -> Result<u64, OpenError> {
    let outdated = connection.outdated_products(BATCH)?;
    let renewed: Vec<_> = outdated
        .into_iter()
        .map(|(id, name)| {
            let text = search::text([id.as_str(), name.as_str()]);
            (id, text)
        })
        .collect();
    connection.renew_products(&renewed)?;
    Ok(renewed.len() as u64)
}

fn images(connection: &mut Connected<'_>) -> Result<u64, OpenError> {
    let outdated = connection.outdated_images(BATCH)?;
    let renewed: Vec<_> = outdated
        .into_iter()
        .map(|(id, filename, original_name, alt_text, caption)| {
            (id, rows::image_search_text(&filename, &original_name, alt_text.as_deref(), caption.as_deref()))
        })
        .collect();
    connection.renew_images(&renewed)?;
    Ok(renewed.len() as u64)
}

/// Tags that nobody has looked at yet.
fn unseen_tags(connection: &mut Connected<'_>, limit: i64) -> QueryResult<Vec<String>> {
    query!(connection, c => tag_counts::table
        .filter(diesel::dsl::not(tag_counts::is_composed))
        .order(tag_counts::tag)
        .select(tag_counts::tag)
        .limit(limit)
        .load(*c))
}

/// Looks at some tags; the first that is not composed becomes the one that is, on some of its images.
fn tags(connection: &mut Connected<'_>) -> Result<u64, OpenError> {
    // Writers of images wait for a moment: they would count tags that have just changed under them.
    connection.lock_every_product()?;
    let unseen = unseen_tags(connection, BATCH)?;
    if let Some(tag) = unseen.iter().find(|tag| composed(tag) != tag.as_str()) {
        return Ok(merge(connection, tag, &composed(tag))?);
    }
    let seen = tag_counts::table.filter(tag_counts::tag.eq_any(&unseen));
    query!(connection, c => diesel::update(seen).set(tag_counts::is_composed.eq(true)).execute(*c))?;
    Ok(unseen.len() as u64)
}

/// Gives images that carry the tag `old` the tag `new` instead, which some may have already.
fn merge(connection: &mut Connected<'_>, old: &str, new: &str) -> QueryResult<u64> {
    let ids: Vec<ImageKey> = query!(connection, c => image_tags::table
        .filter(image_tags::tag.eq(old))
        .order((image_tags::uploaded_at, image_tags::image_id))
        .select(image_tags::image_id)
        .limit(BATCH)
        .load(*c))?;
    let have_both: Vec<ImageKey> = query!(connection, c => image_tags::table
        .filter(image_tags::tag.eq(new))
        .filter(image_tags::image_id.eq_any(ids.clone()))
        .select(image_tags::image_id)
        .load(*c))?;
    macro_rules! of {
        ($ids:expr) => {
            image_tags::table.filter(image_tags::tag.eq(old)).filter(image_tags::image_id.eq_any($ids))
        };
    }
    query!(connection, c => diesel::delete(of!(have_both.clone())).execute(*c))?;
    query!(connection, c => diesel::update(of!(ids.clone())).set(image_tags::tag.eq(new)).execute(*c))?;
    let mut changes = Changes::default();
    changes.merge(old, ids.len(), new, ids.len() - have_both.len());
    changes.apply(connection)?;
    if (ids.len() as i64) < BATCH {
        // None is left; nor is its row, whatever it counted.
        query!(connection, c => diesel::delete(tag_counts::table.find(old)).execute(*c))?;
    }
    Ok(ids.len().max(1) as u64)
}
