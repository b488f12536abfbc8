//! The ICC profile of a PNG (W3C PNG, section 11.3.2.3).
//!
//! Owns inflating `iCCP`; refuses to read the profile.
//! The surprising rule: a profile that inflates to more than [`MAX_BYTES`] is no profile, so a bomb
//! costs that much and no more.

use super::chunks::chunks;
use super::data::{State, Stream};
use crate::original::profile_bytes;

/// The largest profile that is inflated. Printers' profiles of four inks are 0.5 to 3 MB.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// The embedded profile, where there is a good one before the image data.
pub(crate) fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let chunk = chunks(data)
        .take_while(|chunk| &chunk.kind != b"IDAT")
        .find(|chunk| &chunk.kind == b"iCCP" && chunk.is_intact())?;
    embedded(chunk.data).map(|embedded| embedded.profile)
}

/// A profile, and how its chunk holds it.
pub(crate) struct Embedded<'a> {
    pub(crate) profile: Vec<u8>,
    /// The profile's name and how it is compressed.
    pub(crate) before: &'a [u8],
    /// Whether the chunk holds just that: a whole stream, with a whole profile in it, and nothing behind either.
    pub(crate) is_exact: bool,
}

/// The profile in an `iCCP` chunk of these contents. One whose stream has another checksum than it states is none to
/// browsers; nor is one without a name.
pub(crate) fn embedded(data: &[u8]) -> Option<Embedded<'_>> {
    // A name of 1 to 79 bytes, a zero, the compression method 0.
    let name = data.iter().take(80).position(|&byte| byte == 0).filter(|&length| length > 0)?;
    let (before, compressed) = data.split_at_checked(name + 2)?;
    if before.last() != Some(&0) {
        return None;
    }
    let mut profile = Vec::new();
    let mut stream = Stream::new();
    let state = stream.read(compressed, MAX_BYTES, |part| profile.extend_from_slice(part)).ok()?;
    let bytes = profile_bytes(&profile)?;
    let is_exact = match state {
        State::Ended(end) if stream.is_true() => end == compressed.len() && bytes == profile.len(),
        // Adobe's programs left out the end of the stream; other decoders, too, are content with a whole profile.
        State::Goes if states(&profile, bytes) => false,
        State::Ended(_) | State::Goes | State::Broken => return None,
    };
    profile.truncate(bytes);
    Some(Embedded { profile, before, is_exact })
}

/// Whether the profile says that it has so many bytes.
fn states(profile: &[u8], bytes: usize) -> bool {
    profile.first_chunk().map(|&size| u32::from_be_bytes(size)) == u32::try_from(bytes).ok()
}
