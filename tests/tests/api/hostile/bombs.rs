//! Small files that unfold to much: of bytes, or of work.

use super::{contains, is_well, offer};
use crate::pictures::{png, with_chunks};
use packshot_tests::Server;
use packshot_tests::png::{of_data, zlib_of_zeros};

/// What each of the bombs unfolds to, more than twice of what the server may take.
const UNFOLDED: usize = 700 * 1024 * 1024;

#[test]
fn image_data_that_goes_on_behind_the_last_row_is_not_unfolded() {
    let server = Server::start();
    assert!(offer(&server, &of_data(300, 300, &zlib_of_zeros(300 * 301))).is_ok(), "a good picture of zeros");
    let bomb = of_data(300, 300, &zlib_of_zeros(UNFOLDED));
    let refused = offer(&server, &bomb).err().expect("a picture with more data than it has pixels");
    assert!(refused.contains("corrupt"), "{refused}");
    is_well(&server);
}

#[test]
fn a_profile_that_unfolds_without_end_is_no_profile() {
    let server = Server::start();
    let bomb = [b"icc\0\0", &zlib_of_zeros(UNFOLDED)[..]].concat();
    let upload = with_chunks(&png(320, 320), &[(*b"iCCP", &bomb)]);
    let stored = offer(&server, &upload).unwrap();
    for file in &stored.files {
        assert!(!contains(&file.body, b"iCCP"), "the bomb goes on to who looks at the picture");
    }
    is_well(&server);
}

#[test]
fn text_that_unfolds_without_end_is_thrown_away_folded() {
    let server = Server::start();
    let bomb = zlib_of_zeros(UNFOLDED);
    let plain = png(320, 320);
    let texts =
        [(*b"zTXt", [b"Comment\0\0", &bomb[..]].concat()), (*b"iTXt", [b"Comment\0\x01\0\0\0", &bomb[..]].concat())];
    for (kind, text) in texts {
        let stored = offer(&server, &with_chunks(&plain, &[(kind, &text)])).unwrap();
        assert!(stored.original() == plain);
    }
    is_well(&server);
}

#[test]
fn a_jpeg_of_ten_thousand_scans_costs_too_much() {
    let server = Server::start();
    assert!(offer(&server, &in_scans(320, 1)).is_ok(), "a good picture in one grey");
    // The same scan over and over: some bytes each, and each time the whole picture for a decoder.
    for side in [320, 5000] {
        let bomb = in_scans(side, 10_000);
        let refused = offer(&server, &bomb).err().expect("too many scans");
        assert!(refused.contains("10001 scans"), "{refused}");
    }
    // Fewer, and still more than a picture of that size may have.
    let refused = offer(&server, &in_scans(5000, 100)).err().expect("too many scans for its size");
    assert!(refused.contains("costs too much"), "{refused}");
    is_well(&server);
}

/// A square progressive JPEG in one grey: a scan for its level, and `count` that say that there is no more to it.
fn in_scans(side: u16, count: usize) -> Vec<u8> {
    let [s1, s0] = side.to_be_bytes();
    let mut jpeg = vec![0xff, 0xd8];
    jpeg.extend([&[0xff, 0xdb, 0, 67, 0][..], &[1; 64]].concat());
    jpeg.extend([0xff, 0xc2, 0, 11, 8, s1, s0, s1, s0, 1, 1, 0x11, 0]);
    // One code of one bit in each table: no difference to the last block, and a run of blocks without detail.
    for (table, symbol) in [(0x00, 0x00), (0x10, 0xe0)] {
        jpeg.extend([&[0xff, 0xc4, 0, 20, table, 1][..], &[0; 15], &[symbol]].concat());
    }
    let blocks = usize::from(side.div_ceil(8)).pow(2);
    let scan = |first, last, data: &[u8]| [&[0xff, 0xda, 0, 8, 1, 1, 0, first, last, 0], data].concat();
    jpeg.extend(scan(0, 0, &vec![0; blocks.div_ceil(8)]));
    let detail = scan(1, 63, &runs(blocks));
    for _ in 0..count {
        jpeg.extend(&detail);
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

/// Runs of 16384 to 32767 blocks (T.81, G.1.2.2: EOB14), each a bit and 14 more: more blocks than there are, so
/// that one code need not be exact.
fn runs(blocks: usize) -> Vec<u8> {
    let mut bits = Vec::new();
    for _ in 0..blocks.div_ceil(32_767) {
        bits.extend([0]);
        bits.extend([1; 14]);
    }
    while bits.len() % 8 > 0 {
        bits.push(1);
    }
    let bytes = bits.chunks(8).map(|eight| eight.iter().fold(0_u8, |byte, bit| byte << 1 | bit));
    // A byte of ones is followed by a stuffed zero.
    bytes.flat_map(|byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }).collect()
}
