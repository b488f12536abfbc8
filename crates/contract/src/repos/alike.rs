//! What every adapter answers alike: generated lists and searches, compared with the plain way of the fake.
//!
//! Owns the generator: the same data and questions each time, so that a failure can be looked at again.

use super::Repos;
use crate::builders::{filename, image, moment, origin, product_id, product_name};
use crate::fakes::MemoryDatabase;
use chrono::{DateTime, TimeDelta, Utc};
use packshot_domain::image::{Dimensions, Image, ImageFormat};
use packshot_domain::ports::image_repo::{ImageQuery, SortBy, SortOrder, TagChoice};
use packshot_domain::ports::product_repo::ProductQuery;
use packshot_domain::text::{AltText, Caption, DisplayOrder, OriginalName, Tags};

/// So many images, fewer than an adapter looks at for the available tags.
const IMAGES: u32 = 80;
const QUESTIONS: u32 = 600;

/// Ids that are prefixes of others or differ in case; names follow [`PARTS`].
const PRODUCTS: [&str; 6] = ["a", "A", "a_b", "a-b", "ab", "Zz"];

/// What texts and searches are made of: wildcards, escapes, quotes, cases beyond ASCII, both spellings of marks, marks
/// alone, ligatures, scripts of every kind and direction, invisible characters, and characters beyond 16 bits.
const PARTS: [&str; 56] = [
    "a",
    "A",
    "b",
    "ab",
    " ",
    "  ",
    "%",
    "_",
    "\\",
    "\\\\",
    "'",
    "\"",
    "*",
    "?",
    "[a]",
    "é",
    "e\u{301}",
    "É",
    "E\u{301}",
    "ß",
    "ẞ",
    "ss",
    "SS",
    "ſ",
    "Σ",
    "σ",
    "ς",
    "i",
    "İ",
    "ı",
    "I",
    "i\u{307}",
    "ﬁ",
    "fi",
    "ŉ",
    "Å",
    "\u{212b}",
    "K",
    "\u{301}",
    "\u{345}",
    "ᾳ",
    "ΑΙ",
    "東京",
    "각",
    "\u{1100}\u{1161}\u{11a8}",
    "שלום",
    "عربى",
    "\u{202e}",
    "\u{200d}",
    "👩🏽‍🚀",
    "𝒜",
    "\u{fffd}",
    "½",
    "m²",
    "ＡＢ",
    "Ꭰꭰ",
];
/// What a search may hold besides, and no text does.
const CONTROLS: [&str; 6] = ["\0", "\n", "\u{1}", "\u{2}", "\u{7f}", "\u{85}"];

/// Tags that differ in case, in the spelling of marks, or in what else a query could take them for.
const TAGS: [&str; 18] = [
    "red",
    "Red",
    "blue",
    "red, blue",
    "red,blue",
    "café",
    "cafe",
    "CAFÉ",
    "a\\b",
    "a\\",
    "%",
    "_",
    "'",
    "ß",
    "ẞ",
    "東京",
    "👩🏽‍🚀",
    "\u{202e}",
];

/// A sequence of choices that is always the same (SplitMix64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(end)) as u32
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u32) as usize]
    }

    /// `some` once in `often` times.
    fn maybe<T>(&mut self, often: u32, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(often) == 0).then(|| some(self))
    }

    fn text(&mut self, most: u32) -> String {
        (0..self.below(most + 1)).map(|_| self.one_of(&PARTS)).collect()
    }

    fn search(&mut self) -> String {
        let mut search = self.text(3);
        search.push_str(self.maybe(12, |choices| choices.one_of(&CONTROLS)).unwrap_or_default());
        search
    }

    fn tags(&mut self, most: u32) -> Vec<String> {
        (0..self.below(most + 1)).map(|_| self.one_of(&TAGS).to_owned()).collect()
    }

    /// One of few moments, so that there are ties and differences of a microsecond.
    fn moment(&mut self) -> DateTime<Utc> {
        moment(i64::from(self.below(4))) + TimeDelta::microseconds(i64::from(self.below(3)) - 1)
    }

    fn any_moment(&mut self) -> DateTime<Utc> {
        let ends = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"];
        let end = self.maybe(6, |choices| choices.one_of(&ends));
        end.map_or_else(|| self.moment(), |end| end.parse().unwrap())
    }

    fn side(&mut self) -> u32 {
        self.one_of(&[300, 301, 640, 5000])
    }

    fn image(&mut self, number: u32) -> Image {
        let product = self.one_of(&PRODUCTS);
        let format = self.one_of(&ImageFormat::ALL);
        // Numbers in no order, as uploads come from many instances.
        let number = number * 37 % 101;
        Image {
            filename: filename(&product_id(product), number, format),
            format,
            original_name: OriginalName::from_client(&self.text(4)),
            size_bytes: self.one_of(&[1, 2, 5_000_000]),
            dimensions: Dimensions::new(self.side(), self.side()).unwrap(),
            is_primary: self.below(4) == 0,
            alt_text: self.maybe(2, |choices| AltText::parse(&choices.text(4)).unwrap()),
            caption: self.maybe(2, |choices| Caption::parse(&choices.text(6)).unwrap()),
            order: DisplayOrder::new(self.one_of(&[0, 1, 2_147_483_647])).unwrap(),
            tags: Tags::parse(self.tags(4)).unwrap(),
            uploaded_at: self.moment(),
            ..image(product, number)
        }
    }

    fn page(&mut self) -> (u32, u32) {
        (self.one_of(&[1, 1, 1, 2, 3, 40, u32::MAX]), self.one_of(&[1, 2, 3, 20, 100]))
    }

    fn query(&mut self) -> ImageQuery {
        let (page, page_size) = self.page();
        let sorts = [SortBy::UploadedAt, SortBy::Order, SortBy::Filename, SortBy::Size, SortBy::Width];
        ImageQuery {
            product_id: self.maybe(4, |choices| product_id(choices.one_of(&PRODUCTS))),
            is_primary: self.maybe(4, |choices| choices.below(2) == 0),
            tags: self.maybe(3, |choices| choices.tags(2)).unwrap_or_default(),
            tag_choices: self.maybe(4, Self::tag_choice).into_iter().collect(),
            format: self.maybe(6, |choices| choices.one_of(&ImageFormat::ALL)),
            min_width: self.maybe(6, |choices| choices.one_of(&[1, 301, 641, 5000, u32::MAX])),
            min_height: self.maybe(6, |choices| choices.one_of(&[1, 301, 641, 5000, u32::MAX])),
            uploaded_after: self.maybe(5, Self::any_moment),
            uploaded_before: self.maybe(5, Self::any_moment),
            search: self.maybe(2, Self::search),
            sort_by: self.one_of(&sorts),
            sort_order: self.one_of(&[SortOrder::Ascending, SortOrder::Descending]),
            page,
            page_size,
        }
    }

    fn tag_choice(&mut self) -> TagChoice {
        let mut parts = vec![self.one_of(&["red", "café", "nobody's"]).to_owned()];
        parts.extend(self.maybe(2, |_| "blue".to_owned()));
        TagChoice { whole: self.one_of(&["red, blue", "red,blue", "café,", "none, such"]).to_owned(), parts }
    }
}

/// `repos` and the fake with the same products.
async fn with_products(repos: &Repos, choices: &mut Choices) -> Repos {
    let fake = Repos::new(MemoryDatabase::default(), ());
    for id in PRODUCTS {
        let name = format!("x{}", choices.text(5));
        for to in [repos, &fake] {
            to.products.put(&product_id(id), &product_name(&name), &origin(0)).await.unwrap();
        }
    }
    fake
}

/// A claim, as it is named.
pub async fn any_list_of_images_is_that_of_the_plain_way(repos: &Repos) {
    let mut choices = Choices(0x7061_636b);
    let fake = with_products(repos, &mut choices).await;
    for number in 1..=IMAGES {
        let image = choices.image(number);
        repos.upload(&image).await;
        fake.upload(&image).await;
    }
    let mut found = 0;
    for _ in 0..QUESTIONS {
        let query = choices.query();
        let expected = fake.images.list(&query).await.unwrap();
        assert_eq!(repos.images.list(&query).await.unwrap(), expected, "{query:?}");
        found += u32::from(expected.total > 0);
    }
    // Neither all nor nothing, or nothing was compared.
    assert!(found > QUESTIONS / 5 && found < QUESTIONS, "{found}");
}

/// A claim, as it is named.
pub async fn any_list_of_products_is_that_of_the_plain_way(repos: &Repos) {
    let mut choices = Choices(0x7368_6f74);
    let fake = with_products(repos, &mut choices).await;
    for _ in 0..QUESTIONS {
        let (page, page_size) = choices.page();
        let query = ProductQuery { search: choices.maybe(1, Choices::search), page, page_size };
        let expected = fake.products.list(&query).await.unwrap();
        assert_eq!(repos.products.list(&query).await.unwrap(), expected, "{query:?}");
    }
}
