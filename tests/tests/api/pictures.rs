//! Pictures made by code, whole and broken, and a decoder that is not the server's.
//!
//! Owns the bytes of each format as its specification has them (ITU T.81, W3C PNG, RFC 9649, EXIF 2.3);
//! refuses to know what the server thinks of them.

use image::{ExtendedColorType, ImageEncoder as _, ImageFormat, Rgb, RgbImage};
use packshot_tests::png::chunk;
use std::io::Cursor;

pub(crate) const RED: [u8; 3] = [220, 30, 30];
pub(crate) const GREEN: [u8; 3] = [30, 200, 30];
pub(crate) const BLUE: [u8; 3] = [30, 30, 220];
pub(crate) const WHITE: [u8; 3] = [240, 240, 240];

/// Red, green, blue and white quarters, from the top left to the bottom right.
pub(crate) fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

/// A JPEG of [`quarters`].
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, ImageFormat::Jpeg)
}

/// A PNG of [`quarters`].
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, ImageFormat::Png)
}

/// A lossless WebP of [`quarters`].
pub(crate) fn webp(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, ImageFormat::WebP)
}

fn encode(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    quarters(width, height).write_to(&mut bytes, format).expect("a picture can be encoded");
    bytes.into_inner()
}

/// A PNG of noise that does not compress: about 3 bytes a pixel.
pub(crate) fn noisy_png(width: u32, height: u32) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        u8::try_from(state >> 24).expect("eight bits")
    };
    let pixels: Vec<u8> = (0..width * height * 3).map(|_| next()).collect();
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .expect("noise can be encoded");
    bytes
}

/// The picture as an independent decoder sees it, which must find it in this format.
#[track_caller]
pub(crate) fn decode(bytes: &[u8], format: ImageFormat) -> RgbImage {
    assert_eq!(image::guess_format(bytes).expect("a known format"), format);
    image::load_from_memory_with_format(bytes, format).expect("a good picture").to_rgb8()
}

/// The format that belongs to a media type.
pub(crate) fn format_of(mime_type: &str) -> ImageFormat {
    ImageFormat::from_mime_type(mime_type).expect("one of the three")
}

/// The colours in the middle of the four quarters, from the top left to the bottom right.
pub(crate) fn quarter_colours(picture: &RgbImage) -> [[u8; 3]; 4] {
    let (width, height) = picture.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| picture.get_pixel(width * x / 4, height * y / 4).0)
}

/// Whether two colours are the same but for what a lossy coding does to them.
pub(crate) fn is_near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 24)
}

/// A TIFF block with an orientation and a description, as EXIF has it.
pub(crate) fn exif(orientation: u8, description: &str) -> Vec<u8> {
    let text = [description.as_bytes(), b"\0"].concat();
    assert!(text.len() > 4, "shorter values lie elsewhere");
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend_from_slice(b"\x0e\x01\x02\0");
    tiff.extend_from_slice(&u32::try_from(text.len()).expect("a short text").to_le_bytes());
    tiff.extend_from_slice(&38_u32.to_le_bytes());
    tiff.extend_from_slice(&[0x12, 0x01, 0x03, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    tiff.extend_from_slice(&0_u32.to_le_bytes());
    tiff.extend_from_slice(&text);
    tiff
}

/// A JPEG with these segments (marker and payload) right after its first two bytes.
pub(crate) fn with_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    for (marker, payload) in segments {
        let length = u16::try_from(payload.len() + 2).expect("a segment is short");
        bytes.extend_from_slice(&[0xff, *marker]);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

/// The APP1 segment that carries EXIF.
pub(crate) fn exif_segment(tiff: &[u8]) -> (u8, Vec<u8>) {
    (0xe1, [b"Exif\0\0", tiff].concat())
}

/// A JPEG whose frame header claims this size.
pub(crate) fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(320, 320);
    let frame = bytes.windows(2).position(|two| two == [0xff, 0xc0]).expect("a baseline frame");
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A PNG whose header claims this size.
pub(crate) fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let good = png(320, 320);
    let mut header = good[16..29].to_vec();
    header[..4].copy_from_slice(&width.to_be_bytes());
    header[4..8].copy_from_slice(&height.to_be_bytes());
    [&good[..8], &chunk(*b"IHDR", &header), &good[33..]].concat()
}

/// A PNG with these chunks right after its header.
pub(crate) fn with_chunks(png: &[u8], chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
    let added: Vec<u8> = chunks.iter().flat_map(|(name, data)| chunk(*name, data)).collect();
    [&png[..33], &added, &png[33..]].concat()
}

/// A PNG that is an animation of two frames.
pub(crate) fn animated_png() -> Vec<u8> {
    let good = png(320, 320);
    let control = |sequence: u32| {
        let mut data = sequence.to_be_bytes().to_vec();
        for value in [320_u32, 320, 0, 0] {
            data.extend_from_slice(&value.to_be_bytes());
        }
        data.extend_from_slice(&[0, 1, 0, 10, 0, 0]);
        chunk(*b"fcTL", &data)
    };
    let animation = chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let end = good.len() - 12;
    // The second frame shows the first one's data again, behind its sequence number.
    let data = good.windows(4).position(|four| four == b"IDAT").expect("a PNG has data");
    let length = u32::from_be_bytes(good[data - 4..data].try_into().expect("four bytes"));
    let again = &good[data + 4..data + 4 + usize::try_from(length).expect("a small picture")];
    let second = chunk(*b"fdAT", &[&2_u32.to_be_bytes(), again].concat());
    [&good[..33], &animation, &control(0), &good[33..end], &control(1), &second, &good[end..]].concat()
}

/// A WebP that is an animation of two frames.
pub(crate) fn animated_webp() -> Vec<u8> {
    let still = webp(320, 320);
    let picture = &still[12..];
    let size = [0x3f, 0x01, 0];
    let mut frame = vec![0; 6];
    frame.extend_from_slice(&size);
    frame.extend_from_slice(&size);
    frame.extend_from_slice(&[100, 0, 0, 0]);
    frame.extend_from_slice(picture);
    let mut canvas = vec![0x02, 0, 0, 0];
    canvas.extend_from_slice(&size);
    canvas.extend_from_slice(&size);
    riff(&[(*b"VP8X", &canvas), (*b"ANIM", &[0; 6]), (*b"ANMF", &frame), (*b"ANMF", &frame)])
}

/// A WebP file with EXIF and XMP beside its picture.
pub(crate) fn webp_with_metadata(tiff: &[u8], xmp: &[u8], width: u32, height: u32) -> Vec<u8> {
    let still = webp(width, height);
    let length = u32::from_le_bytes(still[16..20].try_into().expect("four bytes"));
    let picture = &still[20..20 + usize::try_from(length).expect("a small picture")];
    let mut canvas = vec![0x08 | 0x04, 0, 0, 0];
    canvas.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    canvas.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    riff(&[(*b"VP8X", &canvas), (*b"VP8L", picture), (*b"EXIF", tiff), (*b"XMP ", xmp)])
}

/// A WebP file of these chunks.
pub(crate) fn riff(chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend_from_slice(name);
        body.extend_from_slice(&u32::try_from(data.len()).expect("a small picture").to_le_bytes());
        body.extend_from_slice(data);
        if data.len() % 2 == 1 {
            body.push(0);
        }
    }
    let length = u32::try_from(body.len()).expect("a small picture");
    [b"RIFF", &length.to_le_bytes()[..], &body].concat()
}
