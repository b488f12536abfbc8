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
use packshot_domain::ports::upload_journal::{
    Claimed, Due, EntryKind, JournalEntry, JournalError, Position, UploadJournal,
};
use packshot_domain::storage::ObjectKey;
use std::collections::HashSet;

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
    attempts: i32,
    next_attempt_at: Moment,
}

impl EntryRow {
    fn new(entry: &JournalEntry) -> Result<Self, BadRow> {
        let keys: Vec<&str> = entry.keys.iter().map(ObjectKey::as_str).collect();
        let original = keys.first().ok_or_else(|| BadRow::new("object_keys", "none at all"))?;
        Ok(Self {
            image_id: ImageKey(entry.image),
            kind: code(entry.kind).to_owned(),
            original_key: (*original).to_owned(),
            object_keys: serde_json::to_string(&keys).map_err(|error| BadRow::new("object_keys", error))?,
            is_claimed: false,
            entered_at: Moment(entry.entered_at),
            attempts: 0,
            next_attempt_at: Moment(entry.entered_at),
        })
    }

    fn into_claimed(self) -> Result<Claimed, BadRow> {
        let (attempts, due_at) = (self.attempts, self.next_attempt_at.0);
        let attempts = u32::try_from(attempts).map_err(|error| BadRow::new("attempts", error))?;
        Ok(Claimed { entry: self.into_entry()?, attempts, due_at })
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

fn code(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Upload => UPLOAD,
        EntryKind::Deletion => DELETION,
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
            .remove(move |connection| {
                let entry = upload_journal::table.find(ImageKey(image));
                Ok(query!(connection, c => diesel::update(entry)
                    .set(upload_journal::kind.eq(DELETION))
                    .execute(*c))?)
            })
            .await;
        Ok(marked? == 1)
    }

    async fn claim(&self, due: &Due, after: Option<Position>, limit: u32) -> Result<Vec<Claimed>, RepoError> {
        let due = *due;
        // A sweep with nothing to do writes nothing, and holds nobody up.
        let any: Result<_, Fault> = self.read(move |connection| Ok(dead(connection, &due, after, 1)?)).await;
        if any?.is_empty() {
            return Ok(Vec::new());
        }
        let claimed: Result<_, Fault> = self
            .remove(move |connection| {
                connection.one_at_a_time(Exclusive::JournalClaim)?;
                claim(connection, &due, after, limit)
            })
            .await;
        Ok(claimed?)
    }

    async fn postpone(&self, image: ImageId, until: DateTime<Utc>) -> Result<(), RepoError> {
        let postponed: Result<_, Fault> = self
            .remove(move |connection| {
                let entry = upload_journal::table.find(ImageKey(image));
                Ok(query!(connection, c => diesel::update(entry)
                    .set((
                        upload_journal::attempts.eq(upload_journal::attempts + 1),
                        upload_journal::next_attempt_at.eq(Moment(until)),
                    ))
                    .execute(*c))?)
            })
            .await;
        postponed?;
        Ok(())
    }

    async fn stuck(&self) -> Result<u64, RepoError> {
        let stuck: Result<i64, Fault> = self
            .read(|connection| {
                // As its index says it: a parameter would hide the index.
                let failed = diesel::dsl::sql::<diesel::sql_types::Bool>("attempts > 0");
                Ok(query!(connection, c => upload_journal::table
                    .filter(failed)
                    .count()
                    .get_result(*c))?)
            })
            .await;
        Ok(u64::try_from(stuck?).unwrap_or_default())
    }

    async fn finish(&self, image: ImageId) -> Result<(), RepoError> {
        let removed: Result<_, Fault> = self
            .remove(move |connection| {
                let entry = upload_journal::table.find(ImageKey(image));
                Ok(query!(connection, c => diesel::delete(entry).execute(*c))?)
            })
            .await;
        removed?;
        Ok(())
    }

    async fn finish_all(&self, images: &[ImageId]) -> Result<(), RepoError> {
        let images: Vec<ImageKey> = images.iter().copied().map(ImageKey).collect();
        let removed: Result<_, Fault> = self
            .remove(move |connection| {
                for images in images.chunks(BATCH) {
                    let entries = upload_journal::table.filter(upload_journal::image_id.eq_any(images.iter().copied()));
                    query!(connection, c => diesel::delete(entries).execute(*c))?;
                }
                Ok(())
            })
            .await;
        Ok(removed?)
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

    async fn peek(&self, due: &Due, limit: u32) -> Result<Vec<Claimed>, RepoError> {
        let due = *due;
        let found: Result<_, Fault> = self.read(move |connection| readable(connection, &due, None, limit)).await;
        Ok(found?)
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

/// Entries whose objects are to be deleted, the longest due first.
fn dead(connection: &mut Connected<'_>, due: &Due, after: Option<Position>, limit: u32) -> QueryResult<Vec<EntryRow>> {
    use upload_journal::{entered_at, image_id, is_claimed, kind, next_attempt_at};
    // Nothing stands before the first position.
    let (moment, image) = after.unwrap_or((DateTime::<Utc>::UNIX_EPOCH, ImageId::new(uuid::Uuid::nil())));
    let (moment, image) = (Moment(moment), ImageKey(image));
    query!(connection, c => upload_journal::table
        .filter(kind.eq(code(due.kind)))
        .filter(next_attempt_at.ge(moment).and(next_attempt_at.le(Moment(due.by))))
        .filter(next_attempt_at.gt(moment).or(image_id.gt(image)))
        .filter(kind.eq(DELETION).or(is_claimed).or(entered_at.lt(Moment(due.uploads_before))))
        .order((next_attempt_at, image_id))
        .limit(limit.into())
        .select(EntryRow::as_select())
        .load(*c))
}

/// Those of them that can be read, `limit` where there are so many; the others are logged and passed.
fn readable(
    connection: &mut Connected<'_>,
    due: &Due,
    mut after: Option<Position>,
    limit: u32,
) -> Result<Vec<Claimed>, Fault> {
    let mut found = Vec::new();
    loop {
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let rows = dead(connection, due, after, left)?;
        after = rows.last().map(|row| (row.next_attempt_at.0, row.image_id.0));
        let were_all = rows.len() < left as usize;
        for row in rows {
            let image = row.image_id.0;
            match row.into_claimed() {
                Ok(claimed) => found.push(claimed),
                Err(error) => tracing::error!(%image, %error, "an entry of the upload journal cannot be read"),
            }
        }
        if were_all || found.len() >= limit as usize {
            return Ok(found);
        }
    }
}

fn claim(
    connection: &mut Connected<'_>,
    due: &Due,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Claimed>, Fault> {
    let mut found = readable(connection, due, after, limit)?;
    let mut claimed: Vec<ImageKey> = Vec::new();
    for found in found.chunks(BATCH) {
        let ids: Vec<ImageKey> = found.iter().map(|claimed| ImageKey(claimed.entry.image)).collect();
        // An upload that commits in this moment has its entry removed, and is not among the answers.
        let marked: Vec<ImageKey> = query!(connection, c => diesel::update(upload_journal::table)
            .filter(upload_journal::image_id.eq_any(ids))
            .set(upload_journal::is_claimed.eq(true))
            .returning(upload_journal::image_id)
            .get_results(*c))?;
        claimed.extend(marked);
    }
    let claimed: HashSet<ImageId> = claimed.into_iter().map(|key| key.0).collect();
    found.retain(|found| claimed.contains(&found.entry.image));
    Ok(found)
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
