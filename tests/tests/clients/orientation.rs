//! Orientation as Chromium reads it, over the forms that EXIF is found in: what an administrator saw in the preview
//! is what the answer states and what the files show.
//!
//! Owns the forms: byte orders, types, counts, values, directories, and the places of each format.

use crate::shown::{Case, compare};
use image::{ImageFormat, Rgb, RgbImage};
use packshot_tests::Server;
use packshot_tests::png::chunk;
use std::io::Cursor;

/// Four quarters of different colours, so that every turn looks different.
fn coded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => [220, 30, 30],
            (false, true) => [30, 200, 30],
            (true, false) => [30, 30, 220],
            (false, false) => [240, 240, 240],
        })
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn short(self, value: u16) -> [u8; 2] {
        if self.0 { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn long(self, value: u32) -> [u8; 4] {
        if self.0 { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn entry(self, tag: u16, kind: u16, count: u32, value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        value.resize(4, 0);
        [&self.short(tag)[..], &self.short(kind), &self.long(count), &value].concat()
    }

    /// The orientation as it should be.
    fn orientation(self, value: u16) -> Vec<u8> {
        self.entry(0x0112, 3, 1, &self.short(value))
    }

    /// A count and entries, with no further directory.
    fn directory(self, count: u16, entries: &[Vec<u8>]) -> Vec<u8> {
        [&self.short(count)[..], &entries.concat(), &[0; 4]].concat()
    }

    fn header(self, offset: u32) -> Vec<u8> {
        [if self.0 { b"II" } else { b"MM" }, &self.short(42)[..], &self.long(offset)].concat()
    }

    fn block(self, entries: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(entries.len()).unwrap();
        [self.header(8), self.directory(count, entries)].concat()
    }
}

const ORDERS: [(&str, Order); 2] = [("II", Order(true)), ("MM", Order(false))];

/// TIFF blocks, from good to broken.
fn blocks() -> Vec<Case> {
    let mut blocks = Vec::new();
    for (name, order) in ORDERS {
        let mut add = |what: String, block: Vec<u8>| blocks.push((format!("{name}, {what}"), block));
        for value in 0..=10 {
            add(format!("value {value}"), order.block(&[order.orientation(value)]));
        }
        for kind in 0..=13 {
            for count in if kind == 3 { 0..4 } else { 1..2 } {
                let value = if matches!(kind, 4 | 9) { order.long(6).to_vec() } else { order.short(6).to_vec() };
                let value = if matches!(kind, 1 | 2 | 6 | 7) { vec![6] } else { value };
                add(format!("type {kind}, count {count}"), order.block(&[order.entry(0x0112, kind, count, &value)]));
            }
        }
        let (six, three, other) = (order.orientation(6), order.orientation(3), order.entry(0x0100, 3, 1, &[1]));
        add("two, 3 and 6".into(), order.block(&[three.clone(), six.clone()]));
        add("two, 0 and 6".into(), order.block(&[order.orientation(0), six.clone()]));
        add("two, a LONG and 6".into(), order.block(&[order.entry(0x0112, 4, 1, &order.long(3)), six.clone()]));
        add("behind others".into(), order.block(&[other.clone(), other.clone(), six.clone()]));
        add(
            "padded with ones".into(),
            order.block(&[order.entry(0x0112, 3, 1, &[&order.short(6)[..], &[255; 2]].concat())]),
        );
        add("behind one of an unknown type".into(), order.block(&[order.entry(0x0100, 77, 1, &[]), six.clone()]));
        for count in [0, 2, 100, u16::MAX] {
            let directory = order.directory(count, std::slice::from_ref(&six));
            add(format!("{count} entries stated"), [order.header(8), directory].concat());
        }
        for offset in [0, 4, 9, 26, 1000, 0x7fff_ffff, u32::MAX] {
            let directory = order.directory(1, std::slice::from_ref(&six));
            let gap = vec![0; usize::try_from(offset).unwrap().saturating_sub(8).min(18)];
            add(format!("a directory at {offset}"), [order.header(offset), gap, directory].concat());
        }
        let below = |tag, kind, inner: u16| {
            let pointer = order.entry(tag, kind, 1, &order.long(26));
            [order.block(&[pointer]), order.directory(1, &[order.orientation(inner)])].concat()
        };
        add("in EXIF's directory".into(), below(0x8769, 4, 6));
        add("in EXIF's directory, pointed to by a SHORT".into(), below(0x8769, 3, 6));
        add("in GPS's directory".into(), below(0x8825, 4, 6));
        add(
            "in a directory that points to itself".into(),
            order.block(&[order.entry(0x8769, 4, 1, &order.long(8)), six.clone()]),
        );
        let second = [order.header(8), order.short(1).to_vec(), other, order.long(26).to_vec()].concat();
        add("in the second directory".into(), [second, order.directory(1, std::slice::from_ref(&six))].concat());
        let good = order.block(&[six]);
        for length in (0..good.len()).step_by(if order.0 { 1 } else { 5 }) {
            add(format!("cut to {length}"), good[..length].to_vec());
        }
        for (what, at, byte) in [("another number", 2, 43), ("a lower case letter", 0, b'i'), ("two orders", 1, b'*')] {
            let mut odd = good.clone();
            odd[at] = byte;
            add(what.into(), odd);
        }
        add("with a prefix".into(), [b"Exif\0\0", &good[..]].concat());
        add("with bytes behind it".into(), [&good[..], b"and more"].concat());
    }
    blocks
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], payload].concat()
}

fn exif(block: &[u8]) -> Vec<u8> {
    segment(0xe1, &[b"Exif\0\0", block].concat())
}

fn good(value: u16) -> Vec<u8> {
    Order(false).block(&[Order(false).orientation(value)])
}

fn xmp(value: u16) -> Vec<u8> {
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='{value}'/></rdf:RDF></x:xmpmeta>"
    )
    .into_bytes()
}

/// Segments in every place of a JPEG.
fn jpeg_places(jpeg: &[u8]) -> Vec<Case> {
    let scan = jpeg.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    let (six, one) = (exif(&good(6)), exif(&good(1)));
    let silent = exif(&Order(false).block(&[]));
    let xmp = |value| segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", &xmp(value)[..]].concat());
    let mut places = Vec::new();
    let mut add = |what: String, at: usize, segments: &[&[u8]]| {
        places.push((format!("JPEG, {what}"), [&jpeg[..at], &segments.concat(), &jpeg[at..]].concat()));
    };
    add("before the frame".into(), frame, &[&six]);
    add("before the scan".into(), scan, &[&six]);
    add("before the end".into(), jpeg.len() - 2, &[&six]);
    add("behind the end".into(), jpeg.len(), &[&six]);
    add("behind fill bytes".into(), 2, &[&[0xff, 0xff], &six]);
    add("1, then 6".into(), 2, &[&one, &six]);
    add("6, then 1".into(), 2, &[&six, &one]);
    add("nothing, then 6".into(), 2, &[&silent, &six]);
    for length in 0..=8 {
        add(format!("{length} bytes, then 6"), 2, &[&exif(&good(3)[..length]), &six]);
    }
    add("XMP".into(), 2, &[&xmp(6)]);
    add("XMP's 3, then 6".into(), 2, &[&xmp(3), &six]);
    add("6, then XMP's 3".into(), 2, &[&six, &xmp(3)]);
    for marker in [0xe0, 0xe2, 0xed, 0xfe] {
        add(format!("in segment {marker:x}"), 2, &[&segment(marker, &[b"Exif\0\0", &good(6)[..]].concat())]);
        add(format!("behind segment {marker:x}"), 2, &[&segment(marker, b"something"), &six]);
    }
    for prefix in [&b"Exif\0\xff"[..], b"Exif\x01\0", b"exif\0\0", b"EXIF\0\0", b"Exif\0", b"Exif", b"", b"Exif\0\0\0"]
    {
        add(format!("behind the prefix {prefix:?}"), 2, &[&segment(0xe1, &[prefix, &good(6)].concat())]);
    }
    let (long, at_hundred) = (good(6), Order(false).header(100));
    let split = [&at_hundred[..], &[0; 92], &long[8..]].concat();
    add("over two segments".into(), 2, &[&exif(&split[..60]), &exif(&split[60..])]);
    places
}

/// Chunks in every place of a PNG.
fn png_places(png: &[u8]) -> Vec<Case> {
    let end = png.len() - 12;
    let (six, one) = (chunk(*b"eXIf", &good(6)), chunk(*b"eXIf", &good(1)));
    let mut damaged = six.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let (silent, none) = (chunk(*b"eXIf", &Order(false).block(&[])), chunk(*b"eXIf", b""));
    let text = chunk(*b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &xmp(6)[..]].concat());
    let mut places = Vec::new();
    let mut add = |what: &str, before: &[&[u8]], behind: &[&[u8]]| {
        let parts = [&png[..33], &before.concat(), &png[33..end], &behind.concat(), &png[end..]];
        places.push((format!("PNG, {what}"), parts.concat()));
    };
    add("behind the picture", &[], &[&six]);
    add("1 before and 6 behind", &[&one], &[&six]);
    add("1, then 6", &[&one, &six], &[]);
    add("6, then 1", &[&six, &one], &[]);
    add("nothing, then 6", &[&silent, &six], &[]);
    add("an empty one, then 6", &[&none, &six], &[]);
    add("damaged", &[&damaged], &[]);
    add("damaged, then 6", &[&damaged, &six], &[]);
    add("under another name", &[&chunk(*b"exIf", &good(6)), &chunk(*b"zxIf", &good(6))], &[]);
    add("XMP", &[&text], &[]);
    places
}

/// Every value in every place of a WebP.
fn webp_places(webp: &[u8], (width, height): (u32, u32)) -> Vec<Case> {
    let riff = |chunks: &[(&[u8; 4], &[u8])]| {
        let padded = |data: &[u8]| [data, &vec![0; data.len() % 2]].concat();
        let one = |(name, data): &(&[u8; 4], &[u8])| {
            [&name[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), &padded(data)].concat()
        };
        let body = [&b"WEBP"[..], &chunks.iter().map(one).collect::<Vec<_>>().concat()].concat();
        [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
    };
    let length = usize::try_from(u32::from_le_bytes(webp[16..20].try_into().unwrap())).unwrap();
    let picture = &webp[20..20 + length];
    let canvas =
        |flags| [&[flags, 0, 0, 0], &(width - 1).to_le_bytes()[..3], &(height - 1).to_le_bytes()[..3]].concat();
    let mut places: Vec<Case> = (1..=8)
        .map(|value| {
            let file = riff(&[(b"VP8X", &canvas(8)), (b"VP8L", picture), (b"EXIF", &good(value))]);
            (format!("WebP, value {value}"), file)
        })
        .collect();
    let prefixed = [b"Exif\0\0", &good(6)[..]].concat();
    places.push(("WebP, prefixed".into(), riff(&[(b"VP8X", &canvas(8)), (b"VP8L", picture), (b"EXIF", &prefixed)])));
    places.push(("WebP, before".into(), riff(&[(b"VP8X", &canvas(8)), (b"EXIF", &good(6)), (b"VP8L", picture)])));
    places.push(("WebP, not announced".into(), riff(&[(b"VP8L", picture), (b"EXIF", &good(6))])));
    places.push(("WebP, XMP".into(), riff(&[(b"VP8X", &canvas(4)), (b"VP8L", picture), (b"XMP ", &xmp(6))])));
    places
}

#[test]
fn orientation_is_what_chromium_shows_of_the_upload() {
    let server = Server::start();
    // The first can be turned without loss; the second cannot, and must state what a browser honours.
    let (whole, broken) = ((320, 304), (323, 301));
    let [jpeg, odd] = [whole, broken].map(|(width, height)| coded(width, height, ImageFormat::Jpeg));
    let png = coded(whole.0, whole.1, ImageFormat::Png);
    let mut cases: Vec<Case> = Vec::new();
    for (number, (name, block)) in blocks().into_iter().enumerate() {
        let (plain, shape) = if number % 2 == 0 { (&jpeg, "even") } else { (&odd, "odd") };
        cases.push((format!("JPEG, {shape}, {name}"), [&plain[..2], &exif(&block), &plain[2..]].concat()));
        // What is in the block is read alike; that it is, some of them show.
        if number % 4 == 0 {
            cases.push((format!("PNG, {name}"), [&png[..33], &chunk(*b"eXIf", &block), &png[33..]].concat()));
        }
    }
    for value in 1..=8 {
        for (shape, plain) in [("even", &jpeg), ("odd", &odd)] {
            let file = [&plain[..2], &exif(&good(value)), &plain[2..]].concat();
            cases.push((format!("JPEG, {shape}, {value}"), file));
        }
        cases.push((format!("PNG, {value}"), [&png[..33], &chunk(*b"eXIf", &good(value)), &png[33..]].concat()));
    }
    cases.extend(jpeg_places(&jpeg));
    cases.extend(png_places(&png));
    cases.extend(webp_places(&coded(whole.0, whole.1, ImageFormat::WebP), whole));
    assert!(cases.len() > 200, "{}", cases.len());
    assert_eq!(compare(&server, &cases), []);
}
