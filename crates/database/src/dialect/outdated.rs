//! Search texts in an older form: how each database finds them, holds them and replaces many at once.
//!
//! Owns the condition of the indexes `…_outdated_search_text`, word for word as the migration has it, since an
//! index is used for no other; refuses to know what the new text is.

use super::{Connected, ImageKey, ImageKeySql, query};
use crate::schema::{images, products};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};

/// An image's id, file name, original name, alternative text and caption.
pub(crate) type OutdatedImage = (ImageKey, String, String, Option<String>, Option<String>);

impl Connected<'_> {
    /// Beyond ASCII, and not beginning with `search::FORM`.
    fn is_outdated(&self) -> SqlLiteral<Bool> {
        sql(match self {
            Self::Postgres(_) => "octet_length(search_text) <> char_length(search_text) AND ascii(search_text) <> 2",
            Self::Sqlite(_) => "length(CAST(search_text AS BLOB)) <> length(search_text) AND unicode(search_text) <> 2",
        })
    }

    /// Whether any product's text is outdated.
    pub(crate) fn has_outdated_products(&mut self) -> QueryResult<bool> {
        let found = products::table.filter(self.is_outdated()).select(products::id).limit(1);
        let found: Option<String> = query!(self, c => found.first(*c).optional())?;
        Ok(found.is_some())
    }

    /// Whether any image's text is outdated.
    pub(crate) fn has_outdated_images(&mut self) -> QueryResult<bool> {
        let found = images::table.filter(self.is_outdated()).select(images::id).limit(1);
        let found: Option<ImageKey> = query!(self, c => found.first(*c).optional())?;
        Ok(found.is_some())
    }

    /// Ids and names of some products with an outdated text, held until the transaction ends; without those that
    /// another transaction holds, so that nobody deadlocks.
    pub(crate) fn outdated_products(&mut self, limit: i64) -> QueryResult<Vec<(String, String)>> {
        let some = products::table.filter(self.is_outdated()).order(products::id).limit(limit);
        let some = some.select((products::id, products::name));
        match self {
            Self::Postgres(c) => some.for_no_key_update().skip_locked().load(*c),
            Self::Sqlite(c) => some.load(*c),
        }
    }

    /// The same of images.
    pub(crate) fn outdated_images(&mut self, limit: i64) -> QueryResult<Vec<OutdatedImage>> {
        let some = images::table.filter(self.is_outdated()).order(images::id).limit(limit);
        let some =
            some.select((images::id, images::filename, images::original_name, images::alt_text, images::caption));
        match self {
            Self::Postgres(c) => some.for_no_key_update().skip_locked().load(*c),
            Self::Sqlite(c) => some.load(*c),
        }
    }

    /// Gives each of these products its search text.
    pub(crate) fn renew_products(&mut self, texts: &[(String, String)]) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => {
                let (ids, texts): (Vec<&str>, Vec<&str>) =
                    texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).unzip();
                let statement = "UPDATE products SET search_text = renewed.text \
                                 FROM unnest($1, $2) AS renewed (id, text) WHERE products.id = renewed.id";
                let statement = diesel::sql_query(statement).bind::<Array<Text>, _>(ids).bind::<Array<Text>, _>(texts);
                statement.execute(*c)?;
            }
            // No server, no round trips to save.
            Self::Sqlite(c) => {
                for (id, text) in texts {
                    diesel::update(products::table.find(id)).set(products::search_text.eq(text)).execute(*c)?;
                }
            }
        }
        Ok(())
    }

    /// The same of images.
    pub(crate) fn renew_images(&mut self, texts: &[(ImageKey, String)]) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => {
                let (ids, texts): (Vec<ImageKey>, Vec<&str>) =
                    texts.iter().map(|(id, text)| (*id, text.as_str())).unzip();
                let statement = "UPDATE images SET search_text = renewed.text \
                                 FROM unnest($1, $2) AS renewed (id, text) WHERE images.id = renewed.id";
                let statement =
                    diesel::sql_query(statement).bind::<Array<ImageKeySql>, _>(ids).bind::<Array<Text>, _>(texts);
                statement.execute(*c)?;
            }
            Self::Sqlite(c) => {
                for (id, text) in texts {
                    diesel::update(images::table.find(id)).set(images::search_text.eq(text)).execute(*c)?;
                }
            }
        }
        Ok(())
    }
}
