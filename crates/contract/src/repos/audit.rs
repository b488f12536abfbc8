//! What the repositories promise about the audit log.

use super::Repos;
use crate::builders::{image, moment, origin, product_id, product_name};
use packshot_domain::image::Image;
use packshot_domain::ports::audit_log::{Action, AuditEntry, AuditQuery};
use packshot_domain::ports::image_repo::{Change, ImagePatch};
use packshot_domain::text::Caption;
use serde_json::json;

fn everything() -> AuditQuery {
    AuditQuery { limit: 100, ..AuditQuery::default() }
}

async fn actions(repos: &Repos, query: &AuditQuery) -> Vec<Action> {
    repos.audit.audit(query).await.unwrap().into_iter().map(|entry| entry.action).collect()
}

fn a_patch() -> ImagePatch {
    ImagePatch { caption: Some(Change::Set(Caption::parse("New").unwrap())), ..ImagePatch::default() }
}

/// A claim, as it is named.
pub async fn every_write_is_entered_with_who_when_and_where_newest_first(repos: &Repos) {
    let (id, kept, gone) = (product_id("p"), image("p", 1), image("p", 2));
    repos.products.put(&id, &product_name("Old"), &origin(0)).await.unwrap();
    repos.products.put(&id, &product_name("New"), &origin(1)).await.unwrap();
    for image in [&kept, &gone] {
        repos.begin(image).await;
        repos.images.insert(image, None, &origin(2)).await.unwrap();
    }
    repos.images.update(kept.id, &a_patch(), &origin(3)).await.unwrap();
    repos.images.set_primary(kept.id, &origin(4)).await.unwrap();
    repos.images.delete(gone.id, &origin(5)).await.unwrap();
    repos.images.delete_product(&id, &origin(6)).await.unwrap();

    let entry = |action, image: Option<&Image>, seconds, detail| AuditEntry {
        origin: origin(seconds),
        action,
        product: id.clone(),
        image: image.map(|image| image.id),
        detail,
    };
    let filename = |image: &Image| image.filename.as_str().to_owned();
    let upload = |image: &Image| json!({ "filename": filename(image), "isPrimary": image.is_primary });
    let expected = [
        entry(Action::DeleteProduct, None, 6, json!({ "images": 1 })),
        entry(Action::DeleteImage, Some(&gone), 5, json!({ "filename": filename(&gone) })),
        entry(Action::SetPrimary, Some(&kept), 4, json!({})),
        entry(Action::EditImage, Some(&kept), 3, json!({ "fields": ["caption"] })),
        entry(Action::UploadImage, Some(&gone), 2, upload(&gone)),
        entry(Action::UploadImage, Some(&kept), 2, upload(&kept)),
        entry(Action::RenameProduct, None, 1, json!({ "name": "New" })),
        entry(Action::CreateProduct, None, 0, json!({ "name": "Old" })),
    ];
    assert_eq!(repos.audit.audit(&everything()).await.unwrap(), expected);
}

/// A claim, as it is named.
pub async fn what_changes_nothing_is_not_entered(repos: &Repos) {
    let primary = Image { is_primary: true, ..image("p", 1) };
    repos.put_products(&["p"]).await;
    repos.upload(&primary).await;
    let before = actions(repos, &everything()).await;
    let missing = image("p", 2);
    repos.images.insert(&missing, None, &origin(1)).await.unwrap_err();
    assert_eq!(repos.images.update(missing.id, &a_patch(), &origin(1)).await.unwrap(), None);
    assert_eq!(repos.images.set_primary(missing.id, &origin(1)).await.unwrap(), None);
    assert_eq!(repos.images.delete(missing.id, &origin(1)).await.unwrap(), None);
    assert_eq!(repos.images.delete_product(&product_id("none"), &origin(1)).await.unwrap(), None);
    // It is primary already.
    assert!(repos.images.set_primary(primary.id, &origin(1)).await.unwrap().is_some());
    assert_eq!(actions(repos, &everything()).await, before);
}

/// A claim, as it is named.
pub async fn entries_are_found_by_product_image_and_user(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let (first, second) = (image("p", 1), image("q", 2));
    repos.upload(&first).await;
    repos.upload(&second).await;
    let of_product = AuditQuery { product: Some(product_id("p")), ..everything() };
    assert_eq!(actions(repos, &of_product).await, [Action::UploadImage, Action::CreateProduct]);
    let of_image = AuditQuery { image: Some(second.id), ..everything() };
    assert_eq!(actions(repos, &of_image).await, [Action::UploadImage]);
    let user = origin(0).user.as_str().to_owned();
    let of_user = AuditQuery { user: Some(user), limit: 3, ..AuditQuery::default() };
    assert_eq!(actions(repos, &of_user).await.len(), 3);
    let of_nobody = AuditQuery { user: Some("nobody".to_owned()), ..everything() };
    assert_eq!(actions(repos, &of_nobody).await, []);
}

/// A claim, as it is named.
pub async fn older_entries_are_removed_and_counted(repos: &Repos) {
    for (number, seconds) in [(1, 10), (2, 20), (3, 30)] {
        let id = product_id(&format!("p{number}"));
        repos.products.put(&id, &product_name("P"), &origin(seconds)).await.unwrap();
    }
    // Made in that very moment is not before it.
    assert_eq!(repos.audit.remove_before(moment(10)).await.unwrap(), 0);
    assert_eq!(repos.audit.remove_before(moment(21)).await.unwrap(), 2);
    assert_eq!(repos.audit.remove_before(moment(21)).await.unwrap(), 0);
    let left = repos.audit.audit(&everything()).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.origin.at).collect::<Vec<_>>(), [moment(30)]);
    assert_eq!(repos.audit.remove_before(moment(100)).await.unwrap(), 1);
    // What comes after is entered as ever.
    repos.put_products(&["q"]).await;
    assert_eq!(actions(repos, &everything()).await, [Action::CreateProduct]);
}
