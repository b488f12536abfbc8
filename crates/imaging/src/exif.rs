//! The one EXIF tag that changes how a picture looks: orientation.
//!
//! Owns reading it from a TIFF block and writing a block that holds nothing else (EXIF 2.32, 4.6.4);
//! refuses to know every other tag, thumbnails and maker notes. The surprising rule: whatever is odd
//! about a block makes it say nothing, never an error, since viewers ignore such blocks too.

use crate::orientation::Orientation;

/// EXIF tag 0x0112.
const ORIENTATION_TAG: u16 = 0x0112;

/// The prefix of EXIF data in a JPEG's APP1, which some writers also put in PNG and WebP.
pub(crate) const PREFIX: &[u8] = b"Exif\0\0";

/// The orientation that a TIFF block, with or without [`PREFIX`], states in its first directory.
pub(crate) fn orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = block.strip_prefix(PREFIX).unwrap_or(block);
    let order = match tiff.get(..4)? {
        b"II*\0" => ByteOrder::Little,
        b"MM\0*" => ByteOrder::Big,
        _ => return None,
    };
    let directory = usize::try_from(order.u32(tiff, 4)?).ok()?;
    let count = usize::from(order.u16(tiff, directory)?);
    let first = directory.checked_add(2)?;
    // At most 65,535 entries, each looked at once.
    let entry = (0..count)
        .map_while(|index| first.checked_add(index * 12))
        .take_while(|&at| at < tiff.len())
        .find(|&at| order.u16(tiff, at) == Some(ORIENTATION_TAG))?;
    let value = match order.u16(tiff, entry + 2)? {
        1 => u32::from(*tiff.get(entry + 8)?),
        3 => u32::from(order.u16(tiff, entry + 8)?),
        4 => order.u32(tiff, entry + 8)?,
        _ => return None,
    };
    Orientation::from_exif(value)
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

    #[test]
    fn reads_little_endian_blocks_with_the_prefix_and_other_tags() {
        let mut block = PREFIX.to_vec();
        block.extend_from_slice(b"II*\0\x08\0\0\0\x02\0");
        block.extend_from_slice(b"\x0f\x01\x02\0\x04\0\0\0abc\0");
        block.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
        assert_eq!(orientation(&block), Orientation::from_exif(6));
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
