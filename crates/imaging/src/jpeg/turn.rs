//! Turning a JPEG upright without decoding it to pixels.
//!
//! Owns the lossless transform of the coded blocks; refuses to lose a row: sizes that are no multiple
//! of the block in a direction that the turn mirrors are left alone.
//! The surprising rule: a picture that cannot be turned is no error; the caller keeps the orientation.

use crate::orientation::Orientation;
use turbojpeg::{Transform, TransformOp, Transformer};

/// `cleaned`, turned upright; `None` where that cannot be done without loss.
pub(crate) fn losslessly(cleaned: &[u8], orientation: Orientation, progressive: bool) -> Option<Vec<u8>> {
    let mut transform = Transform::op(match orientation {
        Orientation::Upright => return None,
        Orientation::FlipHorizontal => TransformOp::Hflip,
        Orientation::Rotate180 => TransformOp::Rot180,
        Orientation::FlipVertical => TransformOp::Vflip,
        Orientation::Transpose => TransformOp::Transpose,
        Orientation::Rotate90 => TransformOp::Rot90,
        Orientation::Transverse => TransformOp::Transverse,
        Orientation::Rotate270 => TransformOp::Rot270,
    });
    transform.perfect = true;
    transform.progressive = progressive;
    transform.optimize = true;
    Transformer::new().ok()?.transform_to_vec(&transform, cleaned).ok()
}
