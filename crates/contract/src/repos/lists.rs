//! What an `ImageRepo` promises about lists.

use super::{Repos, everything};
use crate::builders::{filename, image, image_id, moment, origin, product_id, tags};
use packshot_domain::image::{Dimensions, Image, ImageFormat, ImageId};
use packshot_domain::ports::image_repo::{ImagePatch, ImageQuery, SortBy, SortOrder, TagChoice};
use packshot_domain::text::{AltText, DisplayOrder};

async fn ids(repos: &Repos, query: &ImageQuery) -> Vec<ImageId> {
    let page = repos.images.list(query).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|(image, _)| image.id).collect()
}

fn numbers(numbers: &[u32]) -> Vec<ImageId> {
    numbers.iter().copied().map(image_id).collect()
}

/// A claim, as it is named.
pub async fn an_empty_database_lists_nothing(repos: &Repos) {
    for query in [
        everything(),
        ImageQuery { product_id: Some(product_id("nobody")), ..everything() },
        ImageQuery { tags: vec!["none".to_owned()], ..everything() },
    ] {
        let page = repos.images.list(&query).await.unwrap();
        assert_eq!((page.items.len(), page.total), (0, 0));
        assert_eq!((page.available_tags.len(), page.available_formats.len()), (0, 0));
    }
}

/// A claim, as it is named.
pub async fn images_come_with_their_products_name(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let first = Image { tags: tags(&["b", "a"]), ..image("p", 1) };
    let second = image("q", 2);
    repos.upload(&first).await;
    repos.upload(&second).await;
    let page = repos.images.list(&everything()).await.unwrap();
    let items: Vec<_> = page.items.into_iter().map(|(image, name)| (image, name.as_str().to_owned())).collect();
    assert_eq!(items, [(second, "Product q".to_owned()), (first, "Product p".to_owned())]);
}

/// Images whose every order differs, with a tie in each but the file name's.
async fn upload_an_assortment(repos: &Repos) {
    repos.put_products(&["p", "q", "B"]).await;
    let row = |product: &str, number: u32, seconds: i64, order: i64, size_bytes: u64, width: u32| Image {
        uploaded_at: moment(seconds),
        order: DisplayOrder::new(order).unwrap(),
        size_bytes,
        dimensions: Dimensions::new(width, 1000).unwrap(),
        tags: tags(&["all"]),
        ..image(product, number)
    };
    for image in [
        row("q", 1, 30, 2, 500, 900),
        row("p", 2, 10, 1, 300, 900),
        row("B", 3, 20, 1, 300, 700),
        row("p", 4, 20, 0, 400, 800),
        row("p", 5, 20, 3, 200, 600),
    ] {
        repos.upload(&image).await;
    }
}

/// The assortment in ascending order.
const ORDERS: [(SortBy, [u32; 5]); 5] = [
    (SortBy::UploadedAt, [2, 3, 4, 5, 1]),
    (SortBy::Order, [4, 2, 3, 1, 5]),
    // By bytes: "B" is before "p".
    (SortBy::Filename, [3, 2, 4, 5, 1]),
    (SortBy::Size, [5, 2, 3, 4, 1]),
    (SortBy::Width, [5, 3, 4, 1, 2]),
];

/// A claim, as it is named.
pub async fn every_order_sorts_both_ways_and_settles_ties_by_id(repos: &Repos) {
    upload_an_assortment(repos).await;
    for (sort_by, order) in ORDERS {
        let ascending = ImageQuery { sort_by, sort_order: SortOrder::Ascending, ..everything() };
        let descending = ImageQuery { sort_by, sort_order: SortOrder::Descending, ..everything() };
        let mut order = numbers(&order);
        assert_eq!(ids(repos, &ascending).await, order, "{sort_by:?}");
        order.reverse();
        assert_eq!(ids(repos, &descending).await, order, "{sort_by:?}");
    }
}

/// A claim, as it is named.
pub async fn a_tags_pages_come_in_every_order(repos: &Repos) {
    upload_an_assortment(repos).await;
    for (sort_by, order) in ORDERS {
        for (sort_order, order) in [
            (SortOrder::Ascending, numbers(&order)),
            (SortOrder::Descending, numbers(&order).into_iter().rev().collect()),
        ] {
            let mut paged = Vec::new();
            for page in 1..=3 {
                let tags = vec!["all".to_owned()];
                let query = ImageQuery { tags, sort_by, sort_order, page, page_size: 2, ..everything() };
                let page = repos.images.list(&query).await.unwrap();
                assert_eq!(page.total, 5);
                paged.extend(page.items.into_iter().map(|(image, _)| image.id));
            }
            assert_eq!(paged, order, "{sort_by:?} {sort_order:?}");
        }
    }
}

/// A claim, as it is named.
pub async fn pages_neither_repeat_nor_skip(repos: &Repos) {
    repos.put_products(&["p"]).await;
    // All of one moment: only the ids tell them apart.
    for number in 1..=11 {
        repos.upload(&Image { uploaded_at: moment(0), ..image("p", number) }).await;
    }
    for product_id in [None, Some(product_id("p"))] {
        let mut seen = Vec::new();
        for page in 1..=4 {
            let query = ImageQuery { product_id: product_id.clone(), page, page_size: 3, ..everything() };
            let page = repos.images.list(&query).await.unwrap();
            assert_eq!(page.total, 11);
            seen.extend(page.items.into_iter().map(|(image, _)| image.id));
        }
        assert_eq!(seen, numbers(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]));
    }
}

/// A claim, as it is named.
pub async fn a_page_after_the_last_is_empty_and_knows_the_total(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&Image { tags: tags(&["a"]), ..image("p", 1) }).await;
    for (page, product_id) in [(2, None), (u32::MAX, None), (u32::MAX, Some(product_id("p")))] {
        let query = ImageQuery { page, product_id, ..everything() };
        let page = repos.images.list(&query).await.unwrap();
        assert_eq!((page.items.len(), page.total, page.available_tags.len()), (0, 1, 1));
    }
}

/// Two products' images in which every filter finds a difference.
async fn upload_a_mixture(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let size = |width, height| Dimensions::new(width, height).unwrap();
    let named = |number, format| filename(&product_id("p"), number, format);
    for image in [
        Image { is_primary: true, tags: tags(&["red", "blue"]), dimensions: size(300, 900), ..image("p", 1) },
        Image { tags: tags(&["red"]), format: ImageFormat::Png, filename: named(2, ImageFormat::Png), ..image("p", 2) },
        Image { dimensions: size(900, 300), alt_text: Some(AltText::parse("Red lamp").unwrap()), ..image("p", 3) },
        Image { is_primary: true, tags: tags(&["blue"]), dimensions: size(5000, 5000), ..image("q", 4) },
    ] {
        repos.upload(&image).await;
    }
}

/// A claim, as it is named.
pub async fn each_filter_narrows(repos: &Repos) {
    upload_a_mixture(repos).await;
    let all = everything();
    let tagged = |tag: &str| ImageQuery { tags: vec![tag.to_owned()], ..everything() };
    let cases: [(ImageQuery, &[u32]); 16] = [
        (all.clone(), &[4, 3, 2, 1]),
        (ImageQuery { product_id: Some(product_id("p")), ..all.clone() }, &[3, 2, 1]),
        (ImageQuery { is_primary: Some(true), ..all.clone() }, &[4, 1]),
        (ImageQuery { is_primary: Some(false), ..all.clone() }, &[3, 2]),
        (tagged("red"), &[2, 1]),
        (tagged("Red"), &[]),
        (tagged("re"), &[]),
        (tagged("\0"), &[]),
        (ImageQuery { format: Some(ImageFormat::Png), ..all.clone() }, &[2]),
        (ImageQuery { format: Some(ImageFormat::WebP), ..all.clone() }, &[]),
        (ImageQuery { min_width: Some(900), ..all.clone() }, &[4, 3, 2]),
        (ImageQuery { min_height: Some(901), ..all.clone() }, &[4, 2]),
        (ImageQuery { min_width: Some(u32::MAX), ..all.clone() }, &[]),
        (ImageQuery { uploaded_after: Some(moment(3)), ..all.clone() }, &[4, 3]),
        (ImageQuery { uploaded_before: Some(moment(2)), ..all.clone() }, &[2, 1]),
        (ImageQuery { search: Some("lamp".to_owned()), ..all.clone() }, &[3]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(repos, &query).await, numbers(expected), "{query:?}");
    }
}

/// A claim, as it is named.
pub async fn filters_combine(repos: &Repos) {
    upload_a_mixture(repos).await;
    let all = everything();
    let red = ImageQuery { tags: vec!["red".to_owned()], ..everything() };
    let cases: [(ImageQuery, &[u32]); 8] = [
        (ImageQuery { product_id: Some(product_id("p")), is_primary: Some(true), ..all.clone() }, &[1]),
        (ImageQuery { format: Some(ImageFormat::Png), ..red.clone() }, &[2]),
        (ImageQuery { product_id: Some(product_id("p")), ..red.clone() }, &[2, 1]),
        (ImageQuery { product_id: Some(product_id("q")), ..red.clone() }, &[]),
        (ImageQuery { min_height: Some(1000), is_primary: Some(false), ..red.clone() }, &[2]),
        (ImageQuery { search: Some("photo".to_owned()), uploaded_after: Some(moment(2)), ..red }, &[2]),
        (ImageQuery { min_width: Some(900), min_height: Some(900), is_primary: Some(true), ..all.clone() }, &[4]),
        (ImageQuery { uploaded_after: Some(moment(2)), uploaded_before: Some(moment(3)), ..all }, &[3, 2]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(repos, &query).await, numbers(expected), "{query:?}");
    }
}

/// A claim, as it is named.
pub async fn times_include_their_moment(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&image("p", 1)).await;
    let microsecond = chrono::TimeDelta::microseconds(1);
    for (after, before, total) in [
        (moment(1), moment(1), 1),
        (moment(1) + microsecond, moment(2), 0),
        (moment(0), moment(1) - microsecond, 0),
        (moment(1) - microsecond, moment(1) + microsecond, 1),
    ] {
        let query = ImageQuery { uploaded_after: Some(after), uploaded_before: Some(before), ..everything() };
        assert_eq!(repos.images.list(&query).await.unwrap().total, total, "{after} {before}");
    }
}

/// A claim, as it is named.
pub async fn an_image_must_carry_every_tag(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    for (product, number, names) in
        [("p", 1, &["a", "b", "c"][..]), ("p", 2, &["a", "b"]), ("p", 3, &["c"]), ("q", 4, &["b", "c", "a"])]
    {
        repos.upload(&Image { tags: tags(names), ..image(product, number) }).await;
    }
    let query =
        |names: &[&str]| ImageQuery { tags: names.iter().map(|&name| name.to_owned()).collect(), ..everything() };
    assert_eq!(ids(repos, &query(&["a", "b"])).await, numbers(&[4, 2, 1]));
    assert_eq!(ids(repos, &query(&["c", "a", "b"])).await, numbers(&[4, 1]));
    assert_eq!(ids(repos, &query(&["a", "a"])).await, numbers(&[4, 2, 1]));
    assert_eq!(ids(repos, &query(&["a", "nobody"])).await, []);
    let of_product = ImageQuery { product_id: Some(product_id("p")), ..query(&["a", "c"]) };
    assert_eq!(ids(repos, &of_product).await, numbers(&[1]));
}

/// A claim, as it is named.
pub async fn a_text_with_a_comma_is_one_tag_or_several(repos: &Repos) {
    repos.put_products(&["p"]).await;
    for (number, names) in [(1, &["red, blue"][..]), (2, &["red", "blue"]), (3, &["red"]), (4, &["red, blue", "red"])] {
        repos.upload(&Image { tags: tags(names), ..image("p", number) }).await;
    }
    let choice = |whole: &str, parts: &[&str]| TagChoice {
        whole: whole.to_owned(),
        parts: parts.iter().map(|&part| part.to_owned()).collect(),
    };
    let all = everything();
    let query = |tag_choices: Vec<TagChoice>| ImageQuery { tag_choices, ..all.clone() };
    let either = choice("red, blue", &["red", "blue"]);
    assert_eq!(ids(repos, &query(vec![either.clone()])).await, numbers(&[4, 2, 1]));
    assert_eq!(ids(repos, &query(vec![choice("red,blue", &["red", "blue"])])).await, numbers(&[2]));
    assert_eq!(ids(repos, &query(vec![either.clone(), choice("red,", &["red"])])).await, numbers(&[4, 2]));
    let with_red = ImageQuery { tags: vec!["red".to_owned()], ..query(vec![either.clone()]) };
    assert_eq!(ids(repos, &with_red).await, numbers(&[4, 2]));
    let of_product = ImageQuery { product_id: Some(product_id("p")), ..query(vec![either]) };
    assert_eq!(ids(repos, &of_product).await, numbers(&[4, 2, 1]));
    let exactly = ImageQuery { tags: vec!["red, blue".to_owned()], ..everything() };
    assert_eq!(ids(repos, &exactly).await, numbers(&[4, 1]));
}

/// A claim, as it is named.
pub async fn available_are_the_tags_and_formats_of_what_matches(repos: &Repos) {
    upload_a_mixture(repos).await;
    let all = everything();
    let of = |query: ImageQuery| async move {
        let page = repos.images.list(&query).await.unwrap();
        (page.available_tags.join(" "), page.available_formats)
    };
    let both = vec![ImageFormat::Jpeg, ImageFormat::Png];
    let jpeg = vec![ImageFormat::Jpeg];
    let png = vec![ImageFormat::Png];
    // The page does not matter, the filter does.
    assert_eq!(of(ImageQuery { page_size: 1, ..all.clone() }).await, ("blue red".to_owned(), both.clone()));
    let p = ImageQuery { product_id: Some(product_id("p")), page_size: 1, ..all.clone() };
    assert_eq!(of(p).await, ("blue red".to_owned(), both));
    let q = ImageQuery { product_id: Some(product_id("q")), ..all.clone() };
    assert_eq!(of(q).await, ("blue".to_owned(), jpeg.clone()));
    assert_eq!(of(ImageQuery { format: Some(ImageFormat::Png), ..all.clone() }).await, ("red".to_owned(), png));
    let blue = ImageQuery { tags: vec!["blue".to_owned()], ..all.clone() };
    assert_eq!(of(blue).await, ("blue red".to_owned(), jpeg.clone()));
    assert_eq!(of(ImageQuery { search: Some("lamp".to_owned()), ..all }).await, (String::new(), jpeg));
}

/// A claim, as it is named.
pub async fn available_tags_are_sorted_and_at_most_100(repos: &Repos) {
    repos.put_products(&["p"]).await;
    for number in 1..=11 {
        let names: Vec<String> = (0..10).map(|n| format!("t{:03}", 110 - (number * 10 - n))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        repos.upload(&Image { tags: tags(&names), ..image("p", number) }).await;
    }
    let first_100: Vec<String> = (0..100).map(|n| format!("t{n:03}")).collect();
    for product_id in [None, Some(product_id("p"))] {
        let query = ImageQuery { product_id, ..everything() };
        assert_eq!(repos.images.list(&query).await.unwrap().available_tags, first_100);
    }
    // By bytes, as everything else.
    repos.upload(&Image { tags: tags(&["B", "é"]), ..image("p", 12) }).await;
    assert_eq!(repos.images.list(&everything()).await.unwrap().available_tags[..2], ["B", "t000"]);
}

/// A claim, as it is named.
pub async fn counts_follow_edits_and_deletions(repos: &Repos) {
    upload_a_mixture(repos).await;
    let patch = ImagePatch { tags: Some(tags(&["green", "red"])), ..ImagePatch::default() };
    repos.images.update(image_id(1), &patch, &origin(0)).await.unwrap();
    repos.images.delete(image_id(2), &origin(50)).await.unwrap();
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!((page.total, page.available_tags.join(" ").as_str()), (3, "blue green red"));
    assert_eq!(page.available_formats, [ImageFormat::Jpeg]);
    for (tag, total) in [("red", 1), ("green", 1), ("blue", 1), ("gone", 0)] {
        let query = ImageQuery { tags: vec![tag.to_owned()], ..everything() };
        assert_eq!(repos.images.list(&query).await.unwrap().total, total, "{tag}");
    }
    let png = ImageQuery { format: Some(ImageFormat::Png), ..everything() };
    assert_eq!(repos.images.list(&png).await.unwrap().total, 0);
    repos.images.delete_product(&product_id("p"), &origin(50)).await.unwrap();
    let page = repos.images.list(&everything()).await.unwrap();
    assert_eq!((page.total, page.available_tags.join(" ").as_str()), (1, "blue"));
}
