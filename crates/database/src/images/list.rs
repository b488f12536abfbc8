//! Pages of images.
//!
//! Owns how a list stays fast beside a million rows. The first matches are read from an index, a
//! window of [`WINDOW`] of them (of one product: [`PRODUCT_WINDOW`]); where there are no more, they
//! give the total, the page and what could be filtered by. Where there are more, the total comes from
//! the tables of counts when the filter is nothing, one format or one tag, and is counted otherwise;
//! the available tags and formats are then those of the window's images (of all images, when there is
//! no filter at all).
//!
//! The surprising rule: a tag of no single product is looked up in the index of tags, which has the
//! time of upload in it, so that its newest images are found without sorting all of them.

mod filter;

use crate::counts;
use crate::dialect::{Connected, ImageKey, query};
use crate::fault::Fault;
use crate::products::{limit_offset, parse_name};
use crate::rows::{self, ImageRow, format_code, parse_format};
use crate::schema::{image_tags, images, products};
use diesel::prelude::*;
use filter::{Filter, ordered, restricted};
use packshot_domain::image::{Image, ImageFormat};
use packshot_domain::ports::image_repo::{ImagePage, ImageQuery};
use packshot_domain::product::ProductName;
use std::collections::HashMap;

/// So many matches are looked at for the available tags and formats.
const WINDOW: i64 = 300;
/// So many of one product, which seldom has more.
const PRODUCT_WINDOW: i64 = 2000;
/// So many available tags are told.
const MAX_TAGS: i64 = 100;

/// A match: its id and its format.
type Match = (ImageKey, String);

/// What matches beyond the page itself.
struct Overview {
    total: i64,
    tags: Vec<String>,
    formats: Vec<ImageFormat>,
}

/// The page that `query` asks for; see the port.
pub(super) fn list(connection: &mut Connected<'_>, query: &ImageQuery) -> Result<ImagePage, Fault> {
    let (limit, offset) = limit_offset(query.page, query.page_size);
    let nothing = ImagePage { items: Vec::new(), total: 0, available_tags: Vec::new(), available_formats: Vec::new() };
    let Some(filter) = Filter::new(connection, query)? else { return Ok(nothing) };
    // Behind the last page there is nothing to look for, which to find would take reading every match.
    let page = |connection: &mut Connected<'_>, total: i64| {
        if offset < total { matches(connection, &filter, limit, offset) } else { Ok(Vec::new()) }
    };
    let (overview, matches) = if filter.is_empty() {
        let overview = overview_of_everything(connection)?;
        let page = page(connection, overview.total)?;
        (overview, page)
    } else {
        let window = Window::read(connection, &filter)?;
        let overview = overview_of(connection, &filter, &window)?;
        let page = match window.page(limit, offset) {
            Some(page) => page.to_vec(),
            None => page(connection, overview.total)?,
        };
        (overview, page)
    };
    let items = with_products(connection, matches)?;
    Ok(ImagePage {
        items,
        total: rows::read("count", overview.total)?,
        available_tags: overview.tags,
        available_formats: overview.formats,
    })
}

/// The first matches in the order asked for.
struct Window {
    matches: Vec<Match>,
    /// Whether they are all.
    is_complete: bool,
}

impl Window {
    fn read(connection: &mut Connected<'_>, filter: &Filter) -> QueryResult<Self> {
        let size = if filter.query.product_id.is_some() { PRODUCT_WINDOW } else { WINDOW };
        let matches = matches(connection, filter, size, 0)?;
        let is_complete = (matches.len() as i64) < size;
        Ok(Self { matches, is_complete })
    }

    /// The page at that place, where the window is known to hold all of it.
    fn page(&self, limit: i64, offset: i64) -> Option<&[Match]> {
        let (start, length) = (usize::try_from(offset).ok()?, usize::try_from(limit).ok()?);
        let end = start.saturating_add(length);
        if self.is_complete {
            let len = self.matches.len();
            return self.matches.get(start.min(len)..end.min(len));
        }
        self.matches.get(start..end)
    }
}

fn overview_of_everything(connection: &mut Connected<'_>) -> Result<Overview, Fault> {
    let formats = counts::formats(connection)?;
    let total = formats.iter().map(|(_, images)| images).sum();
    let codes = formats.iter().map(|(format, _)| format.as_str());
    Ok(Overview { total, formats: sorted_formats(codes)?, tags: counts::tags(connection, MAX_TAGS)? })
}

fn overview_of(connection: &mut Connected<'_>, filter: &Filter, window: &Window) -> Result<Overview, Fault> {
    let total = if window.is_complete { window.matches.len() as i64 } else { total(connection, filter)? };
    let ids: Vec<ImageKey> = window.matches.iter().map(|(id, _)| *id).collect();
    let tags: Vec<String> = query!(connection, c => image_tags::table
        .filter(image_tags::image_id.eq_any(ids))
        .select(image_tags::tag)
        .distinct()
        .order(image_tags::tag)
        .limit(MAX_TAGS)
        .load(*c))?;
    Ok(Overview { total, tags, formats: sorted_formats(window.matches.iter().map(|(_, format)| format.as_str()))? })
}

fn sorted_formats<'a>(codes: impl Iterator<Item = &'a str>) -> Result<Vec<ImageFormat>, Fault> {
    let found: std::collections::HashSet<&str> = codes.collect();
    for code in &found {
        parse_format(code)?;
    }
    Ok(ImageFormat::ALL.into_iter().filter(|format| found.contains(format_code(*format))).collect())
}

/// How many images match in all, when there are more than the window holds.
fn total(connection: &mut Connected<'_>, filter: &Filter) -> Result<i64, Fault> {
    if let Some(format) = filter.only_format() {
        let formats = counts::formats(connection)?;
        return Ok(formats.into_iter().find(|(known, _)| known == format).map_or(0, |(_, images)| images));
    }
    if let Some(tag) = filter.only_tag() {
        return Ok(counts::of_tag(connection, tag)?);
    }
    Ok(match &filter.driving_tag {
        Some(tag) => query!(connection, c => restricted!(
            image_tags::table.inner_join(images::table).filter(image_tags::tag.eq(tag)).into_boxed(),
            filter
        )
        .count()
        .get_result(*c))?,
        None => query!(connection, c => restricted!(images::table.into_boxed(), filter).count().get_result(*c))?,
    })
}

/// Matches in the order asked for.
fn matches(connection: &mut Connected<'_>, filter: &Filter, limit: i64, offset: i64) -> QueryResult<Vec<Match>> {
    match &filter.driving_tag {
        Some(tag) => query!(connection, c => {
            let tagged = image_tags::table.inner_join(images::table).filter(image_tags::tag.eq(tag)).into_boxed();
            let sorted = ordered!(restricted!(tagged, filter), filter, image_tags::uploaded_at, image_tags::image_id);
            sorted.limit(limit).offset(offset).select((images::id, images::format)).load(*c)
        }),
        None => query!(connection, c => {
            let all = restricted!(images::table.into_boxed(), filter);
            let sorted = ordered!(all, filter, images::uploaded_at, images::id);
            sorted.limit(limit).offset(offset).select((images::id, images::format)).load(*c)
        }),
    }
}

/// The images of these matches, in their order, each with its product's name.
fn with_products(connection: &mut Connected<'_>, matches: Vec<Match>) -> Result<Vec<(Image, ProductName)>, Fault> {
    let ids: Vec<ImageKey> = matches.iter().map(|(id, _)| *id).collect();
    let found: Vec<ImageRow> = query!(connection, c => images::table
        .filter(images::id.eq_any(ids.clone()))
        .select(ImageRow::as_select())
        .load(*c))?;
    let mut by_id: HashMap<ImageKey, ImageRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let in_order: Vec<ImageRow> = ids.iter().filter_map(|id| by_id.remove(id)).collect();
    let mut product_ids: Vec<String> = in_order.iter().map(|row| row.product_id.clone()).collect();
    product_ids.sort();
    product_ids.dedup();
    let names: Vec<(String, String)> = query!(connection, c => products::table
        .filter(products::id.eq_any(product_ids))
        .select((products::id, products::name))
        .load(*c))?;
    let names: HashMap<String, String> = names.into_iter().collect();
    let with_name = |image: Image| {
        let name = names.get(image.product_id.as_str()).map(String::as_str).unwrap_or_default();
        let name = parse_name(name)?;
        Ok((image, name))
    };
    rows::complete(connection, in_order)?.into_iter().map(with_name).collect()
}
