//! What bytes are by their signature.
//!
//! Owns the three signatures and a guess at everything else; refuses to look at names and declared types.
//! The surprising rule: text formats (SVG, HTML, XML) have no signature, so they are recognised by how
//! they begin, and only after every binary signature has failed.

use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_processor::Sniffed;

/// How many leading bytes are looked at.
const WINDOW: usize = 1024;

/// What `bytes` are. Reads the first [`WINDOW`] bytes.
pub(crate) fn sniff(bytes: &[u8]) -> Sniffed {
    if let Some(format) = supported(bytes) {
        return Sniffed::Supported(format);
    }
    let head = bytes.get(..WINDOW).unwrap_or(bytes);
    match textual(head) {
        Some("image/svg+xml") => Sniffed::Other("image/svg+xml".to_owned()),
        guess => isobmff(head)
            .or_else(|| infer::get(head).map(|found| found.mime_type()))
            .or(guess)
            .map_or(Sniffed::Unknown, |mime| Sniffed::Other(mime.to_owned())),
    }
}

/// One of the three that packshot takes: T.81 SOI and a marker, the PNG signature, RIFF WEBP.
pub(crate) fn supported(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(ImageFormat::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(ImageFormat::WebP)
    } else {
        None
    }
}

/// Files of the ISO base media family, by major brand.
fn isobmff(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    Some(match head.get(8..12)? {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" => "image/heic",
        b"mif1" | b"msf1" => "image/heif",
        b"jxl " => "image/jxl",
        b"isom" | b"iso2" | b"mp41" | b"mp42" | b"avc1" => "video/mp4",
        _ => return None,
    })
}

/// SVG, HTML and XML, by the first thing in them that is not space, comment or byte order mark.
fn textual(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).to_ascii_lowercase();
    let text = text.trim_start();
    if !text.starts_with('<') {
        return None;
    }
    if text.starts_with("<svg") || text.contains("<svg") && (text.starts_with("<?xml") || text.starts_with("<!")) {
        Some("image/svg+xml")
    } else if text.starts_with("<?xml") {
        Some("text/xml")
    } else if ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|tag| text.starts_with(tag)) {
        Some("text/html")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_formats_are_told_by_signature() {
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]), Sniffed::Supported(ImageFormat::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Sniffed::Supported(ImageFormat::Png));
        assert_eq!(sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Sniffed::Supported(ImageFormat::WebP));
    }

    #[test]
    fn other_types_are_named() {
        let cases: [(&[u8], &str); 16] = [
            (b"%PDF-1.7\n", "application/pdf"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp"),
            (b"II*\0\x08\0\0\0\0\0\0\0", "image/tiff"),
            (b"MM\0*\0\0\0\x08\0\0", "image/tiff"),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "image/avif"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
            (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video/mp4"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg/>", "image/svg+xml"),
            (b"<?xml version='1.0'?><note/>", "text/xml"),
            (b"  <!DOCTYPE html><html>", "text/html"),
            (b"<html><body>", "text/html"),
            (b"PK\x03\x04\x14\0\0\0\x08\0", "application/zip"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/x-executable"),
        ];
        for (bytes, mime) in cases {
            assert_eq!(sniff(bytes), Sniffed::Other(mime.to_owned()), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_has_no_signature_is_unknown() {
        for bytes in [&b""[..], b"hello world", &[0xff], &[0xff, 0xd8], b"RIFF", b"RIFF\0\0\0\0WAVX", &[0; 64]] {
            assert_eq!(sniff(bytes), Sniffed::Unknown, "{bytes:?}");
        }
    }
}
