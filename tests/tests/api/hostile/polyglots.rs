//! Files that are a picture to one program and something else to another.

use super::{contains, is_well, offer};
use crate::pictures::{jpeg, png, riff, webp, with_chunks, with_segments};
use packshot_tests::png::{chunk, zlib_stored};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server};

/// In every one of the other halves, and in nothing else.
const MARK: &[u8] = b"<script>document.title='ran'</script>";

/// What the file is besides a picture.
fn other_halves() -> [(&'static str, Vec<u8>); 3] {
    let html = [b"<!doctype html><html><body>", MARK, b"</body></html>"].concat();
    let pdf = [b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(", MARK, b")>>>>endobj\ntrailer<</Root 1 0 R>>%%EOF"]
        .concat();
    [("HTML", html), ("PDF", pdf), ("ZIP", zip())]
}

/// One file, stored; its directory and the end of that.
fn zip() -> Vec<u8> {
    let length = u32::try_from(MARK.len()).unwrap().to_le_bytes();
    let about = [&[10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &length, &length, &[1, 0, 0, 0]].concat();
    let local = [b"PK\x03\x04", &about[..], b"a", MARK].concat();
    let entry = [b"PK\x01\x02\x0a\0", &about[..], &[0; 14], b"a"].concat();
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &size(&entry)[..], &size(&local), &[0, 0]].concat();
    [local, entry, end].concat()
}

/// What every reader takes for an ICC profile: its size, and its signature.
fn bare_profile() -> Vec<u8> {
    let mut profile = vec![0; 132];
    profile[..4].copy_from_slice(&132_u32.to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// Every place of the three formats where a program that looks for something else finds it.
fn with_other_half(other: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (jpeg, png, webp) = (jpeg(320, 320), png(320, 320), webp(320, 320));
    let before_the_end = |png: &[u8], kind, data: &[u8]| {
        let end = png.len() - 12;
        [&png[..end], &chunk(kind, data), &png[end..]].concat()
    };
    let data = png[41..].split_last_chunk::<16>().expect("data, its checksum and the end").0;
    let real = bare_profile();
    let behind_real = [&real[..], other].concat();
    let iccp = |stream: &[u8]| with_chunks(&png, &[(*b"iCCP", &[b"icc\0\0", stream].concat())]);
    let in_webp = |kind, canvas: &[u8], other: &[u8]| {
        let length = u32::from_le_bytes(webp[16..20].try_into().unwrap()) as usize;
        riff(&[(*b"VP8X", canvas), (kind, other), (*b"VP8L", &webp[20..20 + length])])
    };
    let canvas = |flags| [flags, 0, 0, 0, 0x3f, 1, 0, 0x3f, 1, 0];
    let segment = |marker, prefix: &[u8]| with_segments(&jpeg, &[(marker, [prefix, other].concat())]);
    vec![
        ("JPEG, after its end", [&jpeg, other].concat()),
        ("JPEG, in a comment", segment(0xfe, b"")),
        ("JPEG, as JFIF's thumbnail", segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x08\x08")),
        ("JPEG, as XMP", segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0")),
        ("JPEG, as a profile", segment(0xe2, b"ICC_PROFILE\0\x01\x01")),
        ("JPEG, behind a profile", segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", &real[..]].concat())),
        ("JPEG, behind Adobe's transform", segment(0xee, b"Adobe\0\x64\0\0\0\0\x01")),
        ("JPEG, as a number of lines", segment(0xdc, b"")),
        ("JPEG, between segments", [&jpeg[..20], other, &jpeg[20..]].concat()),
        ("PNG, after its end", [&png, other].concat()),
        ("PNG, in its end", [&png[..png.len() - 12], &chunk(*b"IEND", other)].concat()),
        (
            "PNG, behind its rows",
            [&png[..33], &chunk(*b"IDAT", &[data, other].concat()), &chunk(*b"IEND", b"")].concat(),
        ),
        ("PNG, as text", with_chunks(&png, &[(*b"tEXt", &[b"Comment\0", other].concat())])),
        ("PNG, as a profile", iccp(&zlib_stored(other))),
        ("PNG, behind a profile", iccp(&zlib_stored(&behind_real))),
        ("PNG, behind a profile's stream", iccp(&[&zlib_stored(&real)[..], other].concat())),
        ("PNG, as chromaticities", with_chunks(&png, &[(*b"cHRM", other)])),
        ("PNG, as a chunk of its own", with_chunks(&png, &[(*b"prVt", other)])),
        ("PNG, between data and end", before_the_end(&png, *b"pHYs", other)),
        ("WebP, after its end", [&webp, other].concat()),
        ("WebP, as a profile", in_webp(*b"ICCP", &canvas(0x20), other)),
        ("WebP, behind a profile", in_webp(*b"ICCP", &canvas(0x20), &behind_real)),
        ("WebP, as XMP", in_webp(*b"XMP ", &canvas(0x04), other)),
        ("WebP, as a chunk of its own", in_webp(*b"prvt", &canvas(0), other)),
    ]
}

#[test]
fn a_polyglot_is_served_as_a_picture_and_loses_its_other_half() {
    let server = Server::start();
    for (kind, other) in other_halves() {
        for (place, upload) in with_other_half(&other) {
            assert!(contains(&upload, MARK), "{kind}: {place}");
            let stored = offer(&server, &upload).unwrap_or_else(|refused| panic!("{kind}, {place}: {refused}"));
            assert_eq!(stored.files.len(), 5);
            for file in &stored.files {
                assert!(!contains(&file.body, MARK), "{kind}, {place}");
                for beginning in [&b"PK\x03\x04"[..], b"PK\x05\x06", b"%PDF-", b"<html"] {
                    assert!(!contains(&file.body, beginning), "{kind}, {place}");
                }
                assert!(["image/jpeg", "image/png", "image/webp"].contains(&file.header("content-type").unwrap()));
                assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
                assert_eq!(file.header("x-frame-options"), Some("DENY"));
                let policy = file.header("content-security-policy").expect("a policy");
                assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
            }
        }
    }
    is_well(&server);
}

/// What begins as something else is something else, whatever it says it is and whatever follows.
#[test]
fn a_picture_behind_something_else_is_not_taken() {
    let server = Server::start();
    for (kind, other) in other_halves() {
        let upload = [&other, &jpeg(320, 320)[..]].concat();
        let form = Form::upload(PRODUCT, &upload);
        let answer = server.admin().upload(form);
        assert_eq!(answer.status, 415, "{kind}: {}", answer.shown());
    }
    is_well(&server);
}
