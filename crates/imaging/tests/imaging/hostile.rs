//! Uploads that are damaged, dishonest or made to be expensive.
//!
//! Owns one hostile file per limit. The surprising rule: nothing here may panic, and nothing that ends
//! early may be accepted, wherever it ends.

use crate::support::{Picture, accept, fixture, fixtures, png_chunk, size};
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage, Sniffed};
use packshot_domain::variant::VariantSpecs;
use packshot_imaging::{CodecImageProcessor, ImagingSettings};

fn png(chunks: &[(&[u8], &[u8])]) -> Vec<u8> {
    let chunks: Vec<u8> = chunks.iter().flat_map(|(kind, data)| png_chunk(kind, data)).collect();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks].concat()
}

fn ihdr(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(data, 6)
}

/// A frame header with these sides and a scan without data.
fn jpeg_header(width: u16, height: u16) -> Vec<u8> {
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, h1, h0, w1, w0, 1, 1, 0x11, 0];
    jpeg.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0xd9]);
    jpeg
}

fn judge(upload: Vec<u8>, settings: ImagingSettings) -> Result<(), ProcessError> {
    let processor = CodecImageProcessor::new(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(processor.process(upload.into(), &VariantSpecs::default())).map(|_| ())
}

/// Where only the file's end is missing, and not a pixel, the picture is taken; nowhere else.
#[test]
fn a_picture_that_ends_early_is_corrupt_wherever_it_ends() {
    for name in [
        "baseline-420.jpg",
        "progressive-444.jpg",
        "restart-every-block.jpg",
        "not-interleaved.jpg",
        "cmyk-icc.jpg",
        "orientation-6.jpg",
        "rgba-8-interlaced.png",
        "palette-alpha.png",
        "icc-prophoto-16.png",
        "orientation-8.png",
        "lossy-alpha.webp",
        "lossless.webp",
        "icc-display-p3.webp",
        "orientation-6.webp",
    ] {
        let whole = fixture(name);
        let image = accept(whole.clone()).unwrap();
        // A PNG's last chunk, and the checksums of the one before; a JPEG's marker, and what fills its last byte; of a
        // WebP the last byte may be for padding, which is not tried.
        let (missing, unnoticed) = match name.rsplit_once('.').unwrap().1 {
            "png" => (12 + 4 + 4, 0),
            "jpg" => (2, 1),
            _ => (0, 0),
        };
        let step = (whole.len() / 97).max(1);
        let rest = whole.len() - missing - unnoticed;
        let lengths = (12..64).chain((64..rest).step_by(step)).chain([rest - 2 + unnoticed]);
        for length in lengths.filter(|&length| length < rest) {
            let outcome = accept(whole[..length].to_vec());
            assert!(matches!(outcome, Err(ProcessError::Corrupt(_))), "{name} at {length}: {outcome:?}");
        }
        for length in whole.len() - missing..whole.len() {
            let completed =
                accept(whole[..length].to_vec()).unwrap_or_else(|error| panic!("{name} at {length}: {error}"));
            let pixels = |image: &ProcessedImage| Picture::of_png(&image.variants[0].bytes);
            assert!(pixels(&completed) == pixels(&image), "{name} at {length}");
            let again = accept(completed.original.clone()).unwrap();
            assert!(again.original == completed.original, "{name} at {length}: the original is whole");
        }
    }
}

/// Between two scans of a progressive JPEG, everything is whole but the picture.
#[test]
fn a_jpeg_that_ends_between_its_scans_is_corrupt() {
    for name in ["progressive-420.jpg", "progressive-444.jpg", "not-interleaved.jpg"] {
        let whole = fixture(name);
        let scans: Vec<usize> = (0..whole.len() - 1).filter(|&at| whole[at..at + 2] == [0xff, 0xda]).collect();
        assert!(scans.len() > 1, "{name}");
        for &scan in &scans[1..] {
            let outcome = accept(whole[..scan].to_vec());
            assert!(matches!(outcome, Err(ProcessError::Corrupt(_))), "{name} at {scan}: {outcome:?}");
        }
        let followed = [&whole[..whole.len() - 2], &fixture("gray.jpg")].concat();
        assert!(accept(followed).unwrap().original == whole, "{name}: another file begins");
    }
}

/// Each coding asks at its own places; the progressive JPEG in the decoder, before a row is made.
#[test]
fn a_picture_that_takes_more_time_than_it_may_costs_too_much() {
    let least = ImagingSettings {
        min_width: 1,
        min_height: 1,
        max_cpu_time: std::time::Duration::from_nanos(1),
        ..ImagingSettings::default()
    };
    for name in ["baseline-420.jpg", "progressive-444.jpg", "rgb-8.png", "rgba-8-interlaced.png", "lossy.webp"] {
        let outcome = judge(fixture(name), least.clone());
        assert!(matches!(outcome, Err(ProcessError::TooCostly(_))), "{name}: {outcome:?}");
        assert!(
            judge(
                fixture(name),
                ImagingSettings { max_cpu_time: ImagingSettings::default().max_cpu_time, ..least.clone() }
            )
            .is_ok()
        );
    }
}

/// The file's frame is whole here; what is missing is inside it.
#[test]
fn missing_data_inside_a_whole_file_is_corrupt() {
    for name in ["baseline-420.jpg", "baseline-444.jpg", "progressive-420.jpg", "gray.jpg"] {
        let whole = fixture(name);
        for keep in [60, 80, 95] {
            let cut = [&whole[..whole.len() * keep / 100], &[0xff, 0xd9]].concat();
            let outcome = accept(cut);
            assert!(matches!(outcome, Err(ProcessError::Corrupt(_))), "{name} {keep}%: {outcome:?}");
        }
    }
    let (header, pixels) = (ihdr(64, 48, 8, 2), vec![0; 48 * (64 * 3 + 1)]);
    let good = png(&[(b"IHDR", &header), (b"IDAT", &zlib(&pixels)), (b"IEND", b"")]);
    assert!(accept(good).is_ok());
    let short = png(&[(b"IHDR", &header), (b"IDAT", &zlib(&pixels[..5000])), (b"IEND", b"")]);
    assert!(matches!(accept(short), Err(ProcessError::Corrupt(_))));
    let compressed = zlib(&pixels);
    let cut = png(&[(b"IHDR", &header), (b"IDAT", &compressed[..compressed.len() / 2]), (b"IEND", b"")]);
    assert!(matches!(accept(cut), Err(ProcessError::Corrupt(_))));
    let none = png(&[(b"IHDR", &header), (b"IEND", b"")]);
    assert!(matches!(accept(none), Err(ProcessError::Corrupt(_))));
    let pale = png(&[(b"IHDR", &ihdr(64, 48, 8, 3)), (b"IDAT", &compressed), (b"IEND", b"")]);
    assert!(matches!(accept(pale), Err(ProcessError::Corrupt(_))));
}

#[test]
fn a_wrong_checksum_in_a_critical_chunk_is_corrupt() {
    let whole = fixture("rgb-8.png");
    // The header; what its checksum is; pixels; the checksum of their stream.
    for at in [20, 29, 60, whole.len() - 20] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        let outcome = accept(damaged);
        assert!(matches!(outcome, Err(ProcessError::Corrupt(_))), "{at}: {outcome:?}");
    }
}

/// A decoder once panicked on sixteen bytes. Browsers take the colours that are whole.
#[test]
fn a_palette_that_is_no_whole_colours_has_those_that_are() {
    let indices = zlib(&vec![0; 48 * 65]);
    for (length, good) in [(0, false), (1, false), (3, true), (16, true), (767, true), (768, true), (771, false)] {
        let palette = vec![7; length];
        let upload = png(&[(b"IHDR", &ihdr(64, 48, 8, 3)), (b"PLTE", &palette), (b"IDAT", &indices), (b"IEND", b"")]);
        let outcome = accept(upload);
        assert!(if good { outcome.is_ok() } else { matches!(outcome, Err(ProcessError::Corrupt(_))) }, "{length}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for ending in [".jpg", ".png", ".webp"] {
        for name in fixtures(ending).into_iter().step_by(3) {
            let whole = fixture(&name);
            for round in 0..24 {
                let mut damaged = whole.clone();
                // A fixed walk over the file, denser in its header.
                let at = if round < 12 { round * 13 + 3 } else { whole.len() * (round - 11) / 14 };
                let at = at.min(whole.len() - 1);
                damaged[at] = damaged[at].wrapping_add(0x55 + round as u8);
                let outcome = accept(damaged);
                assert!(!matches!(outcome, Err(ProcessError::Internal(_))), "{name} at {at}: {outcome:?}");
            }
        }
    }
}

#[test]
fn a_header_of_a_hundred_thousand_pixels_is_refused_by_its_header() {
    let huge = png(&[(b"IHDR", &ihdr(100_000, 100_000, 16, 6)), (b"IDAT", &zlib(&[0; 100])), (b"IEND", b"")]);
    let Err(ProcessError::TooLarge { actual, max_width: 5000, max_height: 5000 }) =
        judge(huge, ImagingSettings::default())
    else {
        panic!("not too large")
    };
    assert_eq!(actual, size(100_000, 100_000));
    let outcome = judge(jpeg_header(65_500, 65_500), ImagingSettings::default());
    assert!(matches!(outcome, Err(ProcessError::TooLarge { .. })), "{outcome:?}");
}

#[test]
fn limits_apply_to_the_picture_as_displayed() {
    // All are displayed at 64x48; 6 and 8 are stored at 48x64.
    let exactly = |width, height| ImagingSettings {
        min_width: width,
        min_height: height,
        max_width: width,
        max_height: height,
        ..Default::default()
    };
    for name in ["orientation-1.jpg", "orientation-6.jpg", "orientation-8.png"] {
        assert!(judge(fixture(name), exactly(64, 48)).is_ok(), "{name}");
        let outcome = judge(fixture(name), exactly(48, 64));
        assert!(matches!(outcome, Err(ProcessError::TooLarge { actual, .. }) if actual == size(64, 48)), "{outcome:?}");
    }
    let small = judge(fixture("photo.png"), ImagingSettings::default());
    assert!(matches!(small, Err(ProcessError::TooSmall { min_width: 300, min_height: 300, .. })), "{small:?}");
}

#[test]
fn animations_are_refused() {
    for name in ["refused-animated.png", "refused-animated.webp"] {
        let outcome = accept(fixture(name));
        assert!(matches!(outcome, Err(ProcessError::Animated)), "{name}: {outcome:?}");
    }
}

#[test]
fn codings_that_are_not_taken_are_named() {
    for (name, reason) in [
        ("refused-arithmetic.jpg", "arithmetic"),
        ("refused-12-bit.jpg", "12 bits"),
        ("refused-lossless.jpg", "lossless"),
    ] {
        match accept(fixture(name)) {
            Err(ProcessError::Unsupported(text)) => assert!(text.contains(reason), "{name}: {text}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_profile_that_inflates_without_end_is_passed_over() {
    let bomb = [b"icc\0\0".as_slice(), &zlib(&vec![0; 64 << 20])].concat();
    let pixels =
        zlib(&vec![200; 48 * (64 * 3 + 1)].chunks(193).flat_map(|row| [&[0], &row[1..]].concat()).collect::<Vec<u8>>());
    let upload = png(&[(b"IHDR", &ihdr(64, 48, 8, 2)), (b"iCCP", &bomb), (b"IDAT", &pixels), (b"IEND", b"")]);
    let image = accept(upload).unwrap();
    assert_eq!(image.color_profile, "sRGB");
}

#[test]
fn text_that_inflates_without_end_is_never_inflated() {
    let bomb = [b"Comment\0\0".as_slice(), &zlib(&vec![0; 64 << 20])].concat();
    let whole = fixture("rgb-8.png");
    let upload = [&whole[..33], &png_chunk(b"zTXt", &bomb), &whole[33..]].concat();
    assert!(accept(upload).unwrap().original == whole);
}

#[test]
fn image_data_beyond_the_last_row_is_corrupt_or_ignored_but_never_inflated_whole() {
    let rows = vec![0; 64 << 20];
    let upload = png(&[(b"IHDR", &ihdr(64, 48, 8, 2)), (b"IDAT", &zlib(&rows)), (b"IEND", b"")]);
    let outcome = accept(upload);
    assert!(matches!(outcome, Ok(_) | Err(ProcessError::Corrupt(_))), "{outcome:?}");
}

#[test]
fn a_jpeg_of_too_many_scans_costs_too_much() {
    let whole = fixture("progressive-444.jpg");
    let end = whole.len() - 2;
    // A refinement scan of no blocks: the header alone, again and again.
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0];
    let upload = [&whole[..end], &scan.repeat(5000), &[0xff, 0xd9]].concat();
    let outcome = accept(upload);
    assert!(matches!(outcome, Err(ProcessError::TooCostly(_))), "{outcome:?}");
}

#[test]
fn a_canvas_that_lies_is_corrupt() {
    let mut lying = fixture("icc-display-p3.webp");
    lying[24] = 40;
    assert!(matches!(accept(lying), Err(ProcessError::Corrupt(_))));
}

#[test]
fn headers_that_contradict_the_bitstream_are_corrupt() {
    // The walker reads the first frame header; a decoder would meet the second.
    let whole = fixture("baseline-420.jpg");
    let at = whole.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let frame = whole[at..at + 19].to_vec();
    let mut smaller = frame.clone();
    smaller[6] = 8;
    let upload = [&whole[..at], &smaller, &frame, &whole[at + 19..]].concat();
    assert!(matches!(accept(upload), Err(ProcessError::Corrupt(_))));
}

#[test]
fn polyglots_are_pictures_and_lose_their_other_half() {
    for name in ["baseline-420.jpg", "rgb-8.png", "lossy.webp"] {
        let whole = fixture(name);
        let upload = [&whole[..], b"PK\x03\x04<script>alert(1)</script>%PDF-1.7"].concat();
        assert!(accept(upload).unwrap().original == whole, "{name}");
    }
}

#[test]
fn other_files_are_told_apart_and_not_processed() {
    let processor = &*crate::support::PROCESSOR;
    assert_eq!(processor.sniff(b"GIF89a\x01\0\x01\0\x80\0\0"), Sniffed::Other("image/gif".to_owned()));
    assert_eq!(processor.sniff(b"nothing known"), Sniffed::Unknown);
    assert!(matches!(accept(b"GIF89a".to_vec()), Err(ProcessError::Unsupported(_))));
    assert!(matches!(accept(Vec::new()), Err(ProcessError::Unsupported(_))));
}
