//! A query's filter, as conditions on rows.
//!
//! Owns which tag drives the query. The two macros write a condition or an order once for queries that
//! begin at `images` and those that begin at `image_tags`: to diesel these are different types.

use crate::counts;
use crate::dialect::Connected;
use crate::fault::Fault;
use crate::rows::{format_code, stored};
use crate::search;
use diesel::QueryResult;
use packshot_domain::ports::image_repo::{ImageQuery, SortBy, SortOrder, TagChoice};

/// The conditions of a query.
#[derive(Debug)]
pub(super) struct Filter {
    /// The rarest tag, when no product narrows the query more: its index leads to the images.
    pub(super) driving_tag: Option<String>,
    /// The other tags.
    pub(super) tags: Vec<String>,
    /// Texts that are a tag of some image, and may be a list of tags as well.
    pub(super) tag_choices: Vec<TagChoice>,
    pub(super) format: Option<&'static str>,
    /// `LIKE` pattern.
    pub(super) search: Option<String>,
    pub(super) min_width: Option<i32>,
    pub(super) min_height: Option<i32>,
    pub(super) query: ImageQuery,
    pub(super) sort: (SortBy, SortOrder),
}

impl Filter {
    /// The filter of `query`; `None` when no image can match.
    pub(super) fn new(connection: &mut Connected<'_>, query: &ImageQuery) -> Result<Option<Self>, Fault> {
        let search = match query.search.as_deref().map(search::pattern) {
            Some(None) => return Ok(None),
            Some(pattern) => pattern,
            None => None,
        };
        if !could_be_tags(query) {
            return Ok(None);
        }
        let (mut tags, tag_choices) = tags(connection, query)?;
        let driving_tag = if query.product_id.is_none() { take_rarest(connection, &mut tags)? } else { None };
        // A side longer than a column can hold is a side that no image has.
        let (Ok(min_width), Ok(min_height)) = (side(query.min_width), side(query.min_height)) else { return Ok(None) };
        Ok(Some(Self {
            driving_tag,
            tags,
            tag_choices,
            format: query.format.map(format_code),
            search,
            min_width,
            min_height,
            query: query.clone(),
            sort: (query.sort_by, query.sort_order),
        }))
    }

    fn has_other_conditions(&self) -> bool {
        let query = &self.query;
        !self.tags.is_empty()
            || !self.tag_choices.is_empty()
            || query.product_id.is_some()
            || query.is_primary.is_some()
            || self.min_width.is_some()
            || self.min_height.is_some()
            || query.uploaded_after.is_some()
            || query.uploaded_before.is_some()
            || self.search.is_some()
    }

    /// Whether every image matches.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_other_conditions() && self.format.is_none() && self.driving_tag.is_none()
    }

    /// The format, when it is the only condition.
    pub(super) fn only_format(&self) -> Option<&'static str> {
        if self.has_other_conditions() || self.driving_tag.is_some() { None } else { self.format }
    }

    /// The tag, when it is the only condition.
    pub(super) fn only_tag(&self) -> Option<&str> {
        if self.has_other_conditions() || self.format.is_some() { None } else { self.driving_tag.as_deref() }
    }
}

/// Whether all that is asked for could be tags (PostgreSQL takes no NUL).
fn could_be_tags(query: &ImageQuery) -> bool {
    let parts = query.tag_choices.iter().flat_map(|choice| &choice.parts);
    !query.tags.iter().chain(parts).any(|tag| tag.chars().any(char::is_control))
}

/// The tags that an image must carry, each once, and the choices that are some: most texts with a comma are no tag
/// of any image, and then simply a list.
fn tags(connection: &mut Connected<'_>, query: &ImageQuery) -> QueryResult<(Vec<String>, Vec<TagChoice>)> {
    let mut tags = query.tags.clone();
    let mut choices = Vec::new();
    for choice in &query.tag_choices {
        if counts::of_tag(connection, &choice.whole)? > 0 {
            choices.push(choice.clone());
        } else {
            tags.extend_from_slice(&choice.parts);
        }
    }
    tags.sort();
    tags.dedup();
    Ok((tags, choices))
}

fn take_rarest(connection: &mut Connected<'_>, tags: &mut Vec<String>) -> Result<Option<String>, Fault> {
    let mut rarest: Option<(usize, i64)> = None;
    for (at, tag) in tags.iter().enumerate() {
        let images = counts::of_tag(connection, tag)?;
        if rarest.is_none_or(|(_, fewest)| images < fewest) {
            rarest = Some((at, images));
        }
    }
    Ok(rarest.map(|(at, _)| tags.remove(at)))
}

fn side(pixels: Option<u32>) -> Result<Option<i32>, crate::fault::BadRow> {
    pixels.map(|pixels| stored("width", pixels)).transpose()
}

/// `$query`, a boxed one with `images` in it, restricted to what `$filter` lets through.
macro_rules! restricted {
    ($query:expr, $filter:expr) => {{
        use $crate::dialect::Moment;
        let filter: &Filter = $filter;
        let query = &filter.query;
        let mut restricted = $query;
        if let Some(product) = &query.product_id {
            restricted = restricted.filter(images::product_id.eq(product.as_str()));
        }
        if let Some(is_primary) = query.is_primary {
            // The bare column, as the partial index has it.
            restricted = if is_primary {
                restricted.filter(images::is_primary)
            } else {
                restricted.filter(diesel::dsl::not(images::is_primary))
            };
        }
        if let Some(format) = filter.format {
            restricted = restricted.filter(images::format.eq(format));
        }
        if let Some(width) = filter.min_width {
            restricted = restricted.filter(images::width.ge(width));
        }
        if let Some(height) = filter.min_height {
            restricted = restricted.filter(images::height.ge(height));
        }
        if let Some(after) = query.uploaded_after {
            restricted = restricted.filter(images::uploaded_at.ge(Moment(after)));
        }
        if let Some(before) = query.uploaded_before {
            restricted = restricted.filter(images::uploaded_at.le(Moment(before)));
        }
        if let Some(pattern) = &filter.search {
            restricted = restricted.filter(images::search_text.like(pattern).escape('\\'));
        }
        for tag in &filter.tags {
            let other = diesel::alias!(image_tags as other_tags);
            let (image_id, name) = (other.field(image_tags::image_id), other.field(image_tags::tag));
            let carries = other.filter(image_id.eq(images::id)).filter(name.eq(tag));
            restricted = restricted.filter(diesel::dsl::exists(carries));
        }
        for choice in &filter.tag_choices {
            let other = diesel::alias!(image_tags as other_tags);
            let (image_id, name) = (other.field(image_tags::image_id), other.field(image_tags::tag));
            let whole = other.filter(image_id.eq(images::id)).filter(name.eq(&choice.whole));
            let parts = other.filter(image_id.eq(images::id)).filter(name.eq_any(&choice.parts));
            let carries_all = parts.count().single_value().eq(choice.parts.len() as i64);
            restricted = restricted.filter(diesel::dsl::exists(whole).or(carries_all));
        }
        restricted
    }};
}
pub(super) use restricted;

/// `$query`, a boxed one with `images` in it, in the order of `$filter`; ties go by id the same way
/// (file names are unique, they have none).
macro_rules! ordered {
    ($query:expr, $filter:expr, $uploaded_at:expr, $id:expr) => {{
        use packshot_domain::ports::image_repo::{SortBy, SortOrder};
        let query = $query;
        match $filter.sort {
            (SortBy::UploadedAt, SortOrder::Ascending) => query.order(($uploaded_at.asc(), $id.asc())),
            (SortBy::UploadedAt, SortOrder::Descending) => query.order(($uploaded_at.desc(), $id.desc())),
            (SortBy::Order, SortOrder::Ascending) => query.order((images::display_order.asc(), images::id.asc())),
            (SortBy::Order, SortOrder::Descending) => query.order((images::display_order.desc(), images::id.desc())),
            (SortBy::Filename, SortOrder::Ascending) => query.order(images::filename.asc()),
            (SortBy::Filename, SortOrder::Descending) => query.order(images::filename.desc()),
            (SortBy::Size, SortOrder::Ascending) => query.order((images::size_bytes.asc(), images::id.asc())),
            (SortBy::Size, SortOrder::Descending) => query.order((images::size_bytes.desc(), images::id.desc())),
            (SortBy::Width, SortOrder::Ascending) => query.order((images::width.asc(), images::id.asc())),
            (SortBy::Width, SortOrder::Descending) => query.order((images::width.desc(), images::id.desc())),
        }
    }};
}
pub(super) use ordered;
