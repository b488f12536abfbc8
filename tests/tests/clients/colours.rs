//! Colours that a PNG tells by chunks, in Chromium: its variants look as it does.
//!
//! Owns the uploads; what the browser shows of them is compared in `tests/customer/colours.mjs`.

use crate::browser::run_with;
use packshot_tests::png::{chunk, zlib_stored};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server};
use serde_json::{Value, json};

type Chunks<'a> = &'a [(&'a [u8; 4], &'a [u8])];

const BANDS: [[u8; 3]; 12] = [
    [32; 3],
    [64; 3],
    [96; 3],
    [128; 3],
    [160; 3],
    [192; 3],
    [224; 3],
    [153, 102, 51],
    [0, 153, 204],
    [200, 40, 60],
    [90, 180, 70],
    [120, 60, 200],
];

/// Bands of 40 pixels, with these chunks before the pixels.
fn bands(extra: Chunks<'_>) -> Vec<u8> {
    let row: Vec<u8> = [0].into_iter().chain(BANDS.iter().flat_map(|band| band.repeat(40))).collect();
    let header = [&480_u32.to_be_bytes()[..], &300_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut png = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(*b"IHDR", &header)].concat();
    png.extend(extra.iter().flat_map(|(name, data)| chunk(**name, data)));
    png.extend([chunk(*b"IDAT", &zlib_stored(&row.repeat(300))), chunk(*b"IEND", b"")].concat());
    png
}

/// In 100,000ths: white, red, green, blue of Display P3.
fn display_p3() -> Vec<u8> {
    [31270_u32, 32900, 68000, 32000, 26500, 69000, 15000, 6000].iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[test]
fn variants_look_as_their_uploads_do() {
    let server = Server::start();
    let (linear, usual) = (100_000_u32.to_be_bytes(), 45_455_u32.to_be_bytes());
    let (bright, p3) = ([40_000_000_u32.to_be_bytes(), [0; 4]].concat(), display_p3());
    let cases: [(&str, Chunks<'_>, bool); 12] = [
        ("plain", &[], false),
        ("gAMA 1.0", &[(b"gAMA", &linear)], true),
        ("gAMA 0.45455", &[(b"gAMA", &usual)], false),
        ("gAMA and cHRM", &[(b"gAMA", &usual), (b"cHRM", &p3)], true),
        ("cHRM", &[(b"cHRM", &p3)], false),
        ("sRGB and gAMA", &[(b"sRGB", &[0]), (b"gAMA", &linear)], false),
        ("cICP of Display P3", &[(b"cICP", &[12, 13, 0, 1])], true),
        ("cICP of BT.2020", &[(b"cICP", &[9, 14, 0, 1])], true),
        ("cICP of PQ", &[(b"cICP", &[9, 16, 0, 1])], true),
        ("cICP of PQ and cLLI", &[(b"cICP", &[9, 16, 0, 1]), (b"cLLI", &bright)], true),
        ("cICP of HLG", &[(b"cICP", &[9, 18, 0, 1])], true),
        ("cICP that says nothing, and gAMA", &[(b"cICP", &[2, 2, 0, 1]), (b"gAMA", &linear)], true),
    ];
    let uploads = cases.map(|(name, extra, changes)| {
        let form = Form::new().text("productId", PRODUCT).file("bands.png", "image/png", &bands(extra));
        let image: Value = server.admin().upload(form).expect(201).json();
        let url =
            |variant: &str| format!("http://{}{}", server.address(), image["variants"][variant].as_str().unwrap());
        let variants = json!({ "large": url("large"), "thumbnail": url("thumbnail"), "webp": url("webp") });
        json!({ "name": name, "original": url("original"), "variants": variants, "changes": changes })
    });
    run_with("colours.mjs", &server, &[("UPLOADS", &json!(uploads).to_string()), ("BANDS", &BANDS.len().to_string())]);
}
