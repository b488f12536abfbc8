//! The store fails: refuses, hangs, breaks off, answers late, at each request of an upload and a deletion.

use super::{no_more_open_than, not_ready_for, ready_again, sound_with, upload, wait_until};
use packshot_contract::servers::s3::S3Server;
use packshot_tests::backends::s3;
use packshot_tests::inventory::assert_rows_and_files_agree;
use packshot_tests::proxy::{Fault, StoreProxy};
use packshot_tests::server::{Builder, PRODUCT};
use packshot_tests::{Answer, Backends, Server};
use std::thread::scope;

/// Where the five objects of an image lie.
const FOLDERS: [&str; 5] = ["original", "large", "medium", "thumb", "webp"];

/// A server that reaches its store through the proxy, and does not wait long for it. Its pool does not grow, so
/// that what it has open can be counted.
fn behind(proxy: &StoreProxy) -> Builder {
    Server::builder_on(Backends::SQLITE_AND_S3)
        .set("PACKSHOT_DATABASE__POOL_SIZE", "1")
        .set("PACKSHOT_STORAGE__OPTIONS__ENDPOINT", proxy.endpoint())
        .set("PACKSHOT_STORAGE__OPTIONS__READ_TIMEOUT", "500ms")
}

/// What the paths of the objects in this folder of the product have in them, and no others.
fn part_of_path(folder: &str) -> String {
    let product = format!("p-{folder}");
    if folder == "original" { format!("/{product}/{product}_") } else { format!("/{product}/{folder}/") }
}

#[test]
fn a_store_that_fails_at_any_object_of_an_upload_is_503_and_nothing_is_left() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server =
        FOLDERS.iter().fold(behind(&proxy).start(), |server, folder| server.with_product(&format!("p-{folder}")));
    let upload_to_each = |check: fn(Answer)| {
        scope(|scope| {
            for folder in FOLDERS {
                let server = &server;
                scope.spawn(move || check(upload(server, &format!("p-{folder}"))));
            }
        });
    };
    upload_to_each(|answer| drop(answer.expect(201)));
    let handles = server.open_handles();
    for fault in [Fault::Answer(500), Fault::Answer(503), Fault::Break, Fault::LoseAnswer, Fault::Stall] {
        FOLDERS.iter().for_each(|folder| proxy.fail("PUT", &part_of_path(folder), fault));
        upload_to_each(|answer| answer.unavailable("/files"));
        assert!(proxy.mend() >= 5, "{fault:?} was not tried at each object");
        // Not only after a sweep: what was written is deleted at once.
        assert_rows_and_files_agree(&server);
    }
    no_more_open_than(&server, handles);
    sound_with(&server, "p-large", 5);
}

#[test]
fn an_object_that_lands_after_its_upload_was_given_up_is_swept() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    proxy.fail("PUT", "/webp/", Fault::Delay);
    upload(&server, PRODUCT).unavailable("/files");
    assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
    assert!(proxy.mend() >= 1);
    assert_eq!(server.stored_files().len(), 1, "the late object has landed");
    sound_with(&server, PRODUCT, 0);
}

#[test]
fn an_object_that_lands_after_a_sweep_goes_with_the_next() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    proxy.fail("PUT", "/webp/", Fault::Delay);
    upload(&server, PRODUCT).unavailable("/files");
    assert!(server.run(&["sweep", "--grace", "0"]).ok().contains("may still land        1"));
    assert!(proxy.mend() >= 1);
    assert_eq!(server.stored_files().len(), 1, "the late object has landed");
    assert!(server.run(&["sweep", "--grace", "0"]).ok().contains("may still land        1"));
    assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
}

#[test]
fn a_store_that_does_not_let_the_undoing_through_leaves_the_rest_to_the_sweep() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    for fault in [Fault::Answer(503), Fault::Break] {
        proxy.fail("PUT", "/thumb/", fault);
        proxy.fail("POST", "", fault);
        upload(&server, PRODUCT).unavailable("/files");
        assert!(proxy.mend() >= 6, "the deletions were tried");
        assert_ne!(server.stored_files().len(), 0, "{fault:?}");
        let _ = server.run(&["sweep", "--grace", "0"]).ok();
        assert_rows_and_files_agree(&server);
    }
    sound_with(&server, PRODUCT, 0);
}

#[test]
fn a_deletion_is_good_when_the_store_fails_and_its_files_go_with_the_sweep() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    for fault in [Fault::Answer(500), Fault::Answer(503), Fault::Break, Fault::Stall, Fault::LoseAnswer] {
        let image = upload(&server, PRODUCT).expect(201).json();
        let path = format!("/files/{}", image["id"].as_str().expect("an id"));
        proxy.fail("POST", "/medium/", fault);
        let _ = server.admin().delete(&path).expect(204);
        assert_eq!(server.anyone().get(&path).status, 404);
        assert!(proxy.mend() >= 1);
        let _ = server.run(&["sweep", "--grace", "0"]).ok();
        assert!(server.stored_files().is_empty(), "{fault:?}");
    }
    sound_with(&server, PRODUCT, 0);
}

#[test]
fn a_fault_that_passes_is_not_seen() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    for fault in [Fault::Answer(500), Fault::Answer(503), Fault::Break, Fault::LoseAnswer] {
        proxy.fail_times(1, "PUT", "/large/", fault);
        let image = upload(&server, PRODUCT).expect(201).json();
        assert_eq!(proxy.mend(), 1);
        let path = format!("/files/{}", image["id"].as_str().expect("an id"));
        proxy.fail_times(1, "POST", "/large/", fault);
        let _ = server.admin().delete(&path).expect(204);
        assert_eq!(proxy.mend(), 1);
        assert!(server.stored_files().is_empty(), "{fault:?}");
    }
}

#[test]
fn without_its_store_a_server_says_so_and_goes_on_when_it_is_back() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy).start().with_product(PRODUCT);
    let image = upload(&server, PRODUCT).expect(201).json();
    let url = image["variants"]["thumbnail"].as_str().expect("a URL");
    let handles = server.open_handles();
    for fault in [Fault::Answer(503), Fault::Break, Fault::Stall] {
        proxy.fail("", "", fault);
        not_ready_for(&server, &["store"]);
        upload(&server, PRODUCT).unavailable("/files");
        server.anyone().get(url).unavailable(url);
        // What needs no file is answered.
        assert_eq!(server.anyone().get("/files").expect(200).json()["total"], 1);
        let _ = server.admin().patch(&format!("/files/{}", image["id"].as_str().expect("an id")), "{}").expect(200);
        assert!(proxy.mend() > 0);
        let _ = server.anyone().get(url).expect(200);
        ready_again(&server);
    }
    no_more_open_than(&server, handles);
    sound_with(&server, PRODUCT, 1);
}

#[test]
fn a_store_that_freezes_in_the_middle_of_uploads_costs_them_and_nothing_else() {
    let store = S3Server::start().unwrap_or_else(|reason| panic!("{reason}"));
    store.create_bucket("own").expect("a bucket");
    let server = Server::builder()
        .set("PACKSHOT_STORAGE__URL", "s3://own")
        .set("PACKSHOT_STORAGE__OPTIONS__ENDPOINT", store.endpoint())
        .set("PACKSHOT_STORAGE__OPTIONS__ACCESS_KEY_ID", S3Server::ACCESS_KEY_ID)
        .set("PACKSHOT_STORAGE__OPTIONS__SECRET_ACCESS_KEY", S3Server::SECRET_ACCESS_KEY)
        .set("PACKSHOT_STORAGE__OPTIONS__READ_TIMEOUT", "500ms")
        // What lands late is swept by the server itself: twice as long after its upload's beginning as the store is
        // frozen.
        .set("PACKSHOT_SWEEP__INTERVAL_SECONDS", "1")
        .set("PACKSHOT_SWEEP__GRACE_SECONDS", "15")
        .start()
        .with_product(PRODUCT);
    let _ = upload(&server, PRODUCT).expect(201);
    store.freeze().expect("it can be stopped");
    not_ready_for(&server, &["store"]);
    scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| upload(&server, PRODUCT).unavailable("/files"));
        }
    });
    store.thaw().expect("it goes on");
    ready_again(&server);
    let _ = upload(&server, PRODUCT).expect(201);
    wait_until("what landed late is swept", || store.keys("own").expect("keys").len() == 10);
    assert_eq!(server.anyone().get("/files").expect(200).json()["total"], 2);
}
