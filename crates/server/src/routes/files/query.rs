//! The query of `GET /files`.
//!
//! Owns the parameters' names and spellings; refuses to know how rows are found.
//!
//! Its surprising rule: answers show whole seconds, so `uploaded_before` without a fraction reaches to
//! the end of its second. A time copied from an answer then finds its image.

use crate::problem::Problem;
use crate::routes::files::tags::TagsQuery;
use crate::routes::moment::{FORMS, moment};
use crate::routes::paging::Parameters;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_repo::{ImageQuery, SortBy, SortOrder};
use packshot_domain::product::ProductId;
use serde_json::{Map, Value, json};

/// What was asked for.
pub(crate) struct ListRequest {
    /// Which images; of any product when `impossible_product` is set, which is then the answer.
    pub(crate) query: ImageQuery,
    /// Whether to show each image's variants.
    pub(crate) include_variants: bool,
    /// The filters in use, for `filters.applied`.
    pub(crate) applied: Map<String, Value>,
    /// A `productId` that is the id of no product.
    pub(crate) impossible_product: Option<String>,
}

impl ListRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// A 400 that names every bad one.
    pub(crate) fn parse(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut parameters = Parameters::new(pairs);
        let mut applied = Map::new();
        let product =
            parameters.one("productId", "must not be empty", |text| (!text.is_empty()).then(|| text.to_owned()));
        let product_id = product.as_deref().and_then(|text| ProductId::parse(text).ok());
        let impossible_product = product.clone().filter(|_| product_id.is_none());
        let is_primary = parameters.one("is_primary", "must be true or false", flag);
        let tags = TagsQuery::read(&mut parameters);
        let message = "must be image/jpeg, image/png or image/webp";
        let format = parameters.one("mime_type", message, ImageFormat::from_mime_type);
        let min_width = parameters.positive("min_width");
        let min_height = parameters.positive("min_height");
        let uploaded_after = parameters.one("uploaded_after", FORMS, moment);
        let uploaded_before = parameters.one("uploaded_before", FORMS, moment).map(end_of_second);
        let search = parameters.search();
        let message = "must be uploaded_at, order, filename, size or width";
        let sort_by = parameters.one("sort_by", message, sort_by).unwrap_or(SortBy::UploadedAt);
        let sort_order =
            parameters.one("sort_order", "must be asc or desc", sort_order).unwrap_or(SortOrder::Descending);
        let include_variants = parameters.one("include_variants", "must be true or false", flag).unwrap_or(false);
        let (page, page_size) = parameters.page();
        parameters.finish()?;

        let mut apply = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                applied.insert(name.to_owned(), value);
            }
        };
        apply("productId", product.map(Value::from));
        apply("is_primary", is_primary.map(Value::from));
        apply("tags", (!tags.listed.is_empty()).then(|| json!(tags.listed)));
        apply("mime_type", format.map(|format| format.mime_type().into()));
        apply("min_width", min_width.map(Value::from));
        apply("min_height", min_height.map(Value::from));
        apply("uploaded_after", uploaded_after.map(shown));
        apply("uploaded_before", uploaded_before.map(shown));
        apply("search", search.clone().map(Value::from));
        let query = ImageQuery {
            product_id,
            is_primary,
            tags: tags.tags,
            tag_choices: tags.choices,
            format,
            min_width,
            min_height,
            uploaded_after,
            uploaded_before,
            search,
            sort_by,
            sort_order,
            page,
            page_size,
        };
        Ok(Self { query, include_variants, applied, impossible_product })
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn sort_by(text: &str) -> Option<SortBy> {
    match text {
        "uploaded_at" => Some(SortBy::UploadedAt),
        "order" => Some(SortBy::Order),
        "filename" => Some(SortBy::Filename),
        "size" => Some(SortBy::Size),
        "width" => Some(SortBy::Width),
        _ => None,
    }
}

fn sort_order(text: &str) -> Option<SortOrder> {
    match text {
        "asc" => Some(SortOrder::Ascending),
        "desc" => Some(SortOrder::Descending),
        _ => None,
    }
}

fn end_of_second(time: DateTime<Utc>) -> DateTime<Utc> {
    if time.nanosecond() == 0 { time + TimeDelta::microseconds(999_999) } else { time }
}

fn shown(time: DateTime<Utc>) -> Value {
    super::response::timestamp(time).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListRequest, Problem> {
        ListRequest::parse(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn nothing_asked_for_means_the_newest_twenty() {
        let query = parse(&[]).unwrap().query;
        assert_eq!((query.sort_by, query.sort_order), (SortBy::UploadedAt, SortOrder::Descending));
        assert_eq!((query.page, query.page_size), (1, 20));
    }

    #[test]
    fn the_tags_in_use_are_those_listed() {
        let request = parse(&[("tags", "a, b"), ("tags", "c")]).unwrap();
        assert_eq!(request.query.tags, ["c"]);
        assert_eq!(request.applied["tags"], json!(["a", "b", "c"]));
    }

    #[test]
    fn a_bad_moment_is_told_with_the_forms_that_are_taken() {
        for (name, bad) in [("uploaded_after", "-9999-01-01"), ("uploaded_before", "yesterday")] {
            let problem = parse(&[(name, bad)]).err().unwrap();
            assert_eq!(problem.extensions["errors"], json!([{"field": name, "message": FORMS}]));
        }
    }

    #[test]
    fn a_time_copied_from_an_answer_reaches_to_the_end_of_its_second() {
        let before = parse(&[("uploaded_before", "2024-01-15T10:30:00Z")]).unwrap().query.uploaded_before.unwrap();
        assert_eq!(before.timestamp_subsec_micros(), 999_999);
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let problem = parse(&[
            ("is_primary", "yes"),
            ("mime_type", "image/gif"),
            ("min_width", "0"),
            ("uploaded_after", "x"),
            ("sort_by", "id"),
            ("sort_order", "up"),
            ("include_variants", "x"),
            ("page", "x"),
        ])
        .err()
        .unwrap();
        assert_eq!(problem.extensions["errors"].as_array().unwrap().len(), 8);
    }
}
