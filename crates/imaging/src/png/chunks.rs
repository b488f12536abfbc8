//! A walk over a PNG's chunks (W3C PNG, section 5.3).
//!
//! Owns lengths and checksums; refuses to interpret contents.
//! The surprising rule: the walk ends at IEND; bytes after it are in no chunk.

use crate::failure::{Result, corrupt};

/// The eight bytes that every PNG begins with.
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// Its four letters.
    pub(crate) kind: [u8; 4],
    /// Its contents.
    pub(crate) data: &'a [u8],
    /// All of it, with length, kind and checksum.
    pub(crate) raw: &'a [u8],
}

impl Chunk<'_> {
    /// Whether a decoder that does not know it must give up (section 5.4: bit 5 of the first letter).
    pub(crate) fn is_critical(&self) -> bool {
        self.kind[0] & 0x20 == 0
    }

    /// Whether kind and contents have the checksum that the chunk states.
    pub(crate) fn is_intact(&self) -> bool {
        let body = &self.raw[4..self.raw.len() - 4];
        crc32fast::hash(body).to_be_bytes() == self.raw[self.raw.len() - 4..]
    }
}

/// The chunks of a PNG up to IEND. The first error ends the walk.
pub(crate) struct Chunks<'a> {
    data: &'a [u8],
    at: usize,
    done: bool,
}

/// The chunks of `data`, which begins with the signature.
pub(crate) fn chunks(data: &[u8]) -> Chunks<'_> {
    Chunks { data, at: SIGNATURE.len(), done: false }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let chunk = self.chunk().ok_or_else(|| corrupt("the PNG data ends before its IEND chunk"));
        self.done = !matches!(&chunk, Ok(chunk) if &chunk.kind != b"IEND");
        Some(chunk)
    }
}

impl<'a> Chunks<'a> {
    fn chunk(&mut self) -> Option<Chunk<'a>> {
        let rest = self.data.get(self.at..)?;
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let kind: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let end = usize::try_from(length).ok()?.checked_add(12)?;
        let raw = rest.get(..end)?;
        self.at += end;
        Some(Chunk { kind, data: &raw[8..end - 4], raw })
    }
}

/// A whole chunk of this kind and contents.
pub(crate) fn write(kind: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let Ok(length) = u32::try_from(data.len()) else { return };
    out.extend_from_slice(&length.to_be_bytes());
    let body = out.len();
    out.extend_from_slice(&kind);
    out.extend_from_slice(data);
    let checksum = crc32fast::hash(&out[body..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let mut png = SIGNATURE.to_vec();
        write(*b"IHDR", b"0123456789abc", &mut png);
        write(*b"tEXt", b"", &mut png);
        write(*b"IEND", b"", &mut png);
        png
    }

    #[test]
    fn walks_to_the_end_and_no_further() {
        let mut png = small();
        png.extend_from_slice(b"PK\x03\x04");
        let kinds: Vec<[u8; 4]> = chunks(&png).map(|chunk| chunk.unwrap().kind).collect();
        assert_eq!(kinds, [*b"IHDR", *b"tEXt", *b"IEND"]);
        assert!(chunks(&png).all(|chunk| chunk.unwrap().is_intact()));
    }

    #[test]
    fn every_truncation_is_corrupt() {
        let png = small();
        for length in 8..png.len() {
            assert!(chunks(&png[..length]).last().unwrap().is_err(), "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_breaks_the_checksum() {
        let mut png = small();
        png[17] ^= 1;
        assert!(!chunks(&png).next().unwrap().unwrap().is_intact());
    }
}
