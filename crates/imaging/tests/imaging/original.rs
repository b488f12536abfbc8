//! The cleaned original: what stays, what goes, and when pixels are turned.
//!
//! Owns what may be in it; the walkers that find what is in it stand in `walkers`.

use crate::support::{Picture, accept, fixture, fixtures, process, specs, whole};
use crate::walkers::{png_chunks, segments, webp_chunks};
use packshot_domain::ports::image_processor::ProcessedImage;

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], payload].concat()
}

fn png_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let body = [kind.as_bytes(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

fn webp_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let padding = vec![0; data.len() % 2];
    [kind.as_bytes(), &length, data, &padding].concat()
}

/// An EXIF block with an orientation, a camera's name and a GPS directory.
fn exif_with_gps(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x03\0".to_vec();
    block.extend_from_slice(b"\x0f\x01\x02\0\x04\0\0\0ACME");
    block.extend_from_slice(&[0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    block.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x32\0\0\0\0\0\0\0GPS-SECRET");
    block
}

fn same_pixels(a: &ProcessedImage, b: &ProcessedImage) {
    assert!(a.variants[0].bytes == b.variants[0].bytes);
}

/// The inverse transform of a block rounds its rows before its columns, so a turned block may differ from
/// the turned pixels by that rounding, which a profile can enlarge.
fn nearly_same_pixels(a: &ProcessedImage, b: &ProcessedImage) {
    let (a, b) = (Picture::of_png(&a.variants[0].bytes), Picture::of_png(&b.variants[0].bytes));
    let (greatest, mean) = a.distance(&b);
    assert!(greatest <= 16.0 && mean < 0.2, "{greatest} {mean}");
}

fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif = segment(0xe1, &[b"Exif\0\0".as_slice(), &exif_with_gps(orientation)].concat());
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

#[test]
fn what_has_nothing_to_take_out_is_the_upload_byte_for_byte() {
    for ending in [".jpg", ".png", ".webp"] {
        for name in fixtures(ending).into_iter().filter(|name| !name.starts_with("orientation-")) {
            let upload = fixture(&name);
            assert!(accept(upload.clone()).unwrap().original == upload, "{name}");
        }
    }
}

#[test]
fn a_jpeg_loses_everything_that_is_not_its_picture() {
    let plain = fixture("icc-display-p3.jpg");
    let mut stuffed = plain[..2].to_vec();
    // A JFIF thumbnail of one pixel.
    stuffed.extend(segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01SEC"));
    stuffed.extend(segment(0xe0, b"JFXX\0\x10SECRET"));
    stuffed.extend(segment(0xe1, &[b"Exif\0\0".as_slice(), &exif_with_gps(1)].concat()));
    stuffed.extend(segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SECRET</x:xmpmeta>"));
    stuffed.extend(segment(0xe2, b"MPF\0SECRET"));
    for marker in [0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xfe] {
        stuffed.extend(segment(marker, b"Photoshop 3.0\0SECRET"));
    }
    stuffed.extend_from_slice(&plain[2..]);
    stuffed.extend_from_slice(b"\xff\xd8\xff\xe1SECRET, a second picture<script>PK\x03\x04");
    let (clean, reference) = (accept(stuffed).unwrap(), accept(plain.clone()).unwrap());
    same_pixels(&clean, &reference);
    let found = segments(&clean.original);
    for (marker, payload) in &found {
        let known = match marker {
            0xe0 => payload.starts_with(b"JFIF\0") && payload.len() == 14 && payload.ends_with(&[0, 0]),
            0xe2 => payload.starts_with(b"ICC_PROFILE\0"),
            0xc0 | 0xc4 | 0xda | 0xdb => true,
            _ => false,
        };
        assert!(known, "{marker:02x} {payload:?}");
    }
    assert!(!clean.original.windows(3).any(|bytes| bytes == b"SEC"));
    assert_eq!(found.iter().filter(|(marker, _)| *marker == 0xe2).count(), 1, "the profile is kept");
    // The scan is the same to the byte.
    let scan = |jpeg: &[u8]| jpeg[jpeg.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap()..].to_vec();
    assert!(scan(&clean.original) == scan(&plain));
}

#[test]
fn an_adobe_jpeg_keeps_the_segment_that_its_colours_need() {
    for name in ["cmyk.jpg", "ycck.jpg", "rgb-not-ycc.jpg"] {
        let image = accept(fixture(name)).unwrap();
        assert!(segments(&image.original).iter().any(|(marker, data)| *marker == 0xee && data.starts_with(b"Adobe")));
    }
}

#[test]
fn every_segment_of_every_cleaned_jpeg_is_known() {
    for name in fixtures(".jpg") {
        for (marker, payload) in segments(&accept(fixture(&name)).unwrap().original) {
            let known = match marker {
                0xc0..=0xc2 | 0xc4 | 0xda | 0xdb | 0xdd => true,
                0xe0 => payload.starts_with(b"JFIF\0"),
                0xe1 => name == "orientation-6-odd.jpg" && payload.len() == 32,
                0xe2 => payload.starts_with(b"ICC_PROFILE\0"),
                0xee => payload.starts_with(b"Adobe"),
                _ => false,
            };
            assert!(known, "{name}: {marker:02x}");
        }
    }
}

#[test]
fn a_png_loses_everything_that_is_not_its_picture() {
    let plain = fixture("icc-display-p3.png");
    let ihdr = 8 + 25;
    let end = plain.len() - 12;
    let mut stuffed = plain[..ihdr].to_vec();
    for (kind, data) in [
        ("gAMA", &[0, 0, 0xb1, 0x8f][..]),
        ("pHYs", &[0, 0, 0x0b, 0x13, 0, 0, 0x0b, 0x13, 1]),
        ("tEXt", b"Comment\0SECRET"),
        ("zTXt", b"Comment\0\0SECRET"),
        ("iTXt", b"XML:com.adobe.xmp\0\0\0\0\0SECRET"),
        ("tIME", &[7, 0xea, 1, 1, 0, 0, 0]),
        ("eXIf", &exif_with_gps(1)),
        ("prVt", b"SECRET"),
        ("fcTL", b"SECRET"),
    ] {
        stuffed.extend(png_chunk(kind, data));
    }
    stuffed.extend_from_slice(&plain[ihdr..end]);
    stuffed.extend(png_chunk("tEXt", b"Comment\0SECRET"));
    stuffed.extend_from_slice(&plain[end..]);
    stuffed.extend_from_slice(b"SECRET PK\x03\x04");
    let clean = accept(stuffed).unwrap();
    same_pixels(&clean, &accept(plain).unwrap());
    let kinds: Vec<String> = png_chunks(&clean.original).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["IHDR", "gAMA", "pHYs", "iCCP", "IDAT", "IEND"]);
}

/// Display P3, from the fixture that holds it in a PNG.
fn display_p3() -> Vec<u8> {
    let chunks = png_chunks(&fixture("icc-display-p3.png"));
    let (_, data) = chunks.into_iter().find(|(kind, _)| kind == "iCCP").unwrap();
    miniz_oxide::inflate::decompress_to_vec_zlib(&data[5..]).unwrap()
}

#[test]
fn a_png_profile_whose_stream_has_no_end_counts_and_gets_one() {
    let (whole, profile) = (fixture("icc-display-p3.png"), display_p3());
    let stream = miniz_oxide::deflate::compress_to_vec_zlib(&profile, 6);
    let with = |stream: &[u8]| {
        let chunk = png_chunk("iCCP", &[b"P3\0\0", stream].concat());
        [&fixture("rgb-8.png")[..33], &chunk, &fixture("rgb-8.png")[33..]].concat()
    };
    for missing in [1, 4] {
        let image = accept(with(&stream[..stream.len() - missing])).unwrap();
        assert_eq!(image.color_profile, "Display P3", "{missing}");
        same_pixels(&image, &accept(whole.clone()).unwrap());
        let (_, kept) = png_chunks(&image.original).into_iter().find(|(kind, _)| kind == "iCCP").unwrap();
        assert_eq!(kept[..4], *b"P3\0\0");
        assert!(miniz_oxide::inflate::decompress_to_vec_zlib(&kept[4..]).unwrap() == profile, "{missing}");
    }
    // Half a profile is none.
    assert_eq!(accept(with(&stream[..stream.len() / 2])).unwrap().color_profile, "sRGB");
}

#[test]
fn a_jpeg_profile_of_several_segments_loses_what_follows_it() {
    let (plain, mut profile) = (fixture("baseline-444.jpg"), display_p3());
    // A profile may be long; what its tags do not point at is padding.
    profile.resize(150_000, 0);
    profile[..4].copy_from_slice(&150_000_u32.to_be_bytes());
    let with = |profile: &[u8]| {
        let chunks: Vec<_> = profile.chunks(60_000).collect();
        let mut upload = plain[..2].to_vec();
        for (at, chunk) in chunks.iter().enumerate() {
            let place = [at as u8 + 1, chunks.len() as u8];
            upload.extend(segment(0xe2, &[b"ICC_PROFILE\0", &place[..], chunk].concat()));
        }
        [&upload[..], &plain[2..]].concat()
    };
    assert!(accept(with(&profile)).unwrap().original == with(&profile));
    let image = accept(with(&[&profile[..], b"SECRET"].concat())).unwrap();
    assert_eq!(image.color_profile, "Display P3");
    let kept: Vec<_> = segments(&image.original).into_iter().filter(|(marker, _)| *marker == 0xe2).collect();
    let contents: Vec<u8> = kept.iter().flat_map(|(_, payload)| &payload[14..]).copied().collect();
    assert!(contents == profile);
    assert_eq!(kept.iter().map(|(_, payload)| payload[12..14].to_vec()).collect::<Vec<_>>(), [[1, 3], [2, 3], [3, 3]]);
}

#[test]
fn a_webp_loses_everything_that_is_not_its_picture() {
    let plain = fixture("icc-display-p3.webp");
    let mut stuffed = plain.clone();
    stuffed.extend(webp_chunk("EXIF", &exif_with_gps(1)));
    stuffed.extend(webp_chunk("XMP ", b"SECRET!"));
    stuffed.extend(webp_chunk("prvt", b"SECRET"));
    let length = u32::try_from(stuffed.len() - 8).unwrap().to_le_bytes();
    stuffed[4..8].copy_from_slice(&length);
    // The flags of EXIF and XMP.
    stuffed[20] |= 0x0c;
    stuffed.extend_from_slice(b"SECRET PK\x03\x04");
    let clean = accept(stuffed).unwrap();
    same_pixels(&clean, &accept(plain.clone()).unwrap());
    let found = webp_chunks(&clean.original);
    let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["VP8X", "ICCP", "VP8L"]);
    assert_eq!(found[0].1[0], 0x20, "the flags say what is there");
    assert!(clean.original == plain);
}

#[test]
fn every_chunk_of_every_cleaned_png_and_webp_is_known() {
    for name in fixtures(".png") {
        for (kind, data) in png_chunks(&accept(fixture(&name)).unwrap().original) {
            let turned = name.starts_with("orientation-") && data.len() == 26;
            let known = ["IHDR", "PLTE", "tRNS", "iCCP", "IDAT", "IEND"].contains(&kind.as_str());
            assert!(known || (kind == "eXIf" && turned), "{name}: {kind}");
        }
    }
    for name in fixtures(".webp") {
        for (kind, data) in webp_chunks(&accept(fixture(&name)).unwrap().original) {
            assert!(["VP8X", "ICCP", "ALPH", "VP8 ", "VP8L"].contains(&kind.as_str()), "{name}: {} {kind}", data.len());
        }
    }
}

#[test]
fn a_turned_jpeg_of_whole_blocks_is_turned_without_loss() {
    for value in 2..=8 {
        let name = format!("orientation-{value}.jpg");
        let image = accept(fixture(&name)).unwrap();
        assert!(segments(&image.original).iter().all(|(marker, _)| *marker != 0xe1), "{name}: no EXIF is left");
        let again = accept(image.original.clone()).unwrap();
        assert_eq!(again.dimensions, image.dimensions, "{name}");
        // The stored pixels now are the pixels that were displayed: 4:4:4 has no upsampling to differ in.
        nearly_same_pixels(&again, &image);
        assert!(again.original == image.original, "{name}: upright is upright");
    }
}

#[test]
fn turning_a_jpeg_and_turning_it_back_changes_no_pixel() {
    for name in ["baseline-420.jpg", "baseline-444.jpg", "progressive-420.jpg", "gray.jpg", "cmyk.jpg"] {
        let plain = fixture(name);
        for (there, back) in [(2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 7), (8, 6)] {
            let turned = accept(with_exif(&plain, there)).unwrap().original;
            let returned = accept(with_exif(&turned, back)).unwrap().original;
            same_pixels(&accept(returned).unwrap(), &accept(plain.clone()).unwrap());
        }
    }
}

#[test]
fn a_turned_progressive_jpeg_keeps_its_profile_and_stays_progressive() {
    let plain = fixture("progressive-444.jpg");
    let profile = fixture("icc-display-p3.jpg");
    let (_, icc) = segments(&profile).into_iter().find(|(marker, _)| *marker == 0xe2).unwrap();
    let upload = with_exif(&[&plain[..2], &segment(0xe2, &icc), &plain[2..]].concat(), 6);
    let image = accept(upload).unwrap();
    let found = segments(&image.original);
    assert!(found.iter().any(|(marker, data)| *marker == 0xe2 && *data == icc));
    assert!(found.iter().any(|(marker, _)| *marker == 0xc2));
    assert!(found.iter().all(|(marker, _)| *marker != 0xe1));
    nearly_same_pixels(&accept(image.original.clone()).unwrap(), &image);
}

/// The documented rule for sizes that are no multiple of the block.
#[test]
fn a_turned_jpeg_of_broken_blocks_states_its_orientation_and_nothing_else() {
    let plain = fixture("odd-size-420.jpg");
    let image = accept(with_exif(&plain, 6)).unwrap();
    let found = segments(&image.original);
    let blocks: Vec<&Vec<u8>> = found.iter().filter(|(marker, _)| *marker == 0xe1).map(|(_, data)| data).collect();
    assert_eq!(blocks, [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"]);
    let again = accept(image.original.clone()).unwrap();
    assert_eq!((again.dimensions.width(), again.dimensions.height()), (43, 61));
    same_pixels(&again, &image);
    assert!(again.original == image.original, "nothing is left to take out");
}

#[test]
fn a_turned_png_states_its_orientation_and_nothing_else() {
    for value in 2..=8 {
        let name = format!("orientation-{value}.png");
        let image = accept(fixture(&name)).unwrap();
        let again = accept(image.original.clone()).unwrap();
        same_pixels(&again, &image);
        assert!(again.original == image.original, "{name}");
        assert_eq!(again.dimensions, image.dimensions, "{name}");
    }
}

#[test]
fn exif_turns_no_webp_and_goes() {
    let plain = fixture("lossy.webp");
    let exif = webp_chunk("EXIF", &exif_with_gps(8));
    let mut upload = [&plain[..], &exif].concat();
    let length = u32::try_from(upload.len() - 8).unwrap().to_le_bytes();
    upload[4..8].copy_from_slice(&length);
    let image = accept(upload).unwrap();
    assert_eq!((image.dimensions.width(), image.dimensions.height()), (64, 48));
    assert!(image.original == plain);
}

#[test]
fn variants_have_no_metadata() {
    use crate::support::{inside, spec};
    use packshot_domain::image::ImageFormat::{Jpeg, Png, WebP};
    use packshot_domain::variant::TargetFormat::Fixed;
    let specs = specs([
        spec("a", inside(32), Fixed(Jpeg), 85),
        spec("b", inside(32), Fixed(Png), 85),
        spec("c", inside(32), Fixed(WebP), 85),
    ]);
    for name in ["icc-display-p3.jpg", "orientation-6.jpg", "icc-alpha.png", "icc-display-p3.webp"] {
        let image = process(fixture(name), &specs).unwrap();
        let jpeg: Vec<u8> = segments(&image.variants[0].bytes).into_iter().map(|(marker, _)| marker).collect();
        assert!(jpeg.iter().all(|marker| matches!(marker, 0xc0..=0xc4 | 0xda..=0xdd | 0xe0)), "{name}: {jpeg:x?}");
        let png = png_chunks(&image.variants[1].bytes);
        assert!(
            png.iter().all(|(kind, _)| ["IHDR", "IDAT", "IEND", "PLTE", "tRNS"].contains(&kind.as_str())),
            "{name}"
        );
        let webp = webp_chunks(&image.variants[2].bytes);
        assert!(webp.iter().all(|(kind, _)| ["VP8X", "ALPH", "VP8 "].contains(&kind.as_str())), "{name}");
    }
}

#[test]
fn the_cleaned_original_decodes_to_the_same_picture() {
    for ending in [".jpg", ".png", ".webp"] {
        for name in fixtures(ending) {
            let image = process(fixture(&name), &whole()).unwrap();
            let again = process(image.original.clone(), &whole()).unwrap();
            let (a, b) = (Picture::of_png(&image.variants[0].bytes), Picture::of_png(&again.variants[0].bytes));
            let (greatest, _) = a.distance(&b);
            assert!(greatest <= 3.0, "{name}: {greatest}");
            assert_eq!(image.color_profile, again.color_profile, "{name}");
        }
    }
}
