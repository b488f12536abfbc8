//! A walk over a WebP's RIFF chunks (RFC 9649, section 2.3).
//!
//! Owns lengths and padding; refuses to interpret contents.
//! The surprising rule: the walk ends where the RIFF header says, whatever the file's length; a missing
//! last padding byte is forgiven.

use crate::failure::{Result, corrupt};

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// Its four letters.
    pub(crate) kind: [u8; 4],
    /// Its contents, without padding.
    pub(crate) data: &'a [u8],
}

/// The chunks of a WebP. The first error ends the walk.
pub(crate) struct Chunks<'a> {
    rest: &'a [u8],
}

/// The chunks of `data`.
///
/// # Errors
/// `Corrupt` without a RIFF header of a WebP, or with one that promises more than there is.
pub(crate) fn chunks(data: &[u8]) -> Result<Chunks<'_>> {
    let (Some(b"RIFF"), Some(length), Some(b"WEBP")) = (data.get(..4), data.get(4..8), data.get(8..12)) else {
        return Err(corrupt("the WebP header is missing"));
    };
    let end = length_of(length).checked_add(8).ok_or_else(ends_early)?;
    // A file whose only lack is the padding of its last chunk is whole.
    let end = if end == data.len() + 1 { data.len() } else { end };
    let rest = data.get(12..end).ok_or_else(ends_early)?;
    Ok(Chunks { rest })
}

/// The chunks of `data`, which is what another chunk holds behind its own header.
pub(crate) fn inside(data: &[u8]) -> Chunks<'_> {
    Chunks { rest: data }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let chunk = self.chunk();
        if chunk.is_none() {
            self.rest = &[];
        }
        Some(chunk.ok_or_else(ends_early))
    }
}

impl<'a> Chunks<'a> {
    fn chunk(&mut self) -> Option<Chunk<'a>> {
        let kind: [u8; 4] = self.rest.get(..4)?.try_into().ok()?;
        let length = length_of(self.rest.get(4..8)?);
        let end = length.checked_add(8)?;
        let data = self.rest.get(8..end)?;
        self.rest = self.rest.get(end + length % 2..).unwrap_or_default();
        Some(Chunk { kind, data })
    }
}

/// A whole chunk of this kind and contents, padded.
pub(crate) fn write(kind: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let Ok(length) = u32::try_from(data.len()) else { return };
    out.extend_from_slice(&kind);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

fn length_of(bytes: &[u8]) -> usize {
    let raw = bytes.try_into().unwrap_or([0xff; 4]);
    // On a 16-bit machine such a file would not be in memory.
    usize::try_from(u32::from_le_bytes(raw)).unwrap_or(usize::MAX)
}

fn ends_early() -> packshot_domain::ports::image_processor::ProcessError {
    corrupt("the WebP data ends early")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let mut webp = b"RIFF\0\0\0\0WEBP".to_vec();
        write(*b"VP8 ", b"abc", &mut webp);
        write(*b"EXIF", b"de", &mut webp);
        let length = u32::try_from(webp.len() - 8).unwrap();
        webp[4..8].copy_from_slice(&length.to_le_bytes());
        webp
    }

    #[test]
    fn walks_to_the_end_that_the_header_states() {
        let mut webp = small();
        webp.extend_from_slice(b"tail");
        let kinds: Vec<[u8; 4]> = chunks(&webp).unwrap().map(|chunk| chunk.unwrap().kind).collect();
        assert_eq!(kinds, [*b"VP8 ", *b"EXIF"]);
    }

    #[test]
    fn every_truncation_is_corrupt() {
        let webp = small();
        for length in 0..webp.len() - 1 {
            let broken = chunks(&webp[..length]).is_err();
            assert!(broken, "{length}");
        }
    }

    #[test]
    fn a_chunk_that_reaches_beyond_the_end_is_corrupt() {
        let mut webp = small();
        webp[16] = 0xff;
        assert!(chunks(&webp).unwrap().next().unwrap().is_err());
    }
}
