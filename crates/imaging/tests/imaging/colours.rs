//! Colours that a file tells by something else than an ICC profile, and profiles that are made to be expensive.
//!
//! Owns pictures of three bands whose colours a browser showed (Chromium 156, on an sRGB screen). The surprising
//! rule: what is expected was seen there or follows from a formula written down here, never from this crate.

use crate::support::{Picture, fixture, inside, png_chunk, process, spec, specs, whole};
use packshot_domain::image::ImageFormat::{Jpeg, Png, WebP};
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage};
use packshot_domain::variant::TargetFormat::{Fixed, Source};
use packshot_imaging::{CodecImageProcessor, ImagingSettings};
use std::time::Duration;

type Colour = [u8; 3];
type Chunk = ([u8; 4], Vec<u8>);

const WIDTH: usize = 384;
const HEIGHT: usize = 64;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Samples {
    Rgb,
    Rgb16,
    Rgba,
    Palette,
}

/// Three bands side by side, with these chunks before the pixels.
fn bands(samples: Samples, colours: [Colour; 3], extra: &[Chunk]) -> Vec<u8> {
    let (colour_type, depth) = match samples {
        Samples::Rgb => (2, 8),
        Samples::Rgb16 => (2, 16),
        Samples::Rgba => (6, 8),
        Samples::Palette => (3, 8),
    };
    let pixel = |x: usize| {
        let band = x * 3 / WIDTH;
        let colour = colours[band];
        match samples {
            Samples::Rgb => colour.to_vec(),
            Samples::Rgb16 => colour.iter().flat_map(|&sample| [sample, sample]).collect(),
            Samples::Rgba => [&colour[..], &[255]].concat(),
            Samples::Palette => vec![band as u8],
        }
    };
    let row: Vec<u8> = [0].into_iter().chain((0..WIDTH).flat_map(pixel)).collect();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&(WIDTH as u32).to_be_bytes()[..], &(HEIGHT as u32).to_be_bytes(), &[depth, colour_type, 0, 0, 0]];
    png.extend(png_chunk(b"IHDR", &header.concat()));
    for (kind, data) in extra {
        png.extend(png_chunk(kind, data));
    }
    if samples == Samples::Palette {
        png.extend(png_chunk(b"PLTE", &colours.concat()));
    }
    png.extend(png_chunk(b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&row.repeat(HEIGHT), 6)));
    png.extend(png_chunk(b"IEND", b""));
    png
}

fn cicp(primaries: u8, transfer: u8) -> Chunk {
    (*b"cICP", vec![primaries, transfer, 0, 1])
}

fn gamma(parts: u32) -> Chunk {
    (*b"gAMA", parts.to_be_bytes().to_vec())
}

fn chromaticities(values: [u32; 8]) -> Chunk {
    (*b"cHRM", values.iter().flat_map(|value| value.to_be_bytes()).collect())
}

fn profile(bytes: &[u8]) -> Chunk {
    (*b"iCCP", [b"x\0\0", &miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)[..]].concat())
}

fn display_p3() -> Vec<u8> {
    moxcms::ColorProfile::new_display_p3().encode().unwrap()
}

/// White, red, green, blue, in 100,000ths.
const ADOBE_RGB: [u32; 8] = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000];
const DISPLAY_P3: [u32; 8] = [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000];

const GREYS: [Colour; 3] = [[64; 3], [128; 3], [192; 3]];
const MIXED: [Colour; 3] = [[153, 102, 51], [0, 153, 204], [128; 3]];

/// A name, what is uploaded, what a browser shows of its bands, and what its colours are called.
type Case = (&'static str, [Colour; 3], Vec<Chunk>, [Colour; 3], &'static str);

fn cases() -> Vec<Case> {
    let light: [Colour; 3] = [[137; 3], [188; 3], [225; 3]];
    let level = |mastering: bool, nits: u32| {
        let peak = (nits * 10_000).to_be_bytes();
        if mastering {
            (*b"mDCV", [&[0; 16], &peak[..], &[0, 0, 0, 50]].concat())
        } else {
            (*b"cLLI", [&peak[..], &peak].concat())
        }
    };
    vec![
        ("linear", GREYS, vec![gamma(100_000)], light, "Gamma 1.00"),
        ("the usual gamma alone", GREYS, vec![gamma(45_455)], GREYS, "sRGB"),
        (
            "gamma and chromaticities",
            [[153, 102, 51], [64; 3], [128; 3]],
            vec![gamma(45_455), chromaticities(ADOBE_RGB)],
            [[170, 102, 43], [62; 3], [129; 3]],
            "Gamma 2.20 with primaries",
        ),
        ("chromaticities alone", MIXED, vec![chromaticities(DISPLAY_P3)], MIXED, "sRGB"),
        ("no gamma", GREYS, vec![gamma(0)], GREYS, "sRGB"),
        ("chromaticities that are none", GREYS, vec![gamma(100_000), chromaticities([0; 8])], light, "Gamma 1.00"),
        ("sRGB before gamma", GREYS, vec![(*b"sRGB", vec![0]), gamma(100_000)], GREYS, "sRGB"),
        ("no intent of sRGB", GREYS, vec![(*b"sRGB", vec![9]), gamma(100_000)], light, "Gamma 1.00"),
        (
            "a profile before gamma",
            MIXED,
            vec![profile(&display_p3()), gamma(100_000)],
            [[162, 99, 38], [0, 154, 208], [128; 3]],
            "Display P3",
        ),
        ("gamma where the profile is none", GREYS, vec![profile(&[7; 400]), gamma(100_000)], light, "Gamma 1.00"),
        ("code points before a profile", GREYS, vec![profile(&display_p3()), cicp(1, 8)], light, "BT.709, linear"),
        ("code points that say nothing", GREYS, vec![cicp(1, 2), gamma(100_000)], light, "Gamma 1.00"),
        ("no primaries", GREYS, vec![cicp(2, 13), gamma(100_000)], light, "Gamma 1.00"),
        ("the narrow range", GREYS, vec![(*b"cICP", vec![1, 13, 0, 0]), gamma(100_000)], light, "Gamma 1.00"),
        ("sRGB", MIXED, vec![cicp(1, 13)], MIXED, "sRGB"),
        (
            "Display P3",
            [[153, 102, 51], [64; 3], [128; 3]],
            vec![cicp(12, 13)],
            [[162, 99, 38], [64; 3], [128; 3]],
            "Display P3",
        ),
        ("television", GREYS, vec![cicp(9, 14)], [[54; 3], [121; 3], [189; 3]], "BT.2020"),
        (
            "PQ",
            [[153, 102, 51], [128; 3], [148; 3]],
            vec![cicp(9, 16)],
            [[245, 33, 0], [132; 3], [187; 3]],
            "BT.2100 PQ",
        ),
        ("PQ of 4000 nits", GREYS, vec![cicp(9, 16), level(false, 4000)], [[30; 3], [132; 3], [226; 3]], "BT.2100 PQ"),
        (
            "PQ made on a screen of 4000 nits",
            GREYS,
            vec![cicp(9, 16), level(true, 4000)],
            [[30; 3], [132; 3], [226; 3]],
            "BT.2100 PQ",
        ),
        (
            "PQ of 600 nits on such a screen",
            [[128; 3], [148; 3], [160; 3]],
            vec![cicp(9, 16), level(true, 4000), level(false, 600)],
            [[150; 3], [212; 3], [236; 3]],
            "BT.2100 PQ",
        ),
        (
            "HLG",
            [[153, 102, 51], [128; 3], [224; 3]],
            vec![cicp(9, 18)],
            [[140, 72, 26], [99; 3], [228; 3]],
            "BT.2100 HLG",
        ),
    ]
}

fn middle(picture: &Picture, band: usize) -> Colour {
    let [red, green, blue, _] = picture.rgba[picture.height / 2 * picture.width + picture.width * (2 * band + 1) / 6];
    [red, green, blue]
}

fn pixels(coded: &[u8]) -> Picture {
    let seen = image::load_from_memory(coded).unwrap().into_rgba8();
    let (width, height) = (seen.width() as usize, seen.height() as usize);
    Picture { width, height, rgba: seen.pixels().map(|pixel| pixel.0).collect() }
}

/// That every variant shows these bands.
fn check(name: &str, image: &ProcessedImage, expected: [Colour; 3]) {
    for variant in &image.variants {
        let picture = pixels(&variant.bytes);
        for (band, expected) in expected.iter().enumerate() {
            let seen = middle(&picture, band);
            // Codings that lose something, and a browser that reckons in other steps.
            let tolerance = if variant.format == Png { 2 } else { 6 };
            let near = seen.iter().zip(expected).all(|(seen, expected)| seen.abs_diff(*expected) <= tolerance);
            assert!(near, "{name}, {}: {seen:?}, not {expected:?}", variant.name);
        }
    }
}

#[test]
fn variants_look_as_a_browser_shows_the_upload() {
    let variants = specs([
        spec("same", inside(5000), Source, 95),
        spec("small", inside(192), Source, 95),
        spec("jpeg", inside(192), Fixed(Jpeg), 95),
        spec("webp", inside(5000), Fixed(WebP), 95),
    ]);
    for (name, colours, extra, expected, description) in cases() {
        for samples in [Samples::Rgb, Samples::Rgb16, Samples::Rgba, Samples::Palette] {
            let upload = bands(samples, colours, &extra);
            let image = process(upload.clone(), &variants).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(image.color_profile, description, "{name}");
            check(&format!("{name}, {samples:?}"), &image, expected);
            // What says the colours stays in the original, and is nowhere in a variant.
            for (kind, data) in extra.iter().filter(|(kind, _)| kind != b"iCCP") {
                assert!(holds(&image.original, kind, data), "{name}: {}", kind.escape_ascii());
            }
            for variant in image.variants.iter().filter(|variant| variant.format == Png) {
                for kind in [b"cICP", b"iCCP", b"gAMA", b"cHRM", b"mDCV", b"cLLI"] {
                    assert!(!variant.bytes.windows(4).any(|four| four == kind), "{name}: {}", variant.name);
                }
            }
        }
    }
}

fn holds(png: &[u8], kind: &[u8; 4], data: &[u8]) -> bool {
    let chunk = png_chunk(kind, data);
    png.windows(chunk.len()).any(|window| window == chunk)
}

/// A ramp of 256 greys in 16 bits, against the formula: a power, coded as sRGB (IEC 61966-2-1).
#[test]
fn every_gamma_is_the_power_that_it_says() {
    for parts in [10_000_u32, 30_000, 45_455, 50_000, 100_000, 180_000] {
        for channels in [1_usize, 3] {
            let row: Vec<u8> = (0..=255_u8).flat_map(|grey| [grey; 6].into_iter().take(2 * channels)).collect();
            let row = [&[0], &row[..]].concat();
            let header = [0, 0, 1, 0, 0, 0, 0, 4, 16, if channels == 1 { 0 } else { 2 }, 0, 0, 0];
            let mut upload = b"\x89PNG\r\n\x1a\n".to_vec();
            upload.extend(png_chunk(b"IHDR", &header));
            upload.extend(png_chunk(b"gAMA", &parts.to_be_bytes()));
            upload
                .extend(png_chunk(b"cHRM", &chromaticities([31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]).1));
            upload.extend(png_chunk(b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&row.repeat(4), 6)));
            upload.extend(png_chunk(b"IEND", b""));
            let image = process(upload, &whole()).unwrap();
            let picture = pixels(&image.variants[0].bytes);
            for grey in 0..256 {
                let light = (grey as f64 / 255.0).powf(100_000.0 / f64::from(parts));
                let code = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
                let [red, green, blue, _] = picture.rgba[grey];
                let near = |seen: u8| (f64::from(seen) - code * 255.0).abs() <= 1.0;
                assert!(near(red) && near(green) && near(blue), "{parts}, {channels}: {grey} is {red} {green} {blue}");
            }
        }
    }
}

/// Its code points say more than its curves (ICC.1:2022, 9.2.17).
#[test]
fn a_profile_with_code_points_is_what_they_say_in_every_format() {
    let mut profile = moxcms::ColorProfile::new_srgb();
    profile.cicp = Some(moxcms::CicpProfile {
        color_primaries: moxcms::CicpColorPrimaries::Bt2020,
        transfer_characteristics: moxcms::TransferCharacteristics::Smpte2084,
        matrix_coefficients: moxcms::MatrixCoefficients::Identity,
        full_range: true,
    });
    let profile = profile.encode().unwrap();
    let colours = [[96; 3], [128; 3], [160; 3]];
    let expected = [[70; 3], [132; 3], [213; 3]];
    let variants = specs([spec("small", inside(192), Fixed(Png), 95), spec("same", inside(5000), Fixed(Png), 95)]);
    let png = bands(Samples::Rgb, colours, &[self::profile(&profile)]);
    let image = process(png, &variants).unwrap();
    check("PNG", &image, expected);
    let plain = process(
        bands(Samples::Rgb, colours, &[]),
        &specs([spec("jpeg", inside(5000), Fixed(Jpeg), 100), spec("webp", inside(5000), Fixed(WebP), 100)]),
    )
    .unwrap();
    check("JPEG", &process(jpeg_with(&plain.variants[0].bytes, &profile), &variants).unwrap(), expected);
    check("WebP", &process(webp_with(&plain.variants[1].bytes, &profile), &variants).unwrap(), expected);
}

fn jpeg_with(jpeg: &[u8], profile: &[u8]) -> Vec<u8> {
    let chunks = profile.chunks(60_000);
    let count = chunks.len() as u8;
    let segments = (1_u8..).zip(chunks).flat_map(|(number, chunk)| {
        let length = (chunk.len() as u16 + 16).to_be_bytes();
        [&[0xff, 0xe2], &length[..], b"ICC_PROFILE\0", &[number, count], chunk].concat()
    });
    [&jpeg[..2], &segments.collect::<Vec<u8>>(), &jpeg[2..]].concat()
}

fn webp_with(webp: &[u8], profile: &[u8]) -> Vec<u8> {
    let padded = |kind: &[u8], data: &[u8]| {
        let padding = vec![0; data.len() % 2];
        [kind, &(data.len() as u32).to_le_bytes(), data, &padding].concat()
    };
    let simple = match &webp[12..16] {
        b"VP8X" => &webp[30..],
        _ => &webp[12..],
    };
    let picture = image::load_from_memory(webp).unwrap();
    let side = |side: u32| (side - 1).to_le_bytes();
    let canvas = [&[0x20, 0, 0, 0], &side(picture.width())[..3], &side(picture.height())[..3]].concat();
    let body = [b"WEBP", &padded(b"VP8X", &canvas)[..], &padded(b"ICCP", profile), simple].concat();
    padded(b"RIFF", &body)
}

/// A profile whose tags name one text of a megabyte two thousand times. The first two kilobytes of such a PNG cost
/// forty seconds once.
fn expensive_profile(tags: u32, text_bytes: u32) -> Vec<u8> {
    let start = 132 + 12 * tags;
    let text = [b"text\0\0\0\0".to_vec(), vec![0xff; text_bytes as usize]].concat();
    let mut profile = display_p3()[..128].to_vec();
    profile[..4].copy_from_slice(&(start + text.len() as u32).to_be_bytes());
    profile.extend(tags.to_be_bytes());
    for _ in 0..tags {
        profile.extend(b"cprt");
        profile.extend(start.to_be_bytes());
        profile.extend((text.len() as u32).to_be_bytes());
    }
    [profile, text].concat()
}

#[test]
fn a_profile_that_names_one_text_again_and_again_is_not_read_in_any_format() {
    let plain = |format| {
        let variants = specs([spec("same", inside(5000), Fixed(format), 90)]);
        process(fixture("rgb-8.png"), &variants).unwrap().variants[0].bytes.to_vec()
    };
    let profile = expensive_profile(2000, 1_000_000);
    for (name, upload) in [
        ("PNG", bands(Samples::Rgb, GREYS, &[self::profile(&profile)])),
        ("JPEG", jpeg_with(&plain(Jpeg), &profile)),
        ("WebP", webp_with(&plain(WebP), &profile)),
    ] {
        let outcome = process(upload, &whole());
        assert!(
            matches!(&outcome, Err(ProcessError::TooCostly(text)) if text.contains("2000 tags")),
            "{name}: {outcome:?}"
        );
    }
    // So few that they are read: of one name, once.
    let image = process(bands(Samples::Rgb, GREYS, &[self::profile(&expensive_profile(200, 1000))]), &whole()).unwrap();
    check("200 tags", &image, GREYS);
}

/// The clock is asked before colours are looked at and while they are converted.
#[test]
fn colours_cost_no_more_time_than_a_picture_may() {
    let settings = ImagingSettings {
        min_width: 1,
        min_height: 1,
        max_cpu_time: Duration::from_nanos(1),
        ..ImagingSettings::default()
    };
    let processor = CodecImageProcessor::new(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for extra in [profile(&display_p3()), cicp(9, 16), gamma(100_000)] {
        let upload = bands(Samples::Rgb, GREYS, &[extra]);
        let outcome = runtime.block_on(processor.process(upload.into(), &whole()));
        assert!(matches!(outcome, Err(ProcessError::TooCostly(_))), "{outcome:?}");
    }
}
