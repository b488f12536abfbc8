//! The stored original: its pixels untouched, and nothing in it that a customer should not see.

use crate::pictures::{BLUE, GREEN, RED, WHITE};
use crate::pictures::{
    decode, exif, exif_segment, is_near, jpeg, png, quarter_colours, webp_with_metadata, with_chunks, with_segments,
};
use image::ImageFormat;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend};

const SECRET: &str = "46.9513N 7.4439E at home";

/// Uploads a picture; the answer's body and the original as it is served.
#[track_caller]
fn original_of(server: &Server, picture: &[u8]) -> (serde_json::Value, Answer) {
    let image = server.admin().upload(Form::upload(PRODUCT, picture)).expect(201).json();
    let served = server.anyone().get(image["variants"]["original"].as_str().unwrap()).expect(200);
    (image, served)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[on_every_backend]
fn a_file_with_nothing_to_take_out_is_kept_byte_for_byte(backends: Backends) {
    let server = Server::start_on(backends);
    for picture in [fixture("small_640x640.jpg"), fixture("cutout_400x400.png"), fixture("photo_1000x750.webp")] {
        let (image, served) = original_of(&server, &picture);
        assert!(served.body == picture, "{} bytes became {}", picture.len(), served.body.len());
        assert_eq!(image["size"], picture.len());
    }
}

#[on_every_backend]
fn the_size_is_that_of_the_stored_original(backends: Backends) {
    let server = Server::start_on(backends);
    let uploaded = fixture("camera_with_gps_1600x1200.jpg");
    let (image, served) = original_of(&server, &uploaded);
    assert_eq!(image["size"], served.body.len());
    assert!(served.body.len() < uploaded.len());
}

#[test]
fn a_cameras_position_and_owner_are_gone() {
    let server = Server::start();
    let uploaded = fixture("camera_with_gps_1600x1200.jpg");
    let (_, served) = original_of(&server, &uploaded);
    for text in [b"Exif".as_slice(), b"Packshot Cameras", b"Fixture One", b"A Photographer", b"2024:01:15"] {
        assert!(contains(&uploaded, text), "the photograph lost {}", String::from_utf8_lossy(text));
        assert!(!contains(&served.body, text), "{} is still there", String::from_utf8_lossy(text));
    }
    assert!(decode(&served.body, ImageFormat::Jpeg) == decode(&uploaded, ImageFormat::Jpeg), "a pixel changed");
}

#[test]
fn a_jpeg_loses_every_kind_of_metadata() {
    let server = Server::start();
    let mut uploaded = with_segments(
        &jpeg(640, 480),
        &[
            exif_segment(&exif(1, SECRET)),
            (0xe1, [b"http://ns.adobe.com/xap/1.0/\0", SECRET.as_bytes()].concat()),
            (0xed, [b"Photoshop 3.0\08BIM\x04\x04", SECRET.as_bytes()].concat()),
            (0xe5, SECRET.as_bytes().to_vec()),
            (0xfe, SECRET.as_bytes().to_vec()),
        ],
    );
    uploaded.extend_from_slice(SECRET.as_bytes());
    let (_, served) = original_of(&server, &uploaded);
    assert!(!contains(&served.body, SECRET.as_bytes()));
    assert!(served.body.ends_with(&[0xff, 0xd9]));
    assert!(decode(&served.body, ImageFormat::Jpeg) == decode(&uploaded, ImageFormat::Jpeg), "a pixel changed");
}

#[test]
fn a_png_loses_every_kind_of_metadata() {
    let server = Server::start();
    let text = [b"Comment\0", SECRET.as_bytes()].concat();
    let international = [b"XML:com.adobe.xmp\0\0\0\0\0", SECRET.as_bytes()].concat();
    let tiff = exif(1, SECRET);
    let mut uploaded = with_chunks(
        &png(640, 480),
        &[(*b"tEXt", &text), (*b"iTXt", &international), (*b"eXIf", &tiff), (*b"tIME", &[7, 232, 1, 15, 10, 30, 0])],
    );
    uploaded.extend_from_slice(SECRET.as_bytes());
    let (_, served) = original_of(&server, &uploaded);
    assert!(!contains(&served.body, SECRET.as_bytes()));
    assert!(!contains(&served.body, b"tIME"));
    assert!(served.body.ends_with(b"IEND\xae\x42\x60\x82"));
    assert!(decode(&served.body, ImageFormat::Png) == decode(&uploaded, ImageFormat::Png), "a pixel changed");
}

#[test]
fn a_webp_loses_every_kind_of_metadata() {
    let server = Server::start();
    let mut uploaded = webp_with_metadata(&exif(1, SECRET), SECRET.as_bytes(), 640, 480);
    let pixels = decode(&uploaded, ImageFormat::WebP);
    uploaded.extend_from_slice(SECRET.as_bytes());
    let (_, served) = original_of(&server, &uploaded);
    assert!(!contains(&served.body, SECRET.as_bytes()));
    assert!(!contains(&served.body, b"EXIF") && !contains(&served.body, b"XMP "));
    assert!(decode(&served.body, ImageFormat::WebP) == pixels, "a pixel changed");
}

#[test]
fn what_is_hidden_behind_the_end_of_a_picture_is_not_served() {
    let server = Server::start();
    let page = b"<html><script>alert(1)</script></html>";
    for (picture, format) in [(jpeg(400, 400), ImageFormat::Jpeg), (png(400, 400), ImageFormat::Png)] {
        let (_, served) = original_of(&server, &[&picture, page.as_slice()].concat());
        assert!(served.body == picture);
        let _ = decode(&served.body, format);
    }
}

#[test]
fn a_turned_jpeg_is_turned_without_loss_where_its_size_allows() {
    let server = Server::start();
    let upright = jpeg(640, 480);
    for orientation in 1..=8 {
        let uploaded = with_segments(&upright, &[exif_segment(&exif(orientation, "turned"))]);
        let (image, served) = original_of(&server, &uploaded);
        let picture = decode(&served.body, ImageFormat::Jpeg);
        let expected = displayed(orientation);
        let found = quarter_colours(&picture);
        assert!(
            found.iter().zip(expected).all(|(found, expected)| is_near(*found, expected)),
            "orientation {orientation}: {found:?} instead of {expected:?}"
        );
        let dimensions = &image["dimensions"];
        let (width, height) = if orientation >= 5 { (480, 640) } else { (640, 480) };
        assert_eq!(picture.dimensions(), (width, height), "orientation {orientation}");
        assert_eq!((&dimensions["width"], &dimensions["height"]), (&width.into(), &height.into()));
    }
}

/// The quarters as a viewer shows them that honours this orientation (EXIF 2.3, tag 0x0112).
fn displayed(orientation: u8) -> [[u8; 3]; 4] {
    let [a, b, c, d] = [RED, GREEN, BLUE, WHITE];
    match orientation {
        2 => [b, a, d, c],
        3 => [d, c, b, a],
        4 => [c, d, a, b],
        5 => [a, c, b, d],
        6 => [c, a, d, b],
        7 => [d, b, c, a],
        8 => [b, d, a, c],
        _ => [a, b, c, d],
    }
}
