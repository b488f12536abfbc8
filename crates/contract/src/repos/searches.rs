//! What an `ImageRepo` promises about searching.

use super::{Repos, everything};
use crate::builders::{image, image_id};
use packshot_domain::image::Image;
use packshot_domain::ports::image_repo::ImageQuery;
use packshot_domain::text::{AltText, Caption, OriginalName};

const NOTHING: [u32; 0] = [];

async fn found(repos: &Repos, search: &str) -> Vec<u32> {
    let query = ImageQuery { search: Some(search.to_owned()), ..everything() };
    let page = repos.images.list(&query).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    let number = |image: &Image| (1..100).find(|number| image_id(*number) == image.id).unwrap();
    let mut numbers: Vec<u32> = page.items.iter().map(|(image, _)| number(image)).collect();
    numbers.sort_unstable();
    numbers
}

fn texts(number: u32, name: &str, alt_text: &str, caption: &str) -> Image {
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Image {
        original_name: OriginalName::from_client(name),
        alt_text: optional(alt_text).map(|text| AltText::parse(&text).unwrap()),
        caption: optional(caption).map(|text| Caption::parse(&text).unwrap()),
        ..image("p", number)
    }
}

/// A claim, as it is named.
pub async fn a_search_looks_into_four_fields(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "IMG_0042.JPG", "", "")).await;
    repos.upload(&texts(2, "a.jpg", "A brass lamp", "")).await;
    repos.upload(&texts(3, "b.jpg", "", "Lamps of 1920")).await;
    assert_eq!(found(repos, "img_0042").await, [1]);
    assert_eq!(found(repos, "LAMP").await, [2, 3]);
    assert_eq!(found(repos, "lamps of").await, [3]);
    // The server's own file name, "p_000000000002.jpg".
    assert_eq!(found(repos, "000002").await, [2]);
    assert_eq!(found(repos, "").await, [1, 2, 3]);
    assert_eq!(found(repos, "ada").await, NOTHING);
}

/// A claim, as it is named.
pub async fn a_search_ignores_case_beyond_ascii(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "a.jpg", "GRÜNE Straße", "")).await;
    repos.upload(&texts(2, "b.jpg", "Сумка ΣΊΣΥΦΟΣ", "")).await;
    assert_eq!(found(repos, "grüne strasse").await, [1]);
    assert_eq!(found(repos, "GRÜNE").await, [1]);
    assert_eq!(found(repos, "СУМКА").await, [2]);
    assert_eq!(found(repos, "σίσυφος").await, [2]);
    assert_eq!(found(repos, "grune").await, NOTHING);
}

/// A claim, as it is named.
pub async fn a_search_finds_what_is_the_same_text_in_other_code_points(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "Ku\u{308}chenstu\u{308}hle e\u{301}.jpg", "GROẞE STRAẞE", "İstanbul ﬁne")).await;
    for search in ["Küchenstühle", "KÜCHENSTÜHLE", "ku\u{308}chen", "é.jpg", "große straße", "GROSSE STRASSE", "STRAẞE"]
    {
        assert_eq!(found(repos, search).await, [1], "{search}");
    }
    for search in ["istanbul", "ISTANBUL", "FINE"] {
        assert_eq!(found(repos, search).await, [1], "{search}");
    }
    for search in ["kuchen", "grobe", "\u{308}"] {
        assert_eq!(found(repos, search).await, NOTHING, "{search}");
    }
    let image = repos.images.find(image_id(1)).await.unwrap().unwrap();
    assert_eq!(image.original_name.as_str(), "Ku\u{308}chenstu\u{308}hle e\u{301}.jpg", "as it was sent");
}

/// A claim, as it is named.
pub async fn wildcards_and_backslashes_are_literal(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "a.jpg", "100% wool", "")).await;
    repos.upload(&texts(2, "b.jpg", "1000 wool", r"C:\wool")).await;
    repos.upload(&texts(3, "c.jpg", "snake_case 'quoted'", "")).await;
    assert_eq!(found(repos, "%").await, [1]);
    assert_eq!(found(repos, "100%").await, [1]);
    assert_eq!(found(repos, "1%l").await, NOTHING);
    assert_eq!(found(repos, "e_c").await, [3]);
    assert_eq!(found(repos, "w_ol").await, NOTHING);
    assert_eq!(found(repos, r"\").await, [2]);
    assert_eq!(found(repos, r"\%").await, NOTHING);
    assert_eq!(found(repos, "'quoted'").await, [3]);
}

/// A claim, as it is named.
pub async fn a_search_does_not_reach_over_fields(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "a.jpg", "left", "right")).await;
    assert_eq!(found(repos, "leftright").await, NOTHING);
    assert_eq!(found(repos, "left right").await, NOTHING);
    assert_eq!(found(repos, "left\nright").await, NOTHING);
}

/// A claim, as it is named.
pub async fn control_characters_match_nothing(repos: &Repos) {
    repos.put_products(&["p"]).await;
    repos.upload(&texts(1, "a.jpg", "left", "right")).await;
    for search in ["\0", "\n", "a\0", "\u{1f}"] {
        assert_eq!(found(repos, search).await, NOTHING, "{search:?}");
    }
}
