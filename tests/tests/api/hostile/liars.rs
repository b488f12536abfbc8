//! Files whose parts contradict each other.

use super::{Stored, is_well, offer};
use crate::pictures::{jpeg, png, riff, webp, with_chunks, with_segments};
use packshot_tests::png::zlib_stored;
use packshot_tests::{Server, fixture};

/// A frame of this size on a canvas of that size.
fn on_canvas(frame: (u32, u32), canvas: (u32, u32)) -> Vec<u8> {
    let still = webp(frame.0, frame.1);
    let length = u32::from_le_bytes(still[16..20].try_into().unwrap()) as usize;
    let mut extended = vec![0; 4];
    extended.extend_from_slice(&(canvas.0 - 1).to_le_bytes()[..3]);
    extended.extend_from_slice(&(canvas.1 - 1).to_le_bytes()[..3]);
    riff(&[(*b"VP8X", &extended), (*b"VP8L", &still[20..20 + length])])
}

#[test]
fn a_webp_whose_canvas_is_not_its_picture_is_refused() {
    let server = Server::start();
    assert!(offer(&server, &on_canvas((320, 320), (320, 320))).is_ok());
    for canvas in [(321, 320), (320, 319), (5000, 5000), (300, 300), (16_383, 16_383), (1 << 24, 1 << 24)] {
        let refused = offer(&server, &on_canvas((320, 320), canvas)).err().expect("a canvas that lies");
        assert!(refused.contains("canvas"), "{canvas:?}: {refused}");
    }
    is_well(&server);
}

#[test]
fn a_webp_whose_frame_lies_about_itself_is_refused() {
    let server = Server::start();
    // Lossy: 14 bits of width and height behind the start code. The photograph is 1000x750.
    let lossy = fixture("photo_1000x750.webp");
    let at = lossy.windows(3).position(|three| three == [0x9d, 0x01, 0x2a]).unwrap() + 3;
    for (width, height) in [(4999_u16, 4999_u16), (5000, 750), (1000, 5000), (2000, 1500)] {
        let mut lying = lossy.clone();
        lying[at..at + 2].copy_from_slice(&width.to_le_bytes());
        lying[at + 2..at + 4].copy_from_slice(&height.to_le_bytes());
        assert!(offer(&server, &lying).is_err(), "{width}x{height}");
    }
    // Lossless: 14 bits each, less one.
    let lossless = webp(320, 320);
    for side in [4999_u32, 2000] {
        let mut lying = lossless.clone();
        let bits = u32::from_le_bytes(lying[21..25].try_into().unwrap()) & !0x0fff_ffff;
        lying[21..25].copy_from_slice(&(bits | (side - 1) << 14 | (side - 1)).to_le_bytes());
        // Data for a tenth of it, unless the rest follows from what there is.
        if let Ok(stored) = offer(&server, &lying) {
            assert!(stored.files.iter().all(|file| file.body.len() < 1 << 20));
        }
    }
    is_well(&server);
}

#[test]
fn a_webp_whose_lengths_lie_is_refused() {
    let server = Server::start();
    let good = webp(320, 320);
    for (at, length) in [(4, u32::MAX), (4, 1 << 30), (4, 13), (16, u32::MAX), (16, u32::MAX - 7), (16, 5)] {
        let mut lying = good.clone();
        lying[at..at + 4].copy_from_slice(&length.to_le_bytes());
        assert!(offer(&server, &lying).is_err(), "{length} at {at}");
    }
    is_well(&server);
}

/// A profile of a table for each channel: header, count of tags, tags of 12 bytes, data.
fn profile() -> Vec<u8> {
    let curve = [b"curv\0\0\0\0\0\0\0\x01", &[2, 0][..], &[0, 0]].concat();
    let xyz = |x: u32, y: u32, z: u32| [b"XYZ \0\0\0\0", &[x, y, z].map(u32::to_be_bytes).concat()[..]].concat();
    let tags = [
        (*b"wtpt", xyz(0xf6d6, 0x10000, 0xd32d)),
        (*b"rXYZ", xyz(0x83df, 0x3dbf, 0xffff_ffbb)),
        (*b"gXYZ", xyz(0x4abf, 0xb137, 0x0ab9)),
        (*b"bXYZ", xyz(0x2838, 0x110b, 0xc8b9)),
        (*b"rTRC", curve.clone()),
        (*b"gTRC", curve.clone()),
        (*b"bTRC", curve),
    ];
    let mut at = 132 + 12 * tags.len();
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (name, contents) in &tags {
        table.extend(name);
        table.extend([at, contents.len()].map(|number| u32::try_from(number).unwrap().to_be_bytes()).concat());
        data.extend(contents);
        at += contents.len();
    }
    let mut header = [&u32::try_from(at).unwrap().to_be_bytes()[..], b"\0\0\0\0\x02\x40\0\0mntrRGB XYZ "].concat();
    header.resize(36, 0);
    header.extend(b"acsp");
    header.resize(68, 0);
    header.extend([0xf6d6_u32, 0x10000, 0xd32d].map(u32::to_be_bytes).concat());
    header.resize(128, 0);
    [&header[..], &u32::try_from(tags.len()).unwrap().to_be_bytes(), &table, &data].concat()
}

/// `profile` with another number at a place.
fn lie(at: usize, number: u32) -> Vec<u8> {
    let mut lying = profile();
    lying[at..at + 4].copy_from_slice(&number.to_be_bytes());
    lying
}

fn lies() -> Vec<Vec<u8>> {
    let good = profile();
    let mut lies = Vec::new();
    // The length of the profile, the count of its tags, and where the first and a later tag are.
    for at in [0, 128, 132 + 4, 132 + 8, 132 + 12 * 4 + 4, 132 + 12 * 4 + 8] {
        lies.extend([0, 1, 0x7fff_ffff, 0xffff_fff0, u32::MAX].map(|number| lie(at, number)));
    }
    // The number of a curve's entries, and a curve in place of a colour.
    let curve = good.windows(4).position(|four| four == b"curv").unwrap();
    lies.extend([0, 2, 4096, 0x3fff_ffff, u32::MAX].map(|number| lie(curve + 8, number)));
    lies.push(lie(curve, u32::from_be_bytes(*b"para")));
    lies.push(lie(curve, u32::from_be_bytes(*b"XYZ ")));
    // Kinds of data, of connection space and of device that there are not, or that are not of this picture.
    for (at, name) in [(16, b"CMYK"), (16, b"GRAY"), (16, b"Fclr"), (16, b"zzzz"), (20, b"Lab "), (12, b"link")] {
        lies.push(lie(at, u32::from_be_bytes(*name)));
    }
    // Colours of nothing, and of everything.
    let red = good.windows(4).position(|four| four == b"XYZ \0\0\0\0"[..4].as_ref()).unwrap();
    lies.extend([0, 0x7fff_ffff, 0x8000_0000].map(|number| lie(red + 12, number)));
    lies.extend([40, 128, 131, 140, good.len() - 1].map(|length| good[..length].to_vec()));
    lies
}

#[test]
fn a_profile_that_lies_harms_nobody() {
    let server = Server::start();
    let jpeg = jpeg(300, 300);
    let in_jpeg = |profile: &[u8]| with_segments(&jpeg, &[(0xe2, [b"ICC_PROFILE\0\x01\x01", profile].concat())]);
    let stored = offer(&server, &in_jpeg(&profile())).unwrap();
    assert!(super::contains(stored.original(), b"ICC_PROFILE"), "a good one is kept");
    for (number, profile) in lies().iter().enumerate() {
        let taken: Result<Stored, String> = offer(&server, &in_jpeg(profile));
        assert!(taken.is_ok(), "lie {number}: a picture is no worse for its profile: {:?}", taken.err());
    }
    is_well(&server);
}

#[test]
fn a_profile_that_lies_harms_nobody_in_other_formats() {
    let server = Server::start();
    let still = webp(300, 300);
    let length = u32::from_le_bytes(still[16..20].try_into().unwrap()) as usize;
    let canvas = [0x20, 0, 0, 0, 0x2b, 1, 0, 0x2b, 1, 0];
    for (number, profile) in lies().iter().enumerate().step_by(4) {
        let in_png = with_chunks(&png(300, 300), &[(*b"iCCP", &[b"icc\0\0", &zlib_stored(profile)[..]].concat())]);
        assert!(offer(&server, &in_png).is_ok(), "lie {number} in a PNG");
        let in_webp = riff(&[(*b"VP8X", &canvas), (*b"ICCP", profile), (*b"VP8L", &still[20..20 + length])]);
        assert!(offer(&server, &in_webp).is_ok(), "lie {number} in a WebP");
    }
    is_well(&server);
}
