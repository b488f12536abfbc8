//! Which folder of images is this database's, see [`packshot_domain::storage::ownership`].
//!
//! Blocking, as opening and migrating are: all of it happens at a start.

use crate::database::Database;
use crate::dialect::{Connected, query};
use crate::fault::{BadRow, Fault};
use crate::schema::{image_stores, images};
use diesel::prelude::*;
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::storage::{ObjectKey, StoreId};

/// Images whose files are looked for.
const SAMPLE: i64 = 20;

impl Database {
    /// The id of the folder that this database's images lie in; `None` where it has none yet.
    ///
    /// # Errors
    /// [`RepoError`].
    pub fn image_store(&self) -> Result<Option<StoreId>, RepoError> {
        Ok(self.at_start(known)?)
    }

    /// Remembers the id, unless there is one already; gives the one that it has then.
    ///
    /// # Errors
    /// [`RepoError`].
    pub fn remember_image_store(&self, id: StoreId) -> Result<StoreId, RepoError> {
        let remembered = self.at_start(|connection| {
            connection.write(|connection| {
                let row = (image_stores::only_row.eq(1), image_stores::store_id.eq(id.to_string()));
                query!(connection, c => diesel::insert_into(image_stores::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(*c))?;
                known(connection)
            })
        });
        Ok(remembered?.unwrap_or(id))
    }

    /// Remembers this id instead of what it has: its images lie in another place from now on.
    ///
    /// # Errors
    /// [`RepoError`].
    pub fn move_to_image_store(&self, id: StoreId) -> Result<(), RepoError> {
        let moved = self.at_start(|connection| {
            connection.write(|connection| {
                query!(connection, c => diesel::delete(image_stores::table).execute(*c))?;
                let row = (image_stores::only_row.eq(1), image_stores::store_id.eq(id.to_string()));
                query!(connection, c => diesel::insert_into(image_stores::table).values(row).execute(*c))?;
                Ok(())
            })
        });
        Ok(moved?)
    }

    /// The keys of some originals: of the oldest images and the newest.
    ///
    /// # Errors
    /// [`RepoError`].
    pub fn some_originals(&self) -> Result<Vec<ObjectKey>, RepoError> {
        Ok(self.at_start(originals)?)
    }
}

fn known(connection: &mut Connected<'_>) -> Result<Option<StoreId>, Fault> {
    let text: Option<String> =
        query!(connection, c => image_stores::table.select(image_stores::store_id).first(*c).optional())?;
    let bad = || BadRow::new("store_id", "no id");
    Ok(text.map(|text| StoreId::parse(&text).ok_or_else(bad)).transpose()?)
}

fn originals(connection: &mut Connected<'_>) -> Result<Vec<ObjectKey>, Fault> {
    let places = images::table.select((images::product_id, images::filename)).limit(SAMPLE);
    let order = (images::uploaded_at, images::id);
    let mut found: Vec<(String, String)> = query!(connection, c => places.order(order).load(*c))?;
    let newest = (images::uploaded_at.desc(), images::id.desc());
    found.extend(query!(connection, c => places.order(newest).load::<(String, String)>(*c))?);
    let key = |(product, filename): (String, String)| ObjectKey::parse(&format!("{product}/{filename}"));
    Ok(found.into_iter().filter_map(|place| key(place).ok()).collect())
}
