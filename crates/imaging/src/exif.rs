//! The one EXIF tag that changes how a picture looks: orientation.
//!
//! Owns reading it from a TIFF block as browsers read it, and writing a block that holds nothing else (EXIF 2.32,
//! 4.6.4); refuses to know every other tag, thumbnails and maker notes, and where a format keeps the block. The
//! surprising rule: whatever is odd about a block makes it say nothing, never an error. What an administrator saw in
//! a browser's preview is what the variants must show, so a value of another type or count turns nothing here either,
//! though other programs are more liberal.

use crate::orientation::Orientation;

/// EXIF tag 0x0112.
const ORIENTATION_TAG: u16 = 0x0112;

/// EXIF tag 0x8769: where the directory of EXIF's own tags is, in which browsers look for the orientation, too.
const EXIF_DIRECTORY_TAG: u16 = 0x8769;

/// TIFF's types of a number of 16 and of 32 bits.
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The prefix of EXIF data in a JPEG's APP1.
pub(crate) const PREFIX: &[u8] = b"Exif\0\0";

/// The orientation that a TIFF block states: one SHORT of 1 to 8, the first that there is in its first directory or,
/// where that points to it, in EXIF's.
pub(crate) fn orientation(tiff: &[u8]) -> Option<Orientation> {
    let order = match tiff.get(..4)? {
        b"II*\0" => ByteOrder::Little,
        b"MM\0*" => ByteOrder::Big,
        _ => return None,
    };
    in_directory(tiff, order, order.u32(tiff, 4)?, &mut true)
}

/// Entries behind the end of the block are none; those before it count. Of the pointers to EXIF's directory one is
/// followed, so that at most twice 65,535 entries are looked at.
fn in_directory(tiff: &[u8], order: ByteOrder, at: u32, follows: &mut bool) -> Option<Orientation> {
    let at = usize::try_from(at).ok()?;
    let count = usize::from(order.u16(tiff, at)?);
    tiff.get(at.checked_add(2)?..)?.chunks_exact(12).take(count).find_map(|entry| {
        let (tag, kind, values) = (order.u16(entry, 0)?, order.u16(entry, 2)?, order.u32(entry, 4)?);
        match (tag, kind, values) {
            (ORIENTATION_TAG, SHORT, 1) => Orientation::from_exif(order.u16(entry, 8)?.into()),
            (EXIF_DIRECTORY_TAG, LONG, 1) if std::mem::take(follows) => {
                in_directory(tiff, order, order.u32(entry, 8)?, follows)
            }
            _ => None,
        }
    })
}

/// A big-endian TIFF block of one directory with the orientation and nothing else.
pub(crate) fn only_orientation(orientation: Orientation) -> [u8; 26] {
    let mut block = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.to_exif();
    block
}

#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for value in 1..=8 {
            let turned = Orientation::from_exif(value).unwrap();
            assert_eq!(orientation(&only_orientation(turned)), Some(turned));
        }
    }

    /// A directory at 8 with these entries: tag, type, count, value.
    fn little(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        block.extend_from_slice(&u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, kind, count, value) in entries {
            block.extend_from_slice(&[tag.to_le_bytes(), kind.to_le_bytes()].concat());
            block.extend_from_slice(&[count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        block
    }

    #[test]
    fn reads_little_endian_blocks_with_other_tags() {
        let maker = (0x010f, 2, 4, 0x0063_6261);
        assert_eq!(orientation(&little(&[maker, (0x0112, 3, 1, 6)])), Orientation::from_exif(6));
        // What pads the value says nothing.
        assert_eq!(orientation(&little(&[maker, (0x0112, 3, 1, 0xffff_0006)])), Orientation::from_exif(6));
    }

    #[test]
    fn nothing_but_one_short_counts() {
        for kind in 0..=13 {
            for count in [0, 1, 2, 255, u32::MAX] {
                let expected = if (kind, count) == (3, 1) { Orientation::from_exif(6) } else { None };
                assert_eq!(orientation(&little(&[(0x0112, kind, count, 6)])), expected, "{kind} {count}");
            }
        }
        assert_eq!(orientation(&[PREFIX, &little(&[(0x0112, 3, 1, 6)])].concat()), None);
    }

    #[test]
    fn the_first_that_means_something_counts() {
        assert_eq!(orientation(&little(&[(0x0112, 3, 1, 3), (0x0112, 3, 1, 6)])), Orientation::from_exif(3));
        for silent in [(0x0112, 3, 1, 0), (0x0112, 3, 1, 9), (0x0112, 4, 1, 3), (0x0112, 3, 2, 3)] {
            assert_eq!(orientation(&little(&[silent, (0x0112, 3, 1, 6)])), Orientation::from_exif(6));
        }
    }

    #[test]
    fn the_directory_of_exif_counts_where_it_is_pointed_to_and_no_other() {
        let with = |tag, kind| {
            let inner = little(&[(0x0112, 3, 1, 6)]);
            [little(&[(tag, kind, 1, 22)]), inner[8..].to_vec()].concat()
        };
        assert_eq!(orientation(&with(0x8769, 4)), Orientation::from_exif(6));
        assert_eq!(orientation(&with(0x8769, 3)), None);
        // That of GPS.
        assert_eq!(orientation(&with(0x8825, 4)), None);
        // One that points to itself.
        assert_eq!(orientation(&little(&[(0x8769, 4, 1, 8), (0x0112, 3, 1, 6)])), Orientation::from_exif(6));
    }

    #[test]
    fn odd_blocks_say_nothing_and_never_panic() {
        let good = only_orientation(Orientation::from_exif(6).unwrap());
        for length in 0..good.len() {
            let _ = orientation(&good[..length]);
        }
        for at in 0..good.len() {
            for value in 0..=255 {
                let mut block = good;
                block[at] = value;
                let _ = orientation(&block);
            }
        }
        for value in [0_u8, 9, 255] {
            let mut block = good;
            block[19] = value;
            assert_eq!(orientation(&block), None);
        }
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), None);
    }
}
