//! What the repositories promise about guards: a write happens only where its guard, asked of the very state
//! that it changes, does not object.

use super::{Repos, everything};
use crate::builders::{image, moment, origin, product_id, product_name};
use futures_util::future::join_all;
use packshot_domain::image::Image;
use packshot_domain::ports::audit_log::AuditQuery;
use packshot_domain::ports::guard::{Guard, Objection, WriteError};
use packshot_domain::ports::image_repo::{Change, ImagePatch, ImageState, UpdateError};
use packshot_domain::ports::product_repo::{ProductState, Put};
use packshot_domain::text::Caption;
use std::sync::{Arc, Mutex, PoisonError};

fn caption(text: &str) -> ImagePatch {
    ImagePatch { caption: Some(Change::Set(Caption::parse(text).unwrap())), ..ImagePatch::default() }
}

/// The states that a guard was asked of.
type Seen<S> = Arc<Mutex<Vec<Option<S>>>>;

/// A guard that objects to everything, and the states that it was asked of.
fn witness<S: Clone + Send + 'static>() -> (Guard<S>, Seen<S>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let states = Arc::clone(&seen);
    let guard = Guard::new(move |state: Option<&S>| {
        states.lock().unwrap_or_else(PoisonError::into_inner).push(state.cloned());
        Err(Objection::Precondition)
    });
    (guard, seen)
}

fn taken<S>(seen: &Mutex<Vec<S>>) -> Vec<S> {
    std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner))
}

fn is_refused<T>(result: &Result<T, WriteError>) -> bool {
    matches!(result, Err(WriteError::Refused(Objection::Precondition)))
}

/// A claim, as it is named.
pub async fn an_objection_stops_every_write(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let id = product_id("p");
    let (first, second) = (Image { is_primary: true, ..image("p", 1) }, image("p", 2));
    repos.upload(&first).await;
    repos.upload(&second).await;
    let everywhere = AuditQuery { limit: 100, ..AuditQuery::default() };
    let entries = repos.audit.audit(&everywhere).await.unwrap();
    let (image_before, product_before) =
        (repos.images.state(second.id).await.unwrap(), repos.products.state(&id).await.unwrap());

    let (guard, seen) = witness::<ImageState>();
    let updated = repos.images.update_if(second.id, &caption("new"), &guard, &origin(9)).await;
    assert!(matches!(updated, Err(UpdateError::Refused(Objection::Precondition))), "{updated:?}");
    assert!(is_refused(&repos.images.set_primary_if(second.id, &guard, &origin(9)).await));
    assert!(is_refused(&repos.images.delete_if(second.id, &guard, &origin(9)).await));
    assert_eq!(taken(&seen), vec![image_before.clone(); 3]);

    let (guard, seen) = witness::<ProductState>();
    assert!(is_refused(&repos.products.put_if(&id, &product_name("New"), &guard, &origin(9)).await));
    assert!(is_refused(&repos.images.delete_product_if(&id, &guard, &origin(9)).await));
    assert_eq!(taken(&seen), vec![product_before.clone(); 2]);
    assert!(is_refused(&repos.products.put_if(&product_id("q"), &product_name("New"), &guard, &origin(9)).await));
    assert_eq!(taken(&seen), [None]);

    assert_eq!(repos.images.state(second.id).await.unwrap(), image_before);
    assert_eq!(repos.products.state(&id).await.unwrap(), product_before);
    assert_eq!(repos.products.state(&product_id("q")).await.unwrap(), None);
    assert_eq!(repos.audit.audit(&everywhere).await.unwrap(), entries);
}

/// A claim, as it is named.
pub async fn what_is_not_there_asks_no_guard(repos: &Repos) {
    let missing = image("p", 1).id;
    let (guard, seen) = witness::<ImageState>();
    assert_eq!(repos.images.state(missing).await.unwrap(), None);
    assert_eq!(repos.images.update_if(missing, &caption("new"), &guard, &origin(0)).await.unwrap(), None);
    assert_eq!(repos.images.set_primary_if(missing, &guard, &origin(0)).await.unwrap(), None);
    assert_eq!(repos.images.delete_if(missing, &guard, &origin(0)).await.unwrap(), None);
    let (product_guard, product_seen) = witness::<ProductState>();
    assert_eq!(repos.images.delete_product_if(&product_id("p"), &product_guard, &origin(0)).await.unwrap(), None);
    assert!(taken(&seen).is_empty() && taken(&product_seen).is_empty());
}

/// A claim, as it is named.
pub async fn a_state_is_what_is_shown_and_when_it_was_written(repos: &Repos) {
    repos.put_products(&["p", "q"]).await;
    let id = product_id("p");
    let (first, second) = (Image { is_primary: true, ..image("p", 1) }, image("p", 2));
    repos.upload(&first).await;
    repos.upload(&second).await;
    let image_state = async |image: &Image| repos.images.state(image.id).await.unwrap().unwrap();
    let product_state = async || repos.products.state(&id).await.unwrap().unwrap();

    let state = image_state(&first).await;
    assert_eq!((state.image, state.product.name), (first.clone(), product_name("Product p")));
    assert_eq!(state.changed_at, first.uploaded_at);
    let state = product_state().await;
    assert_eq!((state.images.count, state.images.primary), (2, Some(first.clone())));

    let edited = repos.images.update(first.id, &caption("new"), &origin(10)).await.unwrap().unwrap();
    assert_eq!((image_state(&first).await.image, image_state(&first).await.changed_at), (edited, moment(10)));
    assert_eq!(image_state(&second).await.changed_at, second.uploaded_at);
    assert_eq!(product_state().await.changed_at, moment(10));

    let primary = repos.images.set_primary(second.id, &origin(20)).await.unwrap().unwrap();
    assert_eq!(
        (image_state(&second).await.image, image_state(&second).await.changed_at),
        (primary.clone(), moment(20))
    );
    assert!(!image_state(&first).await.image.is_primary);
    assert_eq!((product_state().await.images.primary, product_state().await.changed_at), (Some(primary), moment(20)));

    repos.products.put(&id, &product_name("New"), &origin(30)).await.unwrap();
    assert_eq!(image_state(&first).await.product.name, product_name("New"));
    assert_eq!(
        (product_state().await.product.name, product_state().await.changed_at),
        (product_name("New"), moment(30))
    );
    assert_eq!(repos.products.state(&product_id("q")).await.unwrap().unwrap().changed_at, moment(0));
}

/// A claim, as it is named.
pub async fn of_many_writers_that_saw_the_same_one_wins(repos: &Repos) {
    repos.put_products(&["p"]).await;
    let id = product_id("p");
    let image = image("p", 1);
    repos.upload(&image).await;
    let origin = origin(1);

    let seen = repos.images.state(image.id).await.unwrap();
    let same = Guard::new(move |state: Option<&ImageState>| match state {
        Some(state) if seen.as_ref().is_some_and(|seen| seen.image == state.image) => Ok(()),
        _ => Err(Objection::Precondition),
    });
    let patches: Vec<ImagePatch> = (0..12).map(|number| caption(&number.to_string())).collect();
    let edits = patches.iter().map(|patch| repos.images.update_if(image.id, patch, &same, &origin));
    let edited: Vec<Image> = join_all(edits)
        .await
        .into_iter()
        .filter_map(|edited| match edited {
            Ok(edited) => edited,
            Err(UpdateError::Refused(_)) => None,
            Err(error) => unreachable!("{error:?}"),
        })
        .collect();
    assert_eq!(edited, [repos.images.state(image.id).await.unwrap().unwrap().image]);

    let seen = repos.products.state(&id).await.unwrap().map(|state| state.product.name);
    let same = Guard::new(move |state: Option<&ProductState>| {
        if state.map(|state| &state.product.name) == seen.as_ref() { Ok(()) } else { Err(Objection::Precondition) }
    });
    let names: Vec<_> = (0..12).map(|number| product_name(&format!("Name {number}"))).collect();
    let puts = join_all(names.iter().map(|name| repos.products.put_if(&id, name, &same, &origin))).await;
    assert_eq!(puts.iter().filter(|put| matches!(put, Ok(Put::Renamed(_)))).count(), 1);
    assert_eq!(puts.iter().filter(|put| is_refused(put)).count(), 11);

    let free = Guard::new(|state: Option<&ProductState>| state.map_or(Ok(()), |_| Err(Objection::Precondition)));
    let new = product_id("new");
    let puts = join_all(names.iter().map(|name| repos.products.put_if(&new, name, &free, &origin))).await;
    assert_eq!(puts.iter().filter(|put| matches!(put, Ok(Put::Created(_)))).count(), 1);
    assert_eq!(puts.iter().filter(|put| is_refused(put)).count(), 11);

    // A deletion and edits that saw the same: the deletion alone, or an edit alone.
    let seen = repos.images.state(image.id).await.unwrap().map(|state| state.image);
    let same = Guard::new(move |state: Option<&ImageState>| {
        if state.map(|state| &state.image) == seen.as_ref() { Ok(()) } else { Err(Objection::Precondition) }
    });
    let last = caption("last");
    let edits = join_all(
        (0..11).map(async |_| matches!(repos.images.update_if(image.id, &last, &same, &origin).await, Ok(Some(_)))),
    );
    let deletion = async { matches!(repos.images.delete_if(image.id, &same, &origin).await, Ok(Some(_))) };
    let (edits, deleted) = futures_util::future::join(edits, deletion).await;
    assert_eq!(edits.into_iter().chain([deleted]).filter(|won| *won).count(), 1);
    assert_eq!(repos.images.list(&everything()).await.unwrap().total, u64::from(!deleted));
}
