//! A second walker for each format, independent of the crate's own, so that this is not its own witness.
//!
//! Owns where a segment or chunk begins and ends in a file that is as clean as the original must be;
//! whatever else it meets makes it panic. The fuzz target `original` compiles this file too.

/// Marker and payload of each segment; entropy-coded data is passed over.
pub(crate) fn segments(jpeg: &[u8]) -> Vec<(u8, Vec<u8>)> {
    assert_eq!(jpeg[..2], [0xff, 0xd8]);
    let mut found = Vec::new();
    let mut at = 2;
    loop {
        assert_eq!(jpeg[at], 0xff, "no marker at {at}");
        // Any number of fill bytes may stand before a marker.
        while jpeg[at + 1] == 0xff {
            at += 1;
        }
        let marker = jpeg[at + 1];
        if marker == 0xd9 {
            assert_eq!(at + 2, jpeg.len(), "bytes after the end");
            return found;
        }
        let length = usize::from(jpeg[at + 2]) << 8 | usize::from(jpeg[at + 3]);
        found.push((marker, jpeg[at + 4..at + 2 + length].to_vec()));
        at += 2 + length;
        if marker == 0xda {
            at = end_of_scan(jpeg, at);
        }
    }
}

/// Where the marker after a scan's data begins, with its fill bytes.
fn end_of_scan(jpeg: &[u8], mut at: usize) -> usize {
    loop {
        let start = at;
        while jpeg[at] == 0xff {
            at += 1;
        }
        // Not a stuffed byte, not a reserved one, not a restart.
        if at > start && !matches!(jpeg[at], 0 | 0x01 | 0xd0..=0xd7) {
            return start;
        }
        at += 1;
    }
}

/// Kind and contents of each chunk.
pub(crate) fn png_chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let kind = String::from_utf8(png[at + 4..at + 8].to_vec()).unwrap();
        found.push((kind, png[at + 8..at + 8 + length].to_vec()));
        at += length + 12;
    }
    assert_eq!(found.last().unwrap().0, "IEND");
    found
}

/// Kind and contents of each chunk.
pub(crate) fn webp_chunks(webp: &[u8]) -> Vec<(String, Vec<u8>)> {
    assert_eq!(u32::from_le_bytes(webp[4..8].try_into().unwrap()) as usize + 8, webp.len());
    let mut found = Vec::new();
    let mut at = 12;
    while at < webp.len() {
        let length = u32::from_le_bytes(webp[at + 4..at + 8].try_into().unwrap()) as usize;
        let kind = String::from_utf8(webp[at..at + 4].to_vec()).unwrap();
        found.push((kind, webp[at + 8..at + 8 + length].to_vec()));
        at += 8 + length + length % 2;
    }
    assert_eq!(at, webp.len());
    found
}
