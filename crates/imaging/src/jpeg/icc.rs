//! The ICC profile of a JPEG (ICC.1:2022, annex B.4).
//!
//! Owns putting its chunks together; refuses to read the profile.
//! The surprising rule: a set of chunks that is not whole is no profile at all.

use super::segments::{APP2, Piece, SOS, pieces};

/// How a chunk's payload begins; a sequence number and the number of chunks follow.
pub(crate) const PREFIX: &[u8] = b"ICC_PROFILE\0";

/// What of a profile one segment can hold: 65,535 bytes with its own length, the prefix, number and count.
const MOST_BYTES: usize = 65_535 - 16;

/// The embedded profile, where there is a whole one.
pub(crate) fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let mut chunks: Vec<(u8, u8, &[u8])> = Vec::new();
    for piece in pieces(data).map_while(Result::ok) {
        match piece {
            Piece::Segment { marker: SOS, .. } => break,
            Piece::Segment { marker: APP2, payload, .. } => {
                if let Some([number, count, chunk @ ..]) = payload.strip_prefix(PREFIX) {
                    chunks.push((*number, *count, chunk));
                }
            }
            _ => {}
        }
    }
    chunks.sort_by_key(|&(number, _, _)| number);
    let whole = !chunks.is_empty()
        && (1_usize..)
            .zip(&chunks)
            .all(|(place, &(number, count, _))| usize::from(number) == place && usize::from(count) == chunks.len());
    whole.then(|| chunks.iter().flat_map(|&(_, _, chunk)| chunk).copied().collect())
}

/// Writes the segments of `profile`, which came from at most 255 of them.
pub(crate) fn push(profile: &[u8], out: &mut Vec<u8>) {
    let chunks = profile.chunks(MOST_BYTES);
    let (count, head) = (chunks.len(), PREFIX.len() + 4);
    for (number, chunk) in (1_usize..).zip(chunks) {
        let length = (head + chunk.len()).to_be_bytes();
        out.extend_from_slice(&[0xff, APP2, length[length.len() - 2], length[length.len() - 1]]);
        out.extend_from_slice(PREFIX);
        out.extend_from_slice(&[number.to_be_bytes(), count.to_be_bytes()].map(|bytes| bytes[bytes.len() - 1]));
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(chunks: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let mut data = vec![0xff, 0xd8];
        for (number, count, chunk) in chunks {
            data.extend_from_slice(&[0xff, APP2]);
            data.extend_from_slice(&u16::try_from(chunk.len() + 16).unwrap().to_be_bytes());
            data.extend_from_slice(PREFIX);
            data.extend_from_slice(&[*number, *count]);
            data.extend_from_slice(chunk);
        }
        data.extend_from_slice(&[0xff, 0xd9]);
        data
    }

    #[test]
    fn chunks_are_put_in_order() {
        assert_eq!(profile(&jpeg(&[(2, 2, b"world"), (1, 2, b"hello ")])), Some(b"hello world".to_vec()));
    }

    #[test]
    fn what_is_not_whole_is_no_profile() {
        assert_eq!(profile(&jpeg(&[])), None);
        assert_eq!(profile(&jpeg(&[(1, 2, b"a")])), None);
        assert_eq!(profile(&jpeg(&[(1, 2, b"a"), (1, 2, b"b")])), None);
        assert_eq!(profile(&jpeg(&[(0, 1, b"a")])), None);
    }
}
