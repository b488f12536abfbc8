//! The variants: really there, of the right kind and size, upright, never enlarged.

use crate::pictures::{
    BLUE, GREEN, RED, WHITE, decode, exif, exif_segment, format_of, is_near, jpeg, png, quarter_colours, webp,
    webp_with_metadata, with_chunks, with_segments,
};
use image::{GenericImageView as _, ImageFormat};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server, fixture};

const NAMES: [&str; 5] = ["original", "large", "medium", "thumbnail", "webp"];

/// Uploads a picture and fetches every variant of it, in the order of [`NAMES`].
#[track_caller]
fn variants_of(server: &Server, picture: &[u8]) -> [Answer; 5] {
    let image = server.admin().upload(Form::upload(PRODUCT, picture)).expect(201).json();
    let variants = image["variants"].as_object().unwrap();
    assert_eq!(variants.len(), NAMES.len(), "{image}");
    NAMES.map(|name| server.anyone().get(variants[name].as_str().unwrap()).expect(200))
}

/// The size of each variant, which must be coded as its media type says.
fn sizes(variants: &[Answer; 5]) -> [(u32, u32); 5] {
    variants.each_ref().map(|variant| {
        let format = format_of(variant.header("content-type").unwrap());
        decode(&variant.body, format).dimensions()
    })
}

fn types(variants: &[Answer; 5]) -> [&str; 5] {
    variants.each_ref().map(|variant| variant.header("content-type").unwrap())
}

#[test]
fn a_camera_jpeg_gets_its_four_variants() {
    let server = Server::start();
    let variants = variants_of(&server, &fixture("camera_with_gps_1600x1200.jpg"));
    assert_eq!(types(&variants), ["image/jpeg", "image/jpeg", "image/jpeg", "image/jpeg", "image/webp"]);
    assert_eq!(sizes(&variants), [(1600, 1200), (1200, 900), (800, 600), (300, 225), (1200, 900)]);
}

#[test]
fn each_format_keeps_its_own_but_for_the_webp_variant() {
    let server = Server::start();
    let png = variants_of(&server, &fixture("cutout_400x400.png"));
    assert_eq!(types(&png), ["image/png", "image/png", "image/png", "image/png", "image/webp"]);
    let webp = variants_of(&server, &fixture("photo_1000x750.webp"));
    assert_eq!(types(&webp), ["image/webp"; 5]);
    assert_eq!(sizes(&webp), [(1000, 750), (1000, 750), (800, 600), (300, 225), (1000, 750)]);
}

#[test]
fn nothing_is_enlarged() {
    let server = Server::start();
    for picture in [jpeg(300, 400), png(300, 400), webp(300, 400)] {
        assert_eq!(sizes(&variants_of(&server, &picture)), [(300, 400); 5]);
    }
    assert_eq!(
        sizes(&variants_of(&server, &jpeg(900, 300))),
        [(900, 300), (900, 300), (800, 267), (300, 100), (900, 300)]
    );
}

#[test]
fn a_tall_picture_is_fitted_by_its_width() {
    let server = Server::start();
    let sizes = sizes(&variants_of(&server, &png(1500, 3000)));
    assert_eq!(sizes, [(1500, 3000), (1200, 2400), (800, 1600), (300, 600), (1200, 2400)]);
}

#[test]
fn a_sideways_photograph_comes_out_upright() {
    let server = Server::start();
    let variants = variants_of(&server, &fixture("sideways_1280x960.jpg"));
    assert_eq!(sizes(&variants), [(960, 1280), (960, 1280), (800, 1067), (300, 400), (960, 1280)]);
}

#[test]
fn every_orientation_of_every_format_comes_out_upright() {
    let server = Server::start();
    let size = (640, 480);
    let [a, b, c, d] = [RED, GREEN, BLUE, WHITE];
    let displayed = [
        [a, b, c, d],
        [b, a, d, c],
        [d, c, b, a],
        [c, d, a, b],
        [a, c, b, d],
        [c, a, d, b],
        [d, b, c, a],
        [b, d, a, c],
    ];
    for (orientation, expected) in (1..).zip(displayed) {
        let tiff = exif(orientation, "turned");
        for uploaded in [
            with_segments(&jpeg(size.0, size.1), &[exif_segment(&tiff)]),
            with_chunks(&png(size.0, size.1), &[(*b"eXIf", &tiff)]),
            webp_with_metadata(&tiff, b"<x/>", size.0, size.1),
        ] {
            for variant in &variants_of(&server, &uploaded)[1..] {
                let media_type = variant.header("content-type").unwrap();
                let found = quarter_colours(&decode(&variant.body, format_of(media_type)));
                assert!(
                    found.iter().zip(expected).all(|(found, expected)| is_near(*found, expected)),
                    "orientation {orientation}, {media_type}: {found:?} instead of {expected:?}"
                );
            }
        }
    }
}

#[test]
fn transparency_is_kept() {
    let server = Server::start();
    let variants = variants_of(&server, &fixture("cutout_400x400.png"));
    for variant in &variants {
        let format = format_of(variant.header("content-type").unwrap());
        let picture = image::load_from_memory_with_format(&variant.body, format).unwrap();
        let (width, height) = picture.dimensions();
        assert_eq!(picture.get_pixel(0, 0).0[3], 0, "{format:?} {width}x{height}");
        assert_eq!(picture.get_pixel(width / 2, height / 2).0[3], 255, "{format:?} {width}x{height}");
    }
}

#[test]
fn variants_carry_no_metadata() {
    let server = Server::start();
    let secret = "taken at home";
    let uploaded =
        with_segments(&jpeg(640, 480), &[exif_segment(&exif(1, secret)), (0xfe, secret.as_bytes().to_vec())]);
    for variant in &variants_of(&server, &uploaded) {
        let has = |text: &[u8]| variant.body.windows(text.len()).any(|window| window == text);
        assert!(!has(secret.as_bytes()) && !has(b"Exif") && !has(b"ICC_PROFILE"));
    }
}

#[test]
fn variants_look_like_the_photograph() {
    let server = Server::start();
    let uploaded = fixture("camera_with_gps_1600x1200.jpg");
    let original = decode(&uploaded, ImageFormat::Jpeg);
    for variant in &variants_of(&server, &uploaded)[1..] {
        let picture = decode(&variant.body, format_of(variant.header("content-type").unwrap()));
        let (width, height) = picture.dimensions();
        let expected = image::imageops::resize(&original, width, height, image::imageops::FilterType::Lanczos3);
        let distance: u64 = picture.iter().zip(expected.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let samples = u64::from(width) * u64::from(height) * 3;
        // Mean distance of a sample; a shift by one pixel or a wrong colour space costs more than 6.
        assert!(distance < samples * 6, "{width}x{height}: {} / {samples}", distance);
    }
}
