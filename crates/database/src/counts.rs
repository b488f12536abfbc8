//! How many images carry a tag or have a format, kept beside the rows so that nobody counts a million.
//!
//! Owns the two tables of counts. The surprising rule: a transaction changes them last and in one
//! fixed order (tags, then formats, each sorted), so transactions neither deadlock on these shared rows
//! nor hold them longer than a commit takes.

use crate::dialect::{Connected, query};
use crate::rows::format_code;
use crate::schema::{format_counts, tag_counts};
use diesel::prelude::*;
use packshot_domain::image::Image;
use packshot_domain::unicode::composed;
use std::collections::BTreeMap;

/// What a transaction changes in the counts.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    tags: BTreeMap<String, i64>,
    formats: BTreeMap<&'static str, i64>,
}

impl Changes {
    /// One image more.
    pub(crate) fn add(&mut self, image: &Image) {
        self.change_tags(image, 1);
        *self.formats.entry(format_code(image.format)).or_default() += 1;
    }

    /// One image less.
    pub(crate) fn remove(&mut self, image: &Image) {
        self.change_tags(image, -1);
        *self.formats.entry(format_code(image.format)).or_default() -= 1;
    }

    fn change_tags(&mut self, image: &Image, by: i64) {
        for tag in image.tags.as_slice() {
            *self.tags.entry(tag.clone()).or_default() += by;
        }
    }

    /// `left` images that lose the tag `old`, `joined` of which get the tag `new`.
    pub(crate) fn merge(&mut self, old: &str, left: usize, new: &str, joined: usize) {
        *self.tags.entry(old.to_owned()).or_default() -= left as i64;
        *self.tags.entry(new.to_owned()).or_default() += joined as i64;
    }

    /// Writes the changes; the last thing that a transaction does.
    pub(crate) fn apply(self, connection: &mut Connected<'_>) -> QueryResult<()> {
        for (tag, by) in self.tags.into_iter().filter(|(_, by)| *by != 0) {
            let is_composed = composed(&tag) == tag.as_str();
            query!(connection, c => diesel::insert_into(tag_counts::table)
                .values((
                    tag_counts::tag.eq(&tag),
                    tag_counts::images.eq(by.max(0)),
                    tag_counts::is_composed.eq(is_composed),
                ))
                .on_conflict(tag_counts::tag)
                .do_update()
                .set(tag_counts::images.eq(tag_counts::images + by))
                .execute(*c))?;
            if by < 0 {
                let unused = tag_counts::table.find(&tag).filter(tag_counts::images.eq(0));
                query!(connection, c => diesel::delete(unused).execute(*c))?;
            }
        }
        for (format, by) in self.formats.into_iter().filter(|(_, by)| *by != 0) {
            query!(connection, c => diesel::insert_into(format_counts::table)
                .values((format_counts::format.eq(format), format_counts::images.eq(by.max(0))))
                .on_conflict(format_counts::format)
                .do_update()
                .set(format_counts::images.eq(format_counts::images + by))
                .execute(*c))?;
        }
        Ok(())
    }
}

/// How many images carry this tag.
pub(crate) fn of_tag(connection: &mut Connected<'_>, tag: &str) -> QueryResult<i64> {
    let row = tag_counts::table.find(tag).select(tag_counts::images);
    let found: Option<i64> = query!(connection, c => row.first(*c).optional())?;
    Ok(found.unwrap_or(0))
}

/// The first tags that any image carries, in order.
pub(crate) fn tags(connection: &mut Connected<'_>, limit: i64) -> QueryResult<Vec<String>> {
    query!(connection, c => tag_counts::table
        .filter(tag_counts::images.gt(0))
        .order(tag_counts::tag)
        .select(tag_counts::tag)
        .limit(limit)
        .load(*c))
}

/// How many images have each format.
pub(crate) fn formats(connection: &mut Connected<'_>) -> QueryResult<Vec<(String, i64)>> {
    query!(connection, c => format_counts::table
        .filter(format_counts::images.gt(0))
        .select((format_counts::format, format_counts::images))
        .load(*c))
}
