//! A walk over a PNG's chunks (W3C PNG, section 5.3).
//!
//! Owns lengths and checksums; refuses to interpret contents.
//! The surprising rule: the walk ends at IEND, or where the file does; bytes after it are in no chunk. Of a chunk that
//! the end of the file cuts off, image data is what there is of it; whether that is all is for its stream to tell.

/// The eight bytes that every PNG begins with.
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// Its four letters.
    pub(crate) kind: [u8; 4],
    /// Its contents.
    pub(crate) data: &'a [u8],
    /// The checksum that it states; none where the file ends before it.
    checksum: Option<[u8; 4]>,
}

impl Chunk<'_> {
    /// Whether a decoder that does not know it must give up (section 5.4: bit 5 of the first letter).
    pub(crate) fn is_critical(&self) -> bool {
        self.kind[0] & 0x20 == 0
    }

    /// Whether kind and contents have the checksum that the chunk states.
    pub(crate) fn is_intact(&self) -> bool {
        self.checksum == Some(checksum(self.kind, self.data))
    }
}

/// The chunks of a PNG, without IEND.
pub(crate) struct Chunks<'a> {
    rest: &'a [u8],
}

/// The chunks of `data`, which begins with the signature.
pub(crate) fn chunks(data: &[u8]) -> Chunks<'_> {
    Chunks { rest: data.get(SIGNATURE.len()..).unwrap_or_default() }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let chunk = self.chunk();
        if chunk.is_none() {
            self.rest = &[];
        }
        chunk
    }
}

impl<'a> Chunks<'a> {
    fn chunk(&mut self) -> Option<Chunk<'a>> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let (&kind, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if &kind == b"IEND" {
            return None;
        }
        let whole = rest.split_at_checked(length);
        if whole.is_none() && &kind != b"IDAT" {
            return None;
        }
        let (data, rest) = whole.unwrap_or((rest, &[]));
        let checksum = rest.first_chunk().copied();
        self.rest = rest.get(4..).unwrap_or_default();
        Some(Chunk { kind, data, checksum })
    }
}

/// A whole chunk of this kind and contents.
pub(crate) fn write(kind: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let Ok(length) = u32::try_from(data.len()) else { return };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&kind);
    out.extend_from_slice(data);
    out.extend_from_slice(&checksum(kind, data));
}

fn checksum(kind: [u8; 4], data: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(data);
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(last: [u8; 4]) -> Vec<u8> {
        let mut png = SIGNATURE.to_vec();
        write(*b"IHDR", b"0123456789abc", &mut png);
        write(last, b"abcd", &mut png);
        write(*b"IEND", b"", &mut png);
        png
    }

    #[test]
    fn walks_to_the_end_and_no_further() {
        let mut png = small(*b"tEXt");
        png.extend_from_slice(b"\0\0\0\0IDAT\0\0\0\0");
        let kinds: Vec<[u8; 4]> = chunks(&png).map(|chunk| chunk.kind).collect();
        assert_eq!(kinds, [*b"IHDR", *b"tEXt"]);
        assert!(chunks(&png).all(|chunk| chunk.is_intact()));
    }

    #[test]
    fn a_chunk_that_is_cut_off_counts_when_it_is_image_data() {
        let (text, data) = (small(*b"tEXt"), small(*b"IDAT"));
        // IHDR ends at 33, the next chunk's contents at 45, its checksum at 49.
        for length in 0..text.len() {
            let texts = chunks(&text[..length]).filter(|chunk| &chunk.kind == b"tEXt").count();
            assert_eq!(texts, usize::from(length >= 45), "{length}");
            let cut = chunks(&data[..length]).find(|chunk| &chunk.kind == b"IDAT");
            assert_eq!(cut.map(|chunk| chunk.data.len()), length.checked_sub(41).map(|there| there.min(4)), "{length}");
            assert_eq!(cut.is_some_and(|chunk| chunk.is_intact()), length >= 49, "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_breaks_the_checksum() {
        let mut png = small(*b"tEXt");
        png[17] ^= 1;
        assert!(!chunks(&png).next().unwrap().is_intact());
    }
}
