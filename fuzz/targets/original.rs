//! The cleaner of the original, in each of the three formats.
//!
//! Holds: the cleaned file is a picture of the same size in the same format with the same profile; a walker
//! that is not the cleaner's knows every part of it; cleaning it again changes nothing.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use packshot_domain::image::ImageFormat;
use packshot_fuzz::{supported, with_true_checksums};
use packshot_imaging::fuzzing::{header, original, profile};

#[path = "../../crates/imaging/tests/imaging/walkers.rs"]
mod walkers;

fuzz_target!(|data: &[u8]| {
    let Some(format) = supported(data) else { return };
    clean(data.to_vec().into(), format);
    if format == ImageFormat::Png {
        clean(with_true_checksums(data.to_vec()).into(), format);
    }
});

fn clean(upload: Bytes, format: ImageFormat) {
    let Ok((stripped, finished)) = original(&upload, format) else { return };
    let seen = header(&upload, format).expect("it was read before");
    for cleaned in [&stripped, &finished] {
        assert_eq!(supported(cleaned), Some(format));
        assert_eq!(profile(cleaned, format), profile(&stripped, format));
        walk(cleaned, format);
    }
    let again = header(&stripped, format).expect("a stripped picture is a picture");
    assert_eq!((again.orientation, again.displayed.pixels()), (1, seen.displayed.pixels()));
    let again = header(&finished, format).expect("a cleaned picture is a picture");
    assert_eq!(again.displayed, seen.displayed);
    let (_, twice) = original(&finished, format).expect("a cleaned picture can be cleaned");
    assert!(twice == finished, "cleaning it again changed it");
}

/// Every part of a cleaned file is one of these, and has the length that it is defined with.
fn walk(cleaned: &[u8], format: ImageFormat) {
    match format {
        ImageFormat::Jpeg => {
            for (marker, payload) in walkers::segments(cleaned) {
                let known = match marker {
                    0xc0..=0xc2 | 0xc4 | 0xda | 0xdb => true,
                    0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => true,
                    0xdc | 0xdd => payload.len() == 2,
                    0xe0 => payload.starts_with(b"JFIF\0") && payload.len() == 14 && payload.ends_with(&[0, 0]),
                    0xe1 => payload.starts_with(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12") && payload.len() == 32,
                    0xe2 => payload.starts_with(b"ICC_PROFILE\0"),
                    0xee => payload.starts_with(b"Adobe") && payload.len() == 12,
                    _ => false,
                };
                assert!(known, "{marker:02x}: {} bytes", payload.len());
            }
        }
        ImageFormat::Png => {
            for (kind, data) in walkers::png_chunks(cleaned) {
                let known = match kind.as_str() {
                    "IHDR" => data.len() == 13,
                    "PLTE" | "IDAT" | "iCCP" => true,
                    "IEND" => data.is_empty(),
                    "tRNS" => data.len() <= 256,
                    "eXIf" => data.len() == 26,
                    "gAMA" | "cICP" => data.len() == 4,
                    "cHRM" => data.len() == 32,
                    "sRGB" => data.len() == 1,
                    "mDCV" => data.len() == 24,
                    "cLLI" => data.len() == 8,
                    "sBIT" => data.len() <= 4,
                    "bKGD" => data.len() <= 6,
                    "pHYs" => data.len() == 9,
                    _ => false,
                };
                assert!(known, "{kind}: {} bytes", data.len());
            }
        }
        ImageFormat::WebP => {
            for (kind, data) in walkers::webp_chunks(cleaned) {
                let known = match kind.as_str() {
                    "VP8X" => data.len() == 10,
                    "ICCP" | "ALPH" | "VP8 " | "VP8L" => true,
                    _ => false,
                };
                assert!(known, "{kind}: {} bytes", data.len());
            }
        }
    }
}
