//! The folder of images is away, as the volume is that is not mounted: nothing is made in its place, nothing is said
//! to be gone, and all is as before when it is back.

use super::{not_ready_for, upload, wait_until};
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id, urls};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Server, on_every_backend};
use std::fs;
use std::path::Path;

/// What stands where a volume is not mounted: nothing, or the folder that it is mounted on.
const PLACES: [fn(&Path); 2] = [|_| {}, |place| fs::create_dir(place).expect("a folder")];

#[test]
fn while_its_folder_is_away_a_server_refuses_what_needs_it_and_goes_on_when_it_is_back() {
    let server = Server::start();
    let image = upload(&server, PRODUCT).expect(201).json();
    let (path, url) = (format!("/files/{}", id(&image)), image["variants"]["thumbnail"].as_str().expect("a URL"));
    let (images, away) = (server.folder().join("data/images"), server.folder().join("data/away"));
    for in_its_place in PLACES {
        fs::rename(&images, &away).expect("it moves");
        in_its_place(&images);
        // It is not asked each time.
        wait_until("it says so", || server.anyone().get("/readyz").status == 503);
        not_ready_for(&server, &["store"]);
        upload(&server, PRODUCT).unavailable("/files");
        server.anyone().get(url).unavailable(url);
        server.admin().delete(&path).unavailable(&path);
        let product = format!("/products/{PRODUCT}");
        server.admin().delete(&product).unavailable(&product);
        // A sweep says what it could not do, and blames no image.
        let swept = server.run(&["sweep", "--grace", "0"]);
        assert_eq!(swept.code, Some(1), "{swept:?}");
        // What needs no file is answered.
        assert_eq!(server.anyone().get("/files").expect(200).json()["total"], 1);
        let _ = server.anyone().get(&path).expect(200);

        assert_eq!(fs::read_dir(&images).map_or(0, Iterator::count), 0, "something was made in its place");
        let _ = fs::remove_dir(&images);
        fs::rename(&away, &images).expect("it moves back");
        wait_until("it is ready again", || server.anyone().get("/readyz").status == 200);
        let _ = server.anyone().get(url).expect(200);
    }
    let _ = upload(&server, PRODUCT).expect(201);
    let _ = server.admin().delete(&path).expect(204);
    let _ = server.run(&["sweep", "--grace", "0"]).ok();
    assert_eq!(every_image(&server).len(), 1);
    assert_rows_and_files_agree(&server);
}

#[on_every_backend]
fn a_server_starts_again_where_its_images_are(backends: Backends) {
    let server = Server::start_on(backends);
    let image = upload(&server, PRODUCT).expect(201).json();
    let server = server.terminate().start();
    for url in urls(&image) {
        let _ = server.anyone().get(url).expect(200);
    }
}

#[test]
fn no_server_starts_where_its_images_are_not_until_it_is_told_to() {
    let server = Server::start();
    let url = upload(&server, PRODUCT).expect(201).json()["variants"]["thumbnail"].as_str().expect("a URL").to_owned();
    let mut stopped = server.terminate();
    let (images, away) = (stopped.folder().join("data/images"), stopped.folder().join("data/away"));
    let marker = images.join(".packshot-store");
    let mut named = String::new();
    for in_its_place in PLACES {
        fs::rename(&images, &away).expect("it moves");
        in_its_place(&images);
        for command in ["verify", "sweep", "check", "serve"] {
            let refused = stopped.run(&[command]);
            assert_eq!(refused.code, Some(1), "{command}: {refused:?}");
            let said = format!("{}{}", refused.stdout, refused.stderr);
            assert!(said.contains("storage.url") && said.contains(".packshot-store"), "{command}: {said}");
            named = said;
        }
        assert_eq!(fs::read_dir(&images).map_or(0, Iterator::count), 0, "something was made in its place");
        let _ = fs::remove_dir(&images);
        fs::rename(&away, &images).expect("it moves back");
        let server = stopped.start();
        let _ = server.anyone().get(&url).expect(200);
        stopped = server.terminate();
    }
    // A copy of the folder without the marker is known by the images in it.
    let id = fs::read_to_string(&marker).expect("the marker");
    fs::remove_file(&marker).expect("it goes");
    let server = stopped.start();
    let _ = server.anyone().get(&url).expect(200);
    assert_eq!(fs::read_to_string(&marker).expect("the marker"), id);
    stopped = server.terminate();
    // The images are lost for good, and the operator says so, as the refusal told.
    assert!(named.contains(id.trim()), "{named}");
    fs::remove_dir_all(&images).expect("they go");
    fs::create_dir(&images).expect("a folder");
    fs::write(&marker, id.trim()).expect("the marker");
    let server = stopped.start();
    assert_eq!(server.anyone().get(&url).status, 404);
    let _ = upload(&server, PRODUCT).expect(201);
}
