//! The disk is full, for the embedded database and the image files alike.

use super::{no_more_open_than, ready_again, wait_until};
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id};
use packshot_tests::server::PRODUCT;
use packshot_tests::small_disk::SmallDisk;
use packshot_tests::{Form, Server, fixture};

#[test]
fn a_full_disk_refuses_uploads_whole_and_takes_them_when_there_is_room() {
    let disk = SmallDisk::start(Server::builder().set("PACKSHOT_DATABASE__POOL_SIZE", "1"));
    let server = disk.server();
    let _ = server.admin().put_json("/products/prod_789", r#"{"name": "A product"}"#).expect(201);
    let upload = || server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg")));
    let image = upload().expect(201).json();
    let path = format!("/files/{}", image["id"].as_str().expect("an id"));
    let handles = server.open_handles();
    // Room for some of the files, for hardly more than a row, for nothing.
    for (round, left_bytes) in [100_000, 20_000, 0].into_iter().enumerate() {
        disk.leave(left_bytes);
        for _ in 0..3 {
            upload().unavailable("/files");
        }
        let _ = server.anyone().get(&path).expect(200);
        assert_eq!(every_image(server).len(), 1 + round);
        assert_rows_and_files_agree(server);
        disk.free();
        let _ = upload().expect(201);
        ready_again(server);
        assert_rows_and_files_agree(server);
    }
    let _ = server.admin().delete(&path).expect(204);
    assert_rows_and_files_agree(server);
    no_more_open_than(server, handles);
}

#[test]
fn on_a_full_disk_one_can_still_delete_and_the_server_says_that_it_takes_nothing() {
    let disk = SmallDisk::start(Server::builder());
    let server = disk.server();
    let _ = server.admin().put_json("/products/prod_789", r#"{"name": "A product"}"#).expect(201);
    let upload = || server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")));
    let images: Vec<String> = (0..10).map(|_| id(&upload().expect(201).json()).to_owned()).collect();
    disk.leave(0);
    upload().unavailable("/files");
    wait_until("it says so", || server.anyone().get("/readyz").status == 503);
    for (count, image) in (1..).zip(&images) {
        let path = format!("/files/{image}");
        let answer = server.admin().delete(&path);
        if !disk.is_mounted() {
            // A limit of a file's size holds for every file, however much room there is.
            answer.unavailable(&path);
            continue;
        }
        let _ = answer.expect(204);
        assert_eq!(every_image(server).len(), images.len() - count);
    }
    assert_rows_and_files_agree(server);
    disk.free();
    wait_until("it is ready again", || server.anyone().get("/readyz").status == 200);
    let image = upload().expect(201).json();
    let _ = server.admin().delete(&format!("/files/{}", id(&image))).expect(204);
    assert_rows_and_files_agree(server);
}
