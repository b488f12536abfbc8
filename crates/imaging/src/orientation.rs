//! How a picture must be turned to be upright: the eight values of EXIF's orientation tag.
//!
//! Owns their meaning and turning pixels; refuses to know where the tag is stored.
//! The surprising rule: pixels are turned after shrinking, since far fewer are left then.

use crate::raster::Raster;
use packshot_domain::image::Dimensions;

/// What to do with the stored pixels so that they are upright (EXIF 2.32, tag 0x0112).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Orientation {
    /// 1: nothing.
    #[default]
    Upright,
    /// 2: mirror left to right.
    FlipHorizontal,
    /// 3: turn by half.
    Rotate180,
    /// 4: mirror top to bottom.
    FlipVertical,
    /// 5: exchange rows and columns.
    Transpose,
    /// 6: turn a quarter clockwise.
    Rotate90,
    /// 7: exchange rows and columns about the other diagonal.
    Transverse,
    /// 8: turn a quarter counterclockwise.
    Rotate270,
}

impl Orientation {
    /// All of them, in the order of the tag's values from 1.
    pub(crate) const ALL: [Self; 8] = [
        Self::Upright,
        Self::FlipHorizontal,
        Self::Rotate180,
        Self::FlipVertical,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// The orientation of the tag's value; `None` for values that mean nothing.
    pub(crate) fn from_exif(value: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(value).ok()?.checked_sub(1)?).copied()
    }

    /// The tag's value.
    pub(crate) fn to_exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::FlipHorizontal => 2,
            Self::Rotate180 => 3,
            Self::FlipVertical => 4,
            Self::Transpose => 5,
            Self::Rotate90 => 6,
            Self::Transverse => 7,
            Self::Rotate270 => 8,
        }
    }

    /// Whether width and height change places.
    pub(crate) fn exchanges_axes(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }

    /// The size as displayed of a picture stored at `size`; also the other way round.
    pub(crate) fn display(self, size: Dimensions) -> Dimensions {
        if self.exchanges_axes() { size.transposed() } else { size }
    }

    /// `picture`, turned upright.
    pub(crate) fn turn<T: Copy + Default>(self, picture: Raster<T>) -> Raster<T> {
        if self == Self::Upright {
            return picture;
        }
        let size = self.display(picture.size);
        let (width, height) = (picture.width(), picture.height());
        let channels = picture.channels.count();
        let mut samples = Vec::with_capacity(picture.samples.len());
        let (across, down) = (size.width() as usize, size.height() as usize);
        for y in 0..down {
            for x in 0..across {
                let (from_x, from_y) = match self {
                    Self::Upright => (x, y),
                    Self::FlipHorizontal => (width - 1 - x, y),
                    Self::Rotate180 => (width - 1 - x, height - 1 - y),
                    Self::FlipVertical => (x, height - 1 - y),
                    Self::Transpose => (y, x),
                    Self::Rotate90 => (y, height - 1 - x),
                    Self::Transverse => (width - 1 - y, height - 1 - x),
                    Self::Rotate270 => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * channels;
                samples.extend_from_slice(&picture.samples[at..at + channels]);
            }
        }
        Raster { size, channels: picture.channels, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Channels;

    /// `1 2 3 / 4 5 6`, as the EXIF standard's figure would show it after each turn.
    #[test]
    fn every_value_turns_as_the_standard_says() {
        let expected: [(u32, u32, [u8; 6]); 8] = [
            (3, 2, [1, 2, 3, 4, 5, 6]),
            (3, 2, [3, 2, 1, 6, 5, 4]),
            (3, 2, [6, 5, 4, 3, 2, 1]),
            (3, 2, [4, 5, 6, 1, 2, 3]),
            (2, 3, [1, 4, 2, 5, 3, 6]),
            (2, 3, [4, 1, 5, 2, 6, 3]),
            (2, 3, [6, 3, 5, 2, 4, 1]),
            (2, 3, [3, 6, 2, 5, 1, 4]),
        ];
        for (orientation, (width, height, samples)) in Orientation::ALL.into_iter().zip(expected) {
            let size = Dimensions::new(3, 2).unwrap();
            let turned =
                orientation.turn(Raster { size, channels: Channels::Gray, samples: vec![1_u8, 2, 3, 4, 5, 6] });
            assert_eq!((turned.size.width(), turned.size.height()), (width, height), "{orientation:?}");
            assert_eq!(turned.samples, samples, "{orientation:?}");
        }
    }

    #[test]
    fn values_outside_one_to_eight_mean_nothing() {
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
        for orientation in Orientation::ALL {
            assert_eq!(Orientation::from_exif(orientation.to_exif().into()), Some(orientation));
        }
    }
}
