//! Lists of images in memory: filtered and sorted the plain way.

use super::{State, page};
use packshot_domain::image::{Image, ImageFormat};
use packshot_domain::ports::image_repo::{ImagePage, ImageQuery, SortBy, SortOrder};
use packshot_domain::text::{AltText, Caption};
use packshot_domain::unicode::caseless;
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub(super) fn list(state: &State, query: &ImageQuery) -> ImagePage {
    let mut found: Vec<&Image> = state.images.values().filter(|image| matches(image, query)).collect();
    found.sort_by(|a, b| {
        let order = compare(a, b, query.sort_by).then(a.id.cmp(&b.id));
        if query.sort_order == SortOrder::Ascending { order } else { order.reverse() }
    });
    let tags: BTreeSet<&String> = found.iter().flat_map(|image| image.tags.as_slice()).collect();
    let has = |format: &ImageFormat| found.iter().any(|image| image.format == *format);
    let with_name =
        |image: &&Image| state.products.get(&image.product_id).map(|product| ((*image).clone(), product.name.clone()));
    ImagePage {
        items: page(found.iter(), query.page, query.page_size).into_iter().filter_map(with_name).collect(),
        total: found.len() as u64,
        available_tags: tags.into_iter().take(100).cloned().collect(),
        available_formats: ImageFormat::ALL.into_iter().filter(has).collect(),
    }
}

fn matches(image: &Image, query: &ImageQuery) -> bool {
    let at_least = |limit: Option<u32>, side: u32| limit.is_none_or(|limit| side >= limit);
    query.product_id.as_ref().is_none_or(|product| image.product_id == *product)
        && query.is_primary.is_none_or(|is_primary| image.is_primary == is_primary)
        && carries_all(image, &query.tags)
        && query.tag_choices.iter().all(|choice| carries(image, &choice.whole) || carries_all(image, &choice.parts))
        && query.format.is_none_or(|format| image.format == format)
        && at_least(query.min_width, image.dimensions.width())
        && at_least(query.min_height, image.dimensions.height())
        && query.uploaded_after.is_none_or(|after| image.uploaded_at >= after)
        && query.uploaded_before.is_none_or(|before| image.uploaded_at <= before)
        && query.search.as_ref().is_none_or(|search| contains(image, &caseless(search)))
}

fn carries(image: &Image, tag: &String) -> bool {
    image.tags.as_slice().contains(tag)
}

fn carries_all(image: &Image, tags: &[String]) -> bool {
    tags.iter().all(|tag| carries(image, tag))
}

fn contains(image: &Image, search: &str) -> bool {
    let optional = [image.alt_text.as_ref().map(AltText::as_str), image.caption.as_ref().map(Caption::as_str)];
    let always = [image.filename.as_str(), image.original_name.as_str()];
    always.into_iter().chain(optional.into_iter().flatten()).any(|text| caseless(text).contains(search))
}

fn compare(a: &Image, b: &Image, by: SortBy) -> Ordering {
    match by {
        SortBy::UploadedAt => a.uploaded_at.cmp(&b.uploaded_at),
        SortBy::Order => a.order.cmp(&b.order),
        SortBy::Filename => a.filename.cmp(&b.filename),
        SortBy::Size => a.size_bytes.cmp(&b.size_bytes),
        SortBy::Width => a.dimensions.width().cmp(&b.dimensions.width()),
    }
}
