//! The database fails: is stopped, cut off at any moment of an upload, or read-only.

use super::{form, no_more_open_than, not_ready_for, ready_again, sound_with, upload, wait_until};
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_tests::backends::postgres;
use packshot_tests::client::attempt;
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image};
use packshot_tests::proxy::{DatabaseProxy, Moment};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Server};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

/// A server that reaches its database through a proxy. Its pool does not grow, so that what it has open can be
/// counted.
fn behind_a_proxy() -> (DatabaseProxy, Server) {
    let proxy = DatabaseProxy::start(&postgres().socket());
    let builder = Server::builder_on(Backends::POSTGRES_AND_DISK);
    let url = proxy.url(builder.home().database().expect("on PostgreSQL"));
    let builder = builder.set("PACKSHOT_DATABASE__URL", &url).set("PACKSHOT_DATABASE__POOL_SIZE", "1");
    (proxy, builder.start().with_product(PRODUCT))
}

/// Once its connections are all cut, a pool needs a moment to make new ones.
fn upload_when_possible(server: &Server) {
    wait_until("uploads work again", || upload(server, PRODUCT).status == 201);
}

#[test]
fn a_connection_cut_before_the_journals_commit_leaves_nothing() {
    let (proxy, server) = behind_a_proxy();
    proxy.cut_once("upload_journal", Moment::BeforeCommit);
    upload(&server, PRODUCT).unavailable("/files");
    assert_eq!(proxy.mend(), 1);
    assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
    sound_with(&server, PRODUCT, 0);
}

#[test]
fn a_lost_answer_to_the_journals_commit_leaves_an_entry_that_is_swept() {
    let (proxy, server) = behind_a_proxy();
    proxy.cut_once("upload_journal", Moment::AfterCommit);
    upload(&server, PRODUCT).unavailable("/files");
    assert_eq!(proxy.mend(), 1);
    assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
    let said = server.run(&["sweep", "--grace", "0"]).ok();
    assert!(said.contains("unfinished uploads    1"), "{said}");
    sound_with(&server, PRODUCT, 0);
}

#[test]
fn a_connection_cut_between_processing_and_commit_undoes_the_upload() {
    let (proxy, server) = behind_a_proxy();
    let _ = upload(&server, PRODUCT).expect(201);
    let handles = server.open_handles();
    for _ in 0..3 {
        proxy.cut_once("images", Moment::BeforeCommit);
        upload(&server, PRODUCT).unavailable("/files");
        assert_eq!(proxy.mend(), 1);
        assert_rows_and_files_agree(&server);
    }
    no_more_open_than(&server, handles);
    sound_with(&server, PRODUCT, 1);
}

#[test]
fn a_lost_answer_to_the_commit_is_a_201_because_it_happened() {
    let (proxy, server) = behind_a_proxy();
    for count in 1..=3 {
        proxy.cut_once("images", Moment::AfterCommit);
        let image = server.admin().upload(form(PRODUCT).text("caption", "kept")).expect(201).json();
        assert_eq!(proxy.mend(), 1);
        assert_eq!(image["caption"], "kept");
        assert_eq!(every_image(&server).len(), count);
    }
    sound_with(&server, PRODUCT, 3);
}

#[test]
fn a_database_that_is_gone_after_a_commit_of_unknown_outcome_deletes_nothing_that_a_row_names() {
    for (moment, images) in [(Moment::BeforeCommit, 0), (Moment::AfterCommit, 1)] {
        let (proxy, server) = behind_a_proxy();
        proxy.cut_for_good("images", moment);
        // The client cannot be told what happened, because nobody knows.
        upload(&server, PRODUCT).unavailable("/files");
        not_ready_for(&server, &["database"]);
        assert_eq!(server.stored_files().len(), 5);
        assert_eq!(proxy.mend(), 1);
        ready_again(&server);
        sound_with(&server, PRODUCT, images);
    }
}

#[test]
fn a_read_only_database_serves_and_refuses_to_write() {
    let server = Server::start_on(Backends::POSTGRES_AND_DISK);
    let image = upload(&server, PRODUCT).expect(201).json();
    let path = format!("/files/{}", image["id"].as_str().expect("an id"));
    let name = server.home().database().expect("on PostgreSQL").to_owned();
    let read_only = |on: &str| {
        let alter = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        let _ = postgres().sql("postgres", &alter).expect("altered");
        // Sessions keep the setting that they began with.
        let end = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
        let _ = postgres().sql("postgres", &end).expect("ended");
    };
    read_only("on");
    for _ in 0..3 {
        upload(&server, PRODUCT).unavailable("/files");
    }
    server.admin().patch(&path, r#"{"caption": "new"}"#).unavailable(&path);
    server.admin().make_primary(&path).unavailable(&format!("{path}/primary"));
    server.admin().delete(&path).unavailable(&path);
    let product = "/products/other";
    server.admin().put_json(product, r#"{"name": "Other"}"#).unavailable(product);
    let _ = server.anyone().get(&path).expect(200);
    assert_rows_and_files_agree(&server);
    read_only("off");
    sound_with(&server, PRODUCT, 1);
}

/// What clients hear while a database comes and goes: an image, or that something is down.
fn heard(answer: &Answer) -> usize {
    if answer.status != 201 {
        answer.unavailable("/files");
    }
    usize::from(answer.status == 201)
}

#[test]
fn a_database_that_is_restarted_under_load_costs_requests_and_nothing_else() {
    let mut cluster = PostgresCluster::start().unwrap_or_else(|reason| panic!("{reason}"));
    let server = Server::builder()
        .set("PACKSHOT_DATABASE__URL", &cluster.create_database().expect("a database"))
        .start()
        .with_product(PRODUCT);
    let image = upload(&server, PRODUCT).expect(201).json();
    let url = image["variants"]["original"].as_str().expect("a URL");
    let handles = server.open_handles();
    let over = AtomicBool::new(false);
    let made: usize = scope(|scope| {
        let uploaders: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut made = 0;
                    while !over.load(Ordering::Relaxed) {
                        let answer = attempt(server.admin().upload_request(form(PRODUCT)));
                        made += heard(&answer.expect("the server itself stays"));
                    }
                    made
                })
            })
            .collect();
        for _ in 0..2 {
            cluster.stop();
            not_ready_for(&server, &["database"]);
            server.anyone().get("/files").unavailable("/files");
            server.admin().delete("/products/none").unavailable("/products/none");
            // A file needs no database.
            let _ = server.anyone().get(url).expect(200);
            cluster.restart().expect("it starts again");
            ready_again(&server);
            upload_when_possible(&server);
        }
        over.store(true, Ordering::Relaxed);
        uploaders.into_iter().map(|uploader| uploader.join().unwrap()).sum()
    });
    let _ = server.run(&["sweep", "--grace", "0"]).ok();
    assert_rows_and_files_agree(&server);
    // An image whose client heard 503 may be there all the same; one that was promised must be.
    let images = every_image(&server).len();
    assert!(images >= made + 3, "{images} images, {made} were promised to uploaders");
    // The pool may have grown to its ten connections.
    no_more_open_than(&server, handles + 9);
}
