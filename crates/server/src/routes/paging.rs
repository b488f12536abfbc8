//! Query parameters and pages, for every list.
//!
//! Owns how a query is read (each parameter once, all faults at once, as a 400) and the members that
//! every page has.

use crate::openapi::schemas::{MimeType, Tag};
use crate::problem::{Problem, Slug};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The most that a `page_size` may be.
const MAX_PAGE_SIZE: u32 = 100;
const DEFAULT_PAGE_SIZE: u32 = 20;
/// The longest text to search for, in characters as they were sent.
const MAX_SEARCH_CHARS: usize = 100;
/// The largest `page`, and the largest of the other numbers that have no bound of their own.
const MAX_NUMBER: u32 = u32::MAX;

/// The parameters of a query, read one by one; what was wrong with them is collected.
pub(crate) struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    errors: Vec<(String, String)>,
}

impl Parameters {
    /// The parameters of this query string; names that are never asked for are ignored.
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            values.entry(name).or_default().push(value);
        }
        Self { values, errors: Vec::new() }
    }

    /// Every value of `name`.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.values.remove(name).unwrap_or_default()
    }

    /// The one value of `name`, as `parse` reads it; `message` says what it must be.
    pub(crate) fn one<T>(&mut self, name: &str, message: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let values = self.all(name);
        match values.as_slice() {
            [] => None,
            [text] => {
                let parsed = parse(text.trim());
                if parsed.is_none() {
                    self.fault(name, message);
                }
                parsed
            }
            _ => {
                self.fault(name, "must be given once");
                None
            }
        }
    }

    /// An integer from 1 to [`MAX_NUMBER`].
    pub(crate) fn positive(&mut self, name: &str) -> Option<u32> {
        self.whole(name, MAX_NUMBER)
    }

    fn whole(&mut self, name: &str, max: u32) -> Option<u32> {
        let message = format!("must be an integer from 1 to {max}");
        self.one(name, &message, |text| integer(text).filter(|number| (1..=max).contains(number)))
    }

    /// Text to search for.
    pub(crate) fn search(&mut self) -> Option<String> {
        let message = format!("must be at most {MAX_SEARCH_CHARS} characters");
        let short = |text: &str| (text.chars().count() <= MAX_SEARCH_CHARS).then(|| text.to_owned());
        let text = self.one("search", &message, short);
        text.filter(|text| !text.is_empty())
    }

    /// `page` and `page_size`.
    pub(crate) fn page(&mut self) -> (u32, u32) {
        let page = self.positive("page").unwrap_or(1);
        (page, self.whole("page_size", MAX_PAGE_SIZE).unwrap_or(DEFAULT_PAGE_SIZE))
    }

    /// Notes that `name` is no good.
    pub(crate) fn fault(&mut self, name: &str, message: &str) {
        self.errors.push((name.to_owned(), message.to_owned()));
    }

    /// A 400 with every fault, if there was one.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.errors.iter().map(|(name, _)| name.as_str()).collect();
        let detail = format!("Invalid query parameters: {}.", names.join(", "));
        Err(Problem::fields(Slug::BadRequest, detail, self.errors.iter().map(|(name, message)| (name, message))))
    }
}

/// Decimal digits as a number.
fn integer(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Page)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageResponse<T> {
    /// At most `pageSize`.
    items: Vec<T>,
    /// How many there are on all pages.
    total: u64,
    /// This page's number.
    #[schema(minimum = 1, format = Int64)]
    page: u32,
    /// As asked for.
    #[schema(minimum = 1, maximum = 100)]
    page_size: u32,
    /// 0 when nothing was found.
    total_pages: u64,
    /// Whether there is a page after this one.
    has_next: bool,
    /// Whether there is a page before this one.
    has_prev: bool,
    /// With images only.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<FiltersResponse>,
}

/// What was and what could be filtered by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Filters)]
pub(crate) struct FiltersResponse {
    /// What was asked for, by the parameters' names.
    #[schema(value_type = Object)]
    pub(crate) applied: Map<String, Value>,
    /// What could be asked for.
    pub(crate) available: AvailableResponse,
}

/// Values that images found carry; beyond 300 images (2000 of one product), those of the first of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AvailableFilters)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AvailableResponse {
    /// At most 100 tags.
    #[schema(value_type = Vec<Tag>, max_items = 100)]
    pub(crate) tags: Vec<String>,
    /// Media types.
    #[schema(value_type = Vec<MimeType>)]
    pub(crate) mime_types: Vec<&'static str>,
}

impl<T> PageResponse<T> {
    /// The page `page` of `page_size` items each, where `total` match.
    pub(crate) fn new(items: Vec<T>, total: u64, page: u32, page_size: u32, filters: Option<FiltersResponse>) -> Self {
        let total_pages = total.div_ceil(u64::from(page_size));
        Self {
            items,
            total,
            page,
            page_size,
            total_pages,
            has_next: u64::from(page) < total_pages,
            has_prev: page > 1,
            filters,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        Parameters::new(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn every_fault_is_named() {
        let mut bad =
            parameters(&[("page", "0"), ("page_size", "101"), ("search", &"x".repeat(101)), ("min_width", "-1")]);
        let _ = (bad.page(), bad.search(), bad.positive("min_width"));
        let problem = bad.finish().unwrap_err();
        let fields: Vec<_> =
            problem.extensions["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
        assert_eq!(fields, ["page", "page_size", "search", "min_width"]);
    }

    #[test]
    fn every_bound_of_a_number_is_the_last_that_is_taken() {
        for (name, good, bad) in [
            ("page", "4294967295", ["4294967296", "9223372036854775807", "18446744073709551616", "0"]),
            ("page_size", "100", ["101", "4294967296", "-1", "1e2"]),
            ("min_width", "4294967295", ["4294967296", "+1", "1.0", ""]),
        ] {
            let read = |value: &str| {
                let mut one = parameters(&[(name, value)]);
                let _ = (one.page(), one.positive("min_width"));
                one.finish()
            };
            assert!(read(good).is_ok(), "{name}={good}");
            for value in bad.into_iter().chain(["1\u{663}", &"9".repeat(5000)]) {
                assert!(read(value).is_err(), "{name}={value}");
            }
        }
    }

    #[test]
    fn a_single_parameter_given_twice_is_a_fault() {
        let mut twice = parameters(&[("page", "1"), ("page", "2")]);
        let _ = twice.page();
        assert!(twice.finish().is_err());
    }

    #[test]
    fn pages_know_their_neighbours() {
        let page = |page, total| {
            let response = PageResponse::<()>::new(Vec::new(), total, page, 20, None);
            (response.total_pages, response.has_next, response.has_prev)
        };
        assert_eq!(page(1, 0), (0, false, false));
        assert_eq!(page(1, 20), (1, false, false));
        assert_eq!(page(1, 21), (2, true, false));
        assert_eq!(page(2, 21), (2, false, true));
        assert_eq!(page(9, 21), (2, false, true));
    }
}
