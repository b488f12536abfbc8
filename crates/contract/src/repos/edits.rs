//! What an `ImageRepo` promises about edits.

use super::{Repos, everything};
use crate::builders::{image, origin, product_id, tags};
use futures_util::future::join_all;
use packshot_domain::image::Image;
use packshot_domain::ports::image_repo::{Change, ImagePatch, ImageQuery};
use packshot_domain::text::{AltText, Caption, DisplayOrder, Metadata};

fn full(number: u32) -> Image {
    Image {
        alt_text: Some(AltText::parse("old alt").unwrap()),
        caption: Some(Caption::parse("old caption").unwrap()),
        order: DisplayOrder::new(3).unwrap(),
        tags: tags(&["red", "old"]),
        metadata: Metadata::parse(r#"{"n": 12345678901234567890123.10, "a": 1}"#).unwrap(),
        is_primary: true,
        ..image("p", number)
    }
}

/// Copies the field that a patch names.
type Step = fn(&mut Image, &Image);

/// A claim, as it is named.
pub async fn a_patch_replaces_what_it_names(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let old = full(1);
    repos.upload(&old).await;
    let alt_text = AltText::parse("new alt").unwrap();
    let caption = Caption::parse("new caption").unwrap();
    let order = DisplayOrder::new(0).unwrap();
    let new_tags = tags(&["blue", "red"]);
    let merge = Metadata::parse(r#"{"a": null, "b": [2.50]}"#).unwrap().as_object().clone();
    let metadata = Metadata::parse(r#"{"n": 12345678901234567890123.10, "b": [2.50]}"#).unwrap();
    let steps: [(ImagePatch, Step); 5] = [
        (ImagePatch { alt_text: Some(Change::Set(alt_text.clone())), ..ImagePatch::default() }, |image, new| {
            image.alt_text.clone_from(&new.alt_text);
        }),
        (ImagePatch { caption: Some(Change::Set(caption.clone())), ..ImagePatch::default() }, |image, new| {
            image.caption.clone_from(&new.caption);
        }),
        (ImagePatch { order: Some(order), ..ImagePatch::default() }, |image, new| image.order = new.order),
        (ImagePatch { tags: Some(new_tags.clone()), ..ImagePatch::default() }, |image, new| {
            image.tags = new.tags.clone();
        }),
        (ImagePatch { metadata: Some(Change::Set(merge)), ..ImagePatch::default() }, |image, new| {
            image.metadata = new.metadata.clone();
        }),
    ];
    let new =
        Image { alt_text: Some(alt_text), caption: Some(caption), order, tags: new_tags, metadata, ..old.clone() };
    let mut expected = old;
    for (patch, change) in steps {
        change(&mut expected, &new);
        let updated = repos.images.update(expected.id, &patch, &origin(0)).await.unwrap();
        assert_eq!(updated.as_ref(), Some(&expected), "{patch:?}");
        assert_eq!(repos.images.find(expected.id).await.unwrap(), updated);
    }
    assert_eq!(expected, new);
}

/// A claim, as it is named.
pub async fn a_patch_clears_what_it_says(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let old = Image { metadata: full(1).metadata.with_color_profile("Display P3"), ..full(1) };
    repos.upload(&old).await;
    let patch = ImagePatch {
        alt_text: Some(Change::Clear),
        caption: Some(Change::Clear),
        order: None,
        tags: Some(tags(&[])),
        metadata: Some(Change::Clear),
        ..ImagePatch::default()
    };
    let metadata = Metadata::default().with_color_profile("Display P3");
    let expected = Image { alt_text: None, caption: None, tags: tags(&[]), metadata, ..old.clone() };
    assert_eq!(repos.images.update(old.id, &patch, &origin(0)).await.unwrap(), Some(expected.clone()));
    assert_eq!(repos.images.find(old.id).await.unwrap(), Some(expected));
}

/// A claim, as it is named.
pub async fn an_empty_patch_changes_nothing(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = full(1);
    repos.upload(&image).await;
    assert_eq!(repos.images.update(image.id, &ImagePatch::default(), &origin(0)).await.unwrap(), Some(image.clone()));
    assert_eq!(repos.images.find(image.id).await.unwrap(), Some(image));
}

/// A claim, as it is named.
pub async fn a_patched_image_is_found_by_its_new_texts_and_tags(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let image = full(1);
    repos.upload(&image).await;
    let patch = ImagePatch {
        alt_text: Some(Change::Set(AltText::parse("BRAND new").unwrap())),
        tags: Some(tags(&["red", "blue"])),
        ..ImagePatch::default()
    };
    repos.images.update(image.id, &patch, &origin(0)).await.unwrap();
    for (search, tag, total) in
        [("old alt", None, 0), ("brand", None, 1), ("", Some("old"), 0), ("", Some("blue"), 1), ("", Some("red"), 1)]
    {
        let tags = tag.into_iter().map(str::to_owned).collect();
        let query = ImageQuery { search: Some(search.to_owned()), tags, ..everything() };
        assert_eq!(repos.images.list(&query).await.unwrap().total, total, "{search} {tag:?}");
    }
    assert_eq!(repos.images.list(&everything()).await.unwrap().available_tags, ["blue", "red"]);
}

/// A claim, as it is named.
pub async fn patching_what_is_not_there_is_none(repos: &Repos) {
    let patch = ImagePatch { order: Some(DisplayOrder::default()), ..ImagePatch::default() };
    assert_eq!(repos.images.update(image("p", 1).id, &patch, &origin(0)).await.unwrap(), None);
}

/// A claim, as it is named.
pub async fn a_primary_moves_and_stays(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let (old, new) = (full(1), image("p", 2));
    let elsewhere = Image { is_primary: true, ..image("q", 3) };
    for image in [&old, &new, &elsewhere] {
        repos.upload(image).await;
    }
    let primary = Image { is_primary: true, ..new };
    for _ in 0..2 {
        assert_eq!(repos.images.set_primary(primary.id, &origin(0)).await.unwrap(), Some(primary.clone()));
        assert_eq!(repos.images.summary(&product_id("p")).await.unwrap().primary, Some(primary.clone()));
        assert!(!repos.images.find(old.id).await.unwrap().unwrap().is_primary);
    }
    assert_eq!(repos.images.summary(&product_id("q")).await.unwrap().primary, Some(elsewhere));
}

/// A claim, as it is named.
pub async fn making_primary_what_is_not_there_is_none(repos: &Repos) {
    assert_eq!(repos.images.set_primary(image("p", 1).id, &origin(0)).await.unwrap(), None);
}

/// A claim, as it is named.
pub async fn of_many_made_primary_at_once_one_is(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let images: Vec<Image> = (1..=10).map(|number| image("p", number)).collect();
    for image in &images {
        repos.upload(image).await;
    }
    let origin = origin(0);
    for made in join_all(images.iter().map(|image| repos.images.set_primary(image.id, &origin))).await {
        assert!(made.unwrap().unwrap().is_primary);
    }
    let primary = ImageQuery { is_primary: Some(true), ..everything() };
    assert_eq!(repos.images.list(&primary).await.unwrap().total, 1);
}
