//! The ICC profile of a PNG (W3C PNG, section 11.3.2.3).
//!
//! Owns inflating `iCCP`; refuses to read the profile.
//! The surprising rule: a profile that inflates to more than [`MAX_BYTES`] is no profile, so a bomb
//! costs that much and no more.

use super::chunks::{Chunk, chunks};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// The largest profile that is inflated. Printers' profiles of four inks are 0.5 to 3 MB.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// The embedded profile, where there is a good one before the image data.
pub(crate) fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let chunk = chunks(data)
        .map_while(Result::ok)
        .take_while(|chunk| &chunk.kind != b"IDAT")
        .find(|chunk| &chunk.kind == b"iCCP" && chunk.is_intact())?;
    inflate(&chunk)
}

/// The profile in this `iCCP` chunk.
pub(crate) fn inflate(chunk: &Chunk<'_>) -> Option<Vec<u8>> {
    // A name of 1 to 79 bytes, a zero, the compression method 0.
    let name = chunk.data.iter().take(80).position(|&byte| byte == 0)?;
    match chunk.data.get(name + 1..)? {
        [0, compressed @ ..] => decompress_to_vec_zlib_with_limit(compressed, MAX_BYTES).ok(),
        _ => None,
    }
}
