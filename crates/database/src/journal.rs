//! The port `UploadJournal`.
//!
//! Owns the rows of the journal, also for the transactions of images that remove or enter one.

use crate::database::Database;
use crate::dialect::{Connected, Exclusive, ImageKey, Moment, query};
use crate::fault::{Abort, BadRow, Fault};
use crate::rows::BATCH;
use crate::schema::{images, upload_journal};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use packshot_domain::image::ImageId;
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::ports::upload_journal::{EntryKind, JournalEntry, JournalError, UploadJournal};
use packshot_domain::storage::ObjectKey;

const UPLOAD: &str = "upload";
const DELETION: &str = "deletion";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = upload_journal)]
struct EntryRow {
    image_id: ImageKey,
    kind: String,
    original_key: String,
    object_keys: String,
    is_claimed: bool,
    entered_at: Moment,
}

impl EntryRow {
    fn new(entry: &JournalEntry) -> Result<Self, BadRow> {
        let keys: Vec<&str> = entry.keys.iter().map(ObjectKey::as_str).collect();
        let original = keys.first().ok_or_else(|| BadRow::new("object_keys", "none at all"))?;
        Ok(Self {
            image_id: ImageKey(entry.image),
            kind: match entry.kind {
                EntryKind::Upload => UPLOAD.to_owned(),
                EntryKind::Deletion => DELETION.to_owned(),
            },
            original_key: (*original).to_owned(),
            object_keys: serde_json::to_string(&keys).map_err(|error| BadRow::new("object_keys", error))?,
            is_claimed: false,
            entered_at: Moment(entry.entered_at),
        })
    }

    fn into_entry(self) -> Result<JournalEntry, BadRow> {
        let bad = |error: &dyn std::fmt::Display| BadRow::new("object_keys", error);
        let keys: Vec<String> = serde_json::from_str(&self.object_keys).map_err(|error| bad(&error))?;
        Ok(JournalEntry {
            image: self.image_id.0,
            kind: match self.kind.as_str() {
                UPLOAD => EntryKind::Upload,
                DELETION => EntryKind::Deletion,
                _ => return Err(BadRow::new("kind", "an unknown code")),
            },
            keys: keys
                .iter()
                .map(|key| ObjectKey::parse(key).map_err(|error| bad(&error)))
                .collect::<Result<_, _>>()?,
            entered_at: self.entered_at.0,
        })
    }
}

#[async_trait]
impl UploadJournal for Database {
    async fn begin(&self, image: ImageId, keys: &[ObjectKey], now: DateTime<Utc>) -> Result<(), JournalError> {
        let entry = JournalEntry { image, kind: EntryKind::Upload, keys: keys.to_vec(), entered_at: now };
        self.write(move |connection| begin(connection, &entry)).await.map_err(Abort::into_port)
    }

    async fn abandon(&self, image: ImageId) -> Result<bool, RepoError> {
        let marked: Result<_, Fault> = self
            .write(move |connection| {
                let entry = upload_journal::table.find(ImageKey(image));
                Ok(query!(connection, c => diesel::update(entry)
                    .set(upload_journal::kind.eq(DELETION))
                    .execute(*c))?)
            })
            .await;
        Ok(marked? == 1)
    }

    async fn claim(&self, uploads_before: DateTime<Utc>, limit: u32) -> Result<Vec<JournalEntry>, RepoError> {
        let claimed: Result<_, Fault> = self
            .write(move |connection| {
                connection.one_at_a_time(Exclusive::JournalClaim)?;
                claim(connection, uploads_before, limit)
            })
            .await;
        Ok(claimed?)
    }

    async fn finish(&self, image: ImageId) -> Result<(), RepoError> {
        let removed: Result<_, Fault> = self
            .write(move |connection| {
                let entry = upload_journal::table.find(ImageKey(image));
                Ok(query!(connection, c => diesel::delete(entry).execute(*c))?)
            })
            .await;
        removed?;
        Ok(())
    }

    async fn names(&self, key: &ObjectKey) -> Result<bool, RepoError> {
        let key = key.clone();
        let named: Result<_, Fault> = self
            .read(move |connection| {
                let originals = key.possible_originals();
                let originals: Vec<&str> = originals.iter().map(ObjectKey::as_str).collect();
                let rows: Vec<EntryRow> = query!(connection, c => upload_journal::table
                    .filter(upload_journal::original_key.eq_any(&originals))
                    .select(EntryRow::as_select())
                    .load(*c))?;
                let entries: Vec<JournalEntry> =
                    rows.into_iter().map(EntryRow::into_entry).collect::<Result<_, _>>()?;
                Ok(entries.iter().any(|entry| entry.keys.contains(&key)))
            })
            .await;
        Ok(named?)
    }

    async fn peek(&self, uploads_before: DateTime<Utc>, limit: u32) -> Result<Vec<JournalEntry>, RepoError> {
        let dead: Result<_, Fault> = self
            .read(move |connection| {
                let rows = dead(connection, uploads_before, limit)?;
                Ok(rows.into_iter().map(EntryRow::into_entry).collect::<Result<_, _>>()?)
            })
            .await;
        Ok(dead?)
    }
}

fn begin(connection: &mut Connected<'_>, entry: &JournalEntry) -> Result<(), Abort<JournalError>> {
    let row = EntryRow::new(entry).map_err(Fault::from)?;
    let filename = row.original_key.rsplit('/').next().unwrap_or_default().to_owned();
    let inserted = query!(connection, c => diesel::insert_into(upload_journal::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(*c))?;
    // Looked up only after the entry is in: an upload that had the key commits its image in the
    // transaction that gives the key up, so now it is seen in one place or the other.
    let image = images::table.filter(images::filename.eq(filename)).select(images::id);
    let image: Option<ImageKey> = query!(connection, c => image.first(*c).optional())?;
    if inserted == 0 || image.is_some() {
        return Err(Abort::Refused(JournalError::KeyTaken));
    }
    Ok(())
}

/// Entries whose objects are to be deleted, oldest first.
fn dead(connection: &mut Connected<'_>, uploads_before: DateTime<Utc>, limit: u32) -> QueryResult<Vec<EntryRow>> {
    query!(connection, c => upload_journal::table
        .filter(
            upload_journal::kind
                .eq(DELETION)
                .or(upload_journal::is_claimed)
                .or(upload_journal::entered_at.lt(Moment(uploads_before))),
        )
        .order((upload_journal::entered_at, upload_journal::image_id))
        .limit(limit.into())
        .select(EntryRow::as_select())
        .load(*c))
}

fn claim(
    connection: &mut Connected<'_>,
    uploads_before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<JournalEntry>, Fault> {
    let rows = dead(connection, uploads_before, limit)?;
    let mut claimed: Vec<ImageKey> = Vec::new();
    for rows in rows.chunks(BATCH) {
        let ids: Vec<ImageKey> = rows.iter().map(|row| row.image_id).collect();
        // An upload that commits in this moment has its entry removed, and is not among the answers.
        let marked: Vec<ImageKey> = query!(connection, c => diesel::update(upload_journal::table)
            .filter(upload_journal::image_id.eq_any(ids))
            .set(upload_journal::is_claimed.eq(true))
            .returning(upload_journal::image_id)
            .get_results(*c))?;
        claimed.extend(marked);
    }
    let rows = rows.into_iter().filter(|row| claimed.contains(&row.image_id));
    Ok(rows.map(EntryRow::into_entry).collect::<Result<_, _>>()?)
}

/// Removes the entry of an upload that commits now; `false` when it is gone, given up or claimed.
pub(crate) fn commit(connection: &mut Connected<'_>, image: ImageId) -> QueryResult<bool> {
    let entry = upload_journal::table
        .find(ImageKey(image))
        .filter(upload_journal::kind.eq(UPLOAD))
        .filter(upload_journal::is_claimed.eq(false));
    let removed = query!(connection, c => diesel::delete(entry).execute(*c))?;
    Ok(removed == 1)
}

/// Enters objects that are to be deleted.
pub(crate) fn enter(connection: &mut Connected<'_>, entries: &[JournalEntry]) -> Result<(), Fault> {
    for entries in entries.chunks(BATCH) {
        let rows: Vec<EntryRow> = entries.iter().map(EntryRow::new).collect::<Result<_, _>>()?;
        query!(connection, c => diesel::insert_into(upload_journal::table).values(&rows).execute(*c))?;
    }
    Ok(())
}
