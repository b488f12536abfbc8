//! What variants are: sizes, fits, formats, alpha, and the rule about bytes.
//!
//! Owns pictures made by code, whose every pixel is known. The surprising rule: nothing is enlarged,
//! whatever the settings ask for.

use crate::support::{Picture, accept, fixture, inside, process, size, spec, specs};
use packshot_domain::image::ImageFormat::{self, Jpeg, Png, WebP};
use packshot_domain::variant::TargetFormat::{Fixed, Source};
use packshot_domain::variant::{Fit, VariantSpecs};

type Pixel = [u8; 4];

const RED: Pixel = [220, 30, 30, 255];
const GREEN: Pixel = [30, 200, 40, 255];
const BLUE: Pixel = [30, 40, 210, 255];
const WHITE: Pixel = [255; 4];
const CLEAR: Pixel = [0; 4];

/// A PNG of pixels by place.
fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> Pixel) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let samples: Vec<u8> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    out
}

/// Left third red, middle green, right blue.
fn stripes(width: u32, height: u32) -> Vec<u8> {
    png(width, height, |x, _| {
        if x < width / 3 {
            RED
        } else if x < width * 2 / 3 {
            GREEN
        } else {
            BLUE
        }
    })
}

fn one(fit: Fit, format: ImageFormat) -> VariantSpecs {
    specs([spec("one", fit, Fixed(format), 90)])
}

fn render(upload: Vec<u8>, fit: Fit) -> Picture {
    Picture::of_png(&process(upload, &one(fit, Png)).unwrap().variants[0].bytes)
}

/// Any coded variant as pixels: through the processor once more, at its own size, as PNG.
fn pixels(coded: &[u8]) -> Picture {
    Picture::of_png(&accept(coded.to_vec()).unwrap().variants[0].bytes)
}

fn at(picture: &Picture, x: usize, y: usize) -> Pixel {
    picture.rgba[y * picture.width + x]
}

fn near(a: Pixel, b: Pixel, tolerance: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= tolerance)
}

#[test]
fn the_default_variants_have_the_customers_sizes_formats_and_order() {
    let image = process(stripes(1500, 900), &VariantSpecs::default()).unwrap();
    let made: Vec<_> =
        image.variants.iter().map(|variant| (variant.name.as_str(), variant.format, variant.dimensions)).collect();
    assert_eq!(
        made,
        [
            ("large", Png, size(1200, 720)),
            ("medium", Png, size(800, 480)),
            ("thumbnail", Png, size(300, 180)),
            ("webp", WebP, size(1200, 720)),
        ]
    );
    for variant in &image.variants {
        let picture = pixels(&variant.bytes);
        assert_eq!(size(picture.width as u32, picture.height as u32), variant.dimensions);
        let row = picture.height / 2;
        for (part, colour) in [(1, RED), (3, GREEN), (5, BLUE)] {
            let pixel = at(&picture, picture.width * part / 6, row);
            assert!(near(pixel, colour, 12), "{}: {pixel:?}", variant.name);
        }
    }
}

#[test]
fn nothing_is_enlarged() {
    for fit in
        [inside(4000), Fit::Cover { size: size(4000, 4000) }, Fit::Inside { max_width: None, max_height: Some(999) }]
    {
        let picture = render(stripes(90, 60), fit);
        assert_eq!((picture.width, picture.height), (90, 60), "{fit:?}");
    }
    let contained = render(stripes(90, 60), Fit::Contain { size: size(120, 120), background: [9, 8, 7, 255] });
    assert_eq!((contained.width, contained.height), (120, 120));
    assert_eq!(at(&contained, 5, 5), [9, 8, 7, 255]);
    assert_eq!(at(&contained, 15, 30), RED);
    assert_eq!(at(&contained, 104, 89), BLUE);
    assert_eq!(at(&contained, 105, 60), [9, 8, 7, 255]);
}

#[test]
fn cover_cuts_both_sides_alike() {
    let whole_height = render(stripes(90, 60), Fit::Cover { size: size(30, 60) });
    assert_eq!((whole_height.width, whole_height.height), (30, 60));
    assert!(whole_height.rgba.iter().all(|&pixel| pixel == GREEN));
    let shrunk = render(stripes(900, 600), Fit::Cover { size: size(150, 300) });
    assert_eq!((shrunk.width, shrunk.height), (150, 300));
    assert!(near(at(&shrunk, 75, 150), GREEN, 1));
    assert!(near(at(&shrunk, 4, 150), GREEN, 1) && near(at(&shrunk, 145, 150), GREEN, 1));
}

#[test]
fn contain_pads_with_the_background_and_keeps_what_is_clear_inside() {
    let upload = png(200, 100, |x, _| if x < 100 { RED } else { CLEAR });
    let fit = Fit::Contain { size: size(100, 100), background: [0, 0, 255, 128] };
    let picture = render(upload.clone(), fit);
    assert_eq!(at(&picture, 50, 5), [0, 0, 255, 128]);
    assert!(near(at(&picture, 20, 50), RED, 1));
    assert_eq!(at(&picture, 80, 50)[3], 0);
    let jpeg = pixels(&process(upload, &one(fit, Jpeg)).unwrap().variants[0].bytes);
    assert!(near(at(&jpeg, 80, 50), WHITE, 6), "what is clear is composed on white");
}

#[test]
fn alpha_is_kept_in_png_and_webp_and_composed_on_white_in_jpeg() {
    let upload = png(400, 400, |x, y| {
        let inside = (i64::from(x) - 200).pow(2) + (i64::from(y) - 200).pow(2) < 150 * 150;
        if inside { [200, 40, 60, 255] } else { [0, 255, 0, 0] }
    });
    let variants = specs([
        spec("png", inside(200), Fixed(Png), 85),
        spec("webp", inside(200), Fixed(WebP), 90),
        spec("jpeg", inside(200), Fixed(Jpeg), 95),
    ]);
    let image = process(upload, &variants).unwrap();
    for variant in &image.variants {
        let picture = pixels(&variant.bytes);
        let corner = at(&picture, 2, 2);
        if variant.format == Jpeg {
            assert!(near(corner, WHITE, 3), "{corner:?}");
        } else {
            assert_eq!(corner[3], 0, "{}", variant.name);
        }
        assert!(near(at(&picture, 100, 100), [200, 40, 60, 255], 8), "{}", variant.name);
        // The green under the clear part shows nowhere along the edge.
        for pixel in picture.rgba.iter().filter(|pixel| pixel[3] > 8) {
            let excess = i32::from(pixel[1]) - i32::from(pixel[0].max(pixel[2]));
            assert!(excess <= 24, "{}: {pixel:?}", variant.name);
        }
    }
}

#[test]
fn idle_alpha_is_dropped() {
    let image = process(png(64, 64, |_, _| RED), &one(inside(32), Png)).unwrap();
    // The colour type in IHDR: 2 is RGB.
    assert_eq!(image.variants[0].bytes[25], 2);
}

#[test]
fn grey_stays_grey() {
    for name in ["gray.jpg", "gray-8.png", "gray-16.png", "icc-gray.png"] {
        let image = process(fixture(name), &one(inside(32), Png)).unwrap();
        assert_eq!(image.variants[0].bytes[25], 0, "{name}");
        let jpeg = process(fixture(name), &one(inside(32), Jpeg)).unwrap();
        assert!(accept(jpeg.variants[0].bytes.clone()).is_ok());
    }
}

#[test]
fn variants_are_made_in_one_go_whatever_their_order_and_number() {
    let mut all = vec![spec("first", inside(10), Fixed(Png), 85)];
    for number in 1..20 {
        let name = format!("v{number}");
        all.push(spec(&name, inside(10 * number), Source, 80));
    }
    let image = process(fixture("baseline-420.jpg"), &specs(all)).unwrap();
    let widths: Vec<u32> = image.variants.iter().map(|variant| variant.dimensions.width()).collect();
    let expected: Vec<u32> = [10].into_iter().chain((1..20).map(|number| (10 * number).min(64))).collect();
    assert_eq!(widths, expected);
    assert!(process(fixture("lossy.webp"), &specs([])).unwrap().variants.is_empty());
}

#[test]
fn more_quality_is_more_bytes() {
    for format in [Jpeg, WebP] {
        let variants =
            specs([30, 60, 90].map(|quality| spec(&format!("q{quality}"), inside(60), Fixed(format), quality)));
        let image = process(fixture("rgb-8.png"), &variants).unwrap();
        let sizes: Vec<usize> = image.variants.iter().map(|variant| variant.bytes.len()).collect();
        assert!(sizes[0] < sizes[1] && sizes[1] < sizes[2], "{format:?} {sizes:?}");
    }
}

/// The rule of the module `render`.
#[test]
fn at_the_same_size_a_variant_has_no_more_bytes_than_the_original() {
    let same = |format| specs([spec("same", inside(5000), format, 95)]);
    // Coded at low quality, so that quality 95 would be larger.
    let small: Vec<u8> = {
        let variants = specs([spec("low", inside(64), Fixed(Jpeg), 20)]);
        process(fixture("rgb-8.png"), &variants).unwrap().variants[0].bytes.to_vec()
    };
    let image = process(small.clone(), &same(Source)).unwrap();
    assert!(image.variants[0].bytes == small, "the original's own coded picture");
    // Coded so well that quality 50 saves more than a quarter.
    let large = {
        let variants = specs([spec("high", inside(64), Fixed(Jpeg), 100)]);
        process(fixture("rgb-8.png"), &variants).unwrap().variants[0].bytes.to_vec()
    };
    let anew = process(large.clone(), &specs([spec("anew", inside(64), Source, 50)])).unwrap();
    assert!(anew.variants[0].bytes.len() * 4 < large.len() * 3);
    let webp = process(small.clone(), &same(Fixed(WebP))).unwrap();
    assert!(webp.variants[0].bytes.len() <= small.len(), "less quality");
    // A drawing, which PNG codes in few bytes and lossy WebP in more.
    let drawing = stripes(300, 300);
    let image = process(drawing.clone(), &same(Source)).unwrap();
    assert!(image.variants[0].bytes.len() <= drawing.len());
    let webp = process(drawing.clone(), &same(Fixed(WebP))).unwrap();
    assert!(webp.variants[0].bytes.len() <= drawing.len());
}

#[test]
fn an_original_with_a_profile_or_a_turn_is_never_passed_off_as_a_variant() {
    for name in ["icc-display-p3.jpg", "icc-display-p3.png", "icc-display-p3.webp"] {
        let image = process(fixture(name), &specs([spec("same", inside(5000), Source, 100)])).unwrap();
        let again = accept(image.variants[0].bytes.clone()).unwrap();
        assert_eq!(again.color_profile, "sRGB", "{name}");
        if name.ends_with(".png") {
            let (greatest, _) = pixels(&image.variants[0].bytes).distance(&Picture::expected(name));
            assert!(greatest <= 4.0, "{name}: {greatest}");
        }
    }
}
