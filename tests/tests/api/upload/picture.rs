//! 422 for the picture itself: too small, too large, broken, moving.

use crate::pictures::{
    animated_png, animated_webp, exif, exif_segment, jpeg, jpeg_claiming, png, png_claiming, webp, with_chunks,
    with_segments,
};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use serde_json::json;

/// The problem's detail and the message of its only error, which names the file.
#[track_caller]
fn refused(server: &Server, picture: &[u8]) -> (String, String) {
    let answer = server.admin().upload(Form::upload(PRODUCT, picture));
    assert_eq!(answer.invalid_fields("/files"), ["file"]);
    let problem = answer.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&problem["detail"]), text(&problem["errors"][0]["message"]))
}

#[test]
fn a_picture_that_is_too_small_gets_the_customers_answer() {
    let server = Server::start();
    for picture in [jpeg(299, 300), jpeg(300, 299), png(299, 299), webp(1, 1), png(1200, 100)] {
        let (detail, message) = refused(&server, &picture);
        assert_eq!(detail, "Image dimensions too small. Minimum: 300x300 pixels.");
        assert_eq!(message, "Image dimensions must be at least 300x300 pixels");
    }
    for picture in [jpeg(300, 300), png(300, 300), webp(300, 300)] {
        let _ = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201);
    }
}

#[test]
fn a_picture_that_is_too_large_says_so() {
    let server = Server::start();
    for picture in [png(5001, 300), png(300, 5001), jpeg(5001, 300)] {
        let (detail, message) = refused(&server, &picture);
        assert_eq!(detail, "Image dimensions too large. Maximum: 5000x5000 pixels.");
        assert_eq!(message, "Image dimensions must be at most 5000x5000 pixels");
    }
    let image = server.admin().upload(Form::upload(PRODUCT, &png(5000, 300))).expect(201).json();
    assert_eq!(image["dimensions"], json!({"width": 5000, "height": 300, "aspectRatio": "50:3"}));
}

#[test]
fn a_size_is_refused_by_its_header_before_a_pixel_is_decoded() {
    let server = Server::start();
    for picture in [png_claiming(100_000, 100_000), png_claiming(u32::MAX >> 1, 300), jpeg_claiming(65_500, 65_500)] {
        let (detail, _) = refused(&server, &picture);
        assert_eq!(detail, "Image dimensions too large. Maximum: 5000x5000 pixels.");
    }
}

#[test]
fn a_picture_without_area_is_corrupt() {
    let server = Server::start();
    for picture in [png_claiming(0, 400), png_claiming(400, 0), jpeg_claiming(0, 400)] {
        let _ = refused(&server, &picture);
    }
}

#[test]
fn a_truncated_picture_is_refused() {
    let server = Server::start();
    let photographs =
        ["camera_with_gps_1600x1200.jpg", "sideways_1280x960.jpg", "cutout_400x400.png", "photo_1000x750.webp"];
    for name in photographs {
        let whole = fixture(name);
        for length in [40, whole.len() / 10, whole.len() / 2, whole.len() - 200] {
            let (_, message) = refused(&server, &whole[..length]);
            assert!(message.contains("corrupt") || message.contains("truncated"), "{name} cut to {length}: {message}");
        }
    }
    assert_eq!(server.stored_files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_damaged_png_is_refused() {
    let server = Server::start();
    let mut picture = fixture("cutout_400x400.png");
    let middle = picture.len() / 2;
    for byte in &mut picture[middle..middle + 64] {
        *byte ^= 0x5a;
    }
    let (_, message) = refused(&server, &picture);
    assert!(message.contains("corrupt"), "{message}");
}

#[test]
fn a_moving_picture_is_refused_as_such() {
    let server = Server::start();
    for picture in [animated_png(), animated_webp()] {
        let (_, message) = refused(&server, &picture);
        assert!(message.to_lowercase().contains("animat"), "{message}");
    }
}

#[test]
fn an_unsupported_coding_is_named() {
    let server = Server::start();
    // SOF9: arithmetic coding.
    let mut picture = jpeg(400, 400);
    let frame = picture.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    picture[frame + 1] = 0xc9;
    let (_, message) = refused(&server, &picture);
    assert!(message.to_lowercase().contains("arithmetic"), "{message}");
}

#[test]
fn orientation_counts_before_the_limits_do() {
    let server = Server::start();
    let sideways = with_segments(&jpeg(640, 320), &[exif_segment(&exif(6, "sideways"))]);
    let image = server.admin().upload(Form::upload(PRODUCT, &sideways)).expect(201).json();
    assert_eq!(image["dimensions"], json!({"width": 320, "height": 640, "aspectRatio": "1:2"}));
    let png = with_chunks(&png(640, 320), &[(*b"eXIf", &exif(8, "sideways"))]);
    let image = server.admin().upload(Form::upload(PRODUCT, &png)).expect(201).json();
    assert_eq!(image["dimensions"], json!({"width": 320, "height": 640, "aspectRatio": "1:2"}));
}

#[test]
fn a_server_that_refused_a_hundred_broken_pictures_still_takes_good_ones() {
    let server = Server::start();
    let whole = fixture("small_640x640.jpg");
    for n in 1..=100 {
        let mut broken = whole.clone();
        // A different byte each time, and a different end.
        broken[n * 7 + 20] ^= 0xff;
        broken.truncate(whole.len() - n * 100);
        let status = server.admin().upload(Form::upload(PRODUCT, &broken)).status;
        assert!(status == 422 || status == 415 || status == 201, "{n}: {status}");
    }
    let _ = server.admin().upload(Form::upload(PRODUCT, &whole)).expect(201);
}
