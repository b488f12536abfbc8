//! Every coding that packshot takes, compared pixel by pixel with an independent decoder.
//!
//! Owns the table of fixtures. The surprising rule: every fixture in the folder must be in the table, so
//! none can be added and forgotten.

use crate::support::{Picture, fixture, fixtures, process, shrunk, size, whole};
use webp::Encoder;

/// A fixture, whose expected picture, and how far a sample may be from it.
type Row = (&'static str, &'static str, f64);

/// The decoders differ in rounding only.
const ROUNDING: f64 = 2.0;
/// Colour management in whole numbers, by two libraries.
const COLOUR: f64 = 4.0;
/// What JPEG coding at quality 95 loses.
const LOSSY: f64 = 24.0;

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Orientation: every value shows the same picture.
    ("orientation-1.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-2.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-3.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-4.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-5.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-6.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-7.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-8.jpg", "orientation-1.jpg", LOSSY),
    ("orientation-6-odd.jpg", "orientation-6-odd.jpg", LOSSY),
    ("orientation-1.png", "rgb-8.png", 0.0),
    ("orientation-2.png", "rgb-8.png", 0.0),
    ("orientation-3.png", "rgb-8.png", 0.0),
    ("orientation-4.png", "rgb-8.png", 0.0),
    ("orientation-5.png", "rgb-8.png", 0.0),
    ("orientation-6.png", "rgb-8.png", 0.0),
    ("orientation-7.png", "rgb-8.png", 0.0),
    ("orientation-8.png", "rgb-8.png", 0.0),
    // No browser turns a WebP.
    ("orientation-6.webp", "orientation-6.webp", 0.0),
    // JPEG: sampling factors, sizes, scan scripts, colour models.
    ("baseline-420.jpg", "baseline-420.jpg", ROUNDING),
    ("baseline-444.jpg", "baseline-444.jpg", ROUNDING),
    ("baseline-422.jpg", "baseline-422.jpg", ROUNDING),
    ("baseline-440.jpg", "baseline-440.jpg", ROUNDING),
    ("baseline-411.jpg", "baseline-411.jpg", ROUNDING),
    ("baseline-410.jpg", "baseline-410.jpg", ROUNDING),
    ("sampling-3x1.jpg", "sampling-3x1.jpg", ROUNDING),
    ("sampling-chroma-larger.jpg", "sampling-chroma-larger.jpg", ROUNDING),
    ("sampling-mixed.jpg", "sampling-mixed.jpg", ROUNDING),
    ("odd-size-420.jpg", "odd-size-420.jpg", ROUNDING),
    ("tall-1-to-16.jpg", "tall-1-to-16.jpg", ROUNDING),
    ("wide-16-to-1.jpg", "wide-16-to-1.jpg", ROUNDING),
    ("progressive-420.jpg", "progressive-420.jpg", ROUNDING),
    ("progressive-444.jpg", "progressive-444.jpg", ROUNDING),
    ("restart-every-block.jpg", "restart-every-block.jpg", ROUNDING),
    ("not-interleaved.jpg", "not-interleaved.jpg", ROUNDING),
    ("gray.jpg", "gray.jpg", ROUNDING),
    ("rgb-not-ycc.jpg", "rgb-not-ycc.jpg", ROUNDING),
    ("cmyk.jpg", "cmyk.jpg", ROUNDING),
    ("ycck.jpg", "ycck.jpg", ROUNDING),
    // Colour profiles.
    ("icc-srgb-by-numbers.jpg", "icc-srgb-by-numbers.jpg", ROUNDING),
    ("icc-display-p3.jpg", "icc-display-p3.jpg", COLOUR),
    ("icc-in-many-chunks.jpg", "icc-in-many-chunks.jpg", COLOUR),
    ("icc-adobe-rgb.jpg", "icc-adobe-rgb.jpg", COLOUR),
    ("icc-prophoto.jpg", "icc-prophoto.jpg", COLOUR),
    ("icc-gray.jpg", "icc-gray.jpg", COLOUR),
    ("icc-broken.jpg", "icc-broken.jpg", ROUNDING),
    ("icc-of-other-pixels.jpg", "icc-of-other-pixels.jpg", ROUNDING),
    ("cmyk-icc.jpg", "cmyk-icc.jpg", COLOUR),
    ("icc-display-p3.png", "icc-display-p3.png", COLOUR),
    ("icc-prophoto-16.png", "icc-prophoto-16.png", COLOUR),
    ("icc-gray.png", "icc-gray.png", COLOUR),
    ("icc-alpha.png", "icc-alpha.png", COLOUR),
    ("icc-display-p3.webp", "icc-display-p3.webp", COLOUR),
    // PNG: every colour type and depth, keys, palettes, interlacing.
    ("gray-1.png", "gray-1.png", 0.0),
    ("gray-2.png", "gray-2.png", 0.0),
    ("gray-4.png", "gray-4.png", 0.0),
    ("gray-8.png", "gray-8.png", 0.0),
    ("gray-16.png", "gray-16.png", 0.0),
    ("gray-alpha-8.png", "gray-alpha-8.png", 0.0),
    ("gray-alpha-16.png", "gray-alpha-16.png", 0.0),
    ("gray-key.png", "gray-key.png", 0.0),
    ("rgb-8.png", "rgb-8.png", 0.0),
    ("rgb-8-interlaced.png", "rgb-8.png", 0.0),
    ("rgb-16.png", "rgb-16.png", 0.0),
    ("rgb-16-interlaced.png", "rgb-16.png", 0.0),
    ("rgb-key.png", "rgb-key.png", 0.0),
    ("rgba-8.png", "rgba-8.png", 0.0),
    ("rgba-8-interlaced.png", "rgba-8.png", 0.0),
    ("rgba-16.png", "rgba-16.png", 0.0),
    ("palette-1.png", "palette-1.png", 0.0),
    ("palette-2.png", "palette-2.png", 0.0),
    ("palette-4.png", "palette-4.png", 0.0),
    ("palette-8.png", "palette-8.png", 0.0),
    ("palette-alpha.png", "palette-alpha.png", 0.0),
    ("palette-interlaced.png", "palette-interlaced.png", 0.0),
    ("odd-size-interlaced.png", "odd-size-interlaced.png", 0.0),
    ("photo.png", "rgb-8.png", 0.0),
    // WebP.
    ("lossy.webp", "lossy.webp", ROUNDING),
    ("lossy-odd-size.webp", "lossy-odd-size.webp", ROUNDING),
    ("lossy-alpha.webp", "lossy-alpha.webp", ROUNDING),
    ("lossless.webp", "lossless.webp", 0.0),
    ("lossless-alpha.webp", "lossless-alpha.webp", 0.0),
    ("tall-1-to-16.webp", "tall-1-to-16.webp", 0.0),
];

#[test]
fn every_coding_shows_the_pixels_that_another_decoder_sees() {
    let mut wrong = Vec::new();
    for (name, expected, tolerance) in TABLE {
        let expected = Picture::expected(expected);
        let image = process(fixture(name), &whole()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let actual = Picture::of_png(&image.variants[0].bytes);
        assert_eq!(image.dimensions, size(expected.width as u32, expected.height as u32), "{name}");
        let (greatest, mean) = actual.distance(&expected);
        if greatest > *tolerance || mean > 3.0 {
            wrong.push(format!("{name}: greatest {greatest:.1}, mean {mean:.2}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn shrinking_while_decoding_shows_the_same_picture() {
    let mut wrong = Vec::new();
    for (name, expected, _) in TABLE {
        let expected = Picture::expected(expected);
        if expected.width % 2 + expected.height % 2 > 0 {
            continue;
        }
        let expected = expected.halved();
        let image = process(fixture(name), &shrunk(expected.width as u32)).unwrap();
        let actual = Picture::of_png(&image.variants[0].bytes);
        let (_, mean) = actual.distance(&expected);
        // A box and a Lanczos filter differ at edges; a wrong turn or colour space differs everywhere.
        if mean > 10.0 {
            wrong.push(format!("{name}: mean {mean:.2}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A photograph's noise, so that a WebP has many times the bytes that its decoder is given at once.
#[test]
fn a_webp_that_is_decoded_in_pieces_is_the_picture_that_an_independent_decoder_sees() {
    let (width, height) = (700, 600);
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let opaque: Vec<u8> = (0..width * height * 3).map(|_| noise()).collect();
    let clear: Vec<u8> = (0..width * height * 4).map(|_| noise()).collect();
    let (rgb, rgba) = (|| Encoder::from_rgb(&opaque, width, height), || Encoder::from_rgba(&clear, width, height));
    for (name, coded, tolerance) in [
        ("lossless", rgb().encode_lossless(), 0.0),
        ("lossless with alpha", rgba().encode_lossless(), 0.0),
        ("lossy", rgb().encode(90.0), ROUNDING),
        ("lossy with alpha", rgba().encode(90.0), ROUNDING),
    ] {
        assert!(coded.len() > 256 << 10, "{name}: {} bytes", coded.len());
        let seen = image::load_from_memory(&coded).unwrap().into_rgba8();
        let rgba = seen.pixels().map(|pixel| pixel.0).collect();
        let expected = Picture { width: width as usize, height: height as usize, rgba };
        let image = process(coded.to_vec(), &whole()).unwrap();
        let (greatest, _) = Picture::of_png(&image.variants[0].bytes).distance(&expected);
        assert!(greatest <= tolerance, "{name}: {greatest}");
    }
}

#[test]
fn every_fixture_is_in_the_table() {
    for ending in [".jpg", ".png", ".webp"] {
        for name in fixtures(ending) {
            assert!(TABLE.iter().any(|(known, _, _)| *known == name), "{name}");
        }
    }
}

#[test]
fn the_profile_names_itself() {
    for (name, description) in [
        ("icc-display-p3.jpg", "Display P3"),
        ("icc-adobe-rgb.jpg", "Adobe RGB (1998)"),
        ("icc-prophoto-16.png", "ProPhoto RGB"),
        ("icc-srgb-by-numbers.jpg", "Not named after it"),
        ("icc-gray.png", "Gray Gamma 1.8"),
        ("cmyk-icc.jpg", "Ideal inks"),
        ("icc-display-p3.webp", "Display P3"),
        ("icc-broken.jpg", "sRGB"),
        ("baseline-420.jpg", "sRGB"),
        ("lossless.webp", "sRGB"),
    ] {
        assert_eq!(process(fixture(name), &whole()).unwrap().color_profile, description, "{name}");
    }
}
