//! The variants: really there, of the right kind and size, upright, never enlarged.

use crate::pictures::{
    BLUE, GREEN, RED, WHITE, decode, exif, exif_segment, format_of, is_near, jpeg, png, quarter_colours, webp,
    with_chunks, with_segments,
};
use image::imageops::{FilterType, resize};
use image::{GenericImageView as _, ImageFormat, Rgb, Rgb32FImage, RgbImage};
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
fn every_orientation_comes_out_upright() {
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
        let expected = shrunk(&original, width, height);
        let straight = distance(&picture, &expected, (0, 0));
        // Half of what a picture costs that is a pixel off, and that is no more than the coding takes.
        let shifted = distance(&picture, &expected, (1, 0)).min(distance(&picture, &expected, (0, 1)));
        assert!(straight < 10.0 && straight * 2.0 < shifted, "{width}x{height}: {straight}, shifted {shifted}");
    }
}

/// The picture in another size, filtered in linear light, as light itself adds up.
fn shrunk(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (from, to) = (picture.dimensions(), (width, height));
    let linear = Rgb32FImage::from_fn(from.0, from.1, |x, y| {
        Rgb(picture.get_pixel(x, y).0.map(|value| {
            let value = f32::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        }))
    });
    let small = resize(&linear, to.0, to.1, FilterType::Lanczos3);
    RgbImage::from_fn(to.0, to.1, |x, y| {
        Rgb(small.get_pixel(x, y).0.map(|value| {
            let value = value.clamp(0.0, 1.0);
            let value = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
            let byte = (value * 255.0).round() as u8;
            byte
        }))
    })
}

/// The mean distance of two pictures' samples, the second one moved by `shift`.
fn distance(a: &RgbImage, b: &RgbImage, shift: (u32, u32)) -> f64 {
    let (width, height) = (a.width() - shift.0, a.height() - shift.1);
    let mut sum = 0_u64;
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let (a, b) = (a.get_pixel(x, y).0, b.get_pixel(x + shift.0, y + shift.1).0);
        sum += a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>();
    }
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more digits")]
    let mean = sum as f64 / f64::from(width) / f64::from(height) / 3.0;
    mean
}
