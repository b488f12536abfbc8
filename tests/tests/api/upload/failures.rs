//! What is left after an upload that did not end well: nothing.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use std::path::PathBuf;
use std::thread::scope;
use std::time::{Duration, Instant};

#[test]
fn a_store_that_fails_leaves_no_row_and_tells_nothing() {
    let server = Server::start();
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
    let images = server.folder().join("data/images");
    let aside = server.folder().join("data/aside");
    std::fs::rename(&images, &aside).unwrap();
    std::fs::write(&images, "a file where the folder was").unwrap();

    let answer = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")));
    assert!((500..600).contains(&answer.status), "{}", answer.shown());
    let problem = answer.any_problem("/files");
    for secret in ["data", "images", server.folder().to_str().unwrap(), "os error", "store", "SQL"] {
        assert!(!problem.to_string().contains(secret), "{secret}: {problem}");
    }
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 1);

    std::fs::remove_file(&images).unwrap();
    std::fs::rename(&aside, &images).unwrap();
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
    assert_eq!(server.anyone().get("/products/prod_789").expect(200).json()["imageCount"], 2);
}

#[on_every_backend]
fn a_crash_in_an_upload_leaves_all_of_it_or_nothing(backends: Backends) {
    let mut server = Server::start_on(backends);
    let mut answered = 0_u64;
    for _ in 0..5 {
        let before = server.stored_files().len();
        let status = crash_when_a_file_appears(&server, before);
        answered += u64::from(status == Some(201));
        server = server.kill().start();
        let _ = server.run(&["sweep", "--grace", "0"]).ok();

        let count = server.anyone().get("/products/prod_789").expect(200).json()["imageCount"].as_u64().unwrap();
        // An upload whose answer was lost may have been committed; one that was answered must have been.
        assert!(count >= answered, "{count} images, {answered} were answered");
        let files = server.stored_files();
        assert_eq!(files.len() as u64, count * 5, "{files:?}");
        for file in files {
            let url = format!("/static/img/products/{}", file.display());
            let _ = server.anyone().get(&url).expect(200);
        }
        answered = count;
    }
}

/// Starts an upload and kills the server as soon as there are more than `before` files; what the client heard.
fn crash_when_a_file_appears(server: &Server, before: usize) -> Option<u16> {
    scope(|scope| {
        let upload = scope.spawn(|| {
            let form = Form::upload(PRODUCT, &fixture("camera_with_gps_1600x1200.jpg")).into_body();
            let request = server.admin().request("POST", "/files").header("content-type", Form::content_type());
            request.body(form).send().ok().map(|response| response.status().as_u16())
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        while server.stored_files().len() <= before && !upload.is_finished() {
            assert!(Instant::now() < deadline, "no file appeared");
            std::thread::yield_now();
        }
        server.kill_now();
        upload.join().unwrap()
    })
}

#[on_every_backend]
fn refused_uploads_leave_no_file(backends: Backends) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    for form in [
        Form::upload(PRODUCT, &picture[..9000]),
        Form::upload("prod_999", &picture),
        Form::upload(PRODUCT, &picture).text("order", "x"),
        Form::upload(PRODUCT, b"%PDF-1.7"),
    ] {
        assert!(server.admin().upload(form).status >= 400);
    }
    assert_eq!(server.stored_files(), Vec::<PathBuf>::new());
}
