//! A WebP without what is not its picture.
//!
//! Owns the order of what stays (VP8X with its flags made true, ICC profile, alpha plane, bitstream: RFC 9649,
//! section 2.7) and the RIFF length; refuses to change a bitstream. The surprising rule: the file is always written
//! anew, so one that readers refuse for the order of its chunks comes out in the order that they want.

use super::chunks::write;
use super::parts::{FLAG_ALPHA, FLAG_ICC, parts};
use crate::failure::{Result, internal};
use crate::header::Header;
use crate::original::{Keep, profile_bytes};

/// `data` with nothing in it but what [`Keep`] and the decoder ask for. No orientation is ever stated, since no
/// browser reads one in a WebP.
///
/// # Errors
/// As [`parts`].
pub(crate) fn clean(data: &[u8], header: &Header, keep: Keep) -> Result<Vec<u8>> {
    let parts = parts(data)?;
    let profile = parts.profile.filter(|_| keep.icc).and_then(|data| data.get(..profile_bytes(data)?));
    let mut out = Vec::with_capacity(data.len() + 1);
    out.extend_from_slice(b"RIFF\0\0\0\0WEBP");
    if parts.canvas.is_some() {
        let flags = [(profile.is_some(), FLAG_ICC), (header.model.has_alpha(), FLAG_ALPHA)]
            .into_iter()
            .filter_map(|(holds, flag)| holds.then_some(flag))
            .sum();
        write(*b"VP8X", &canvas(flags, header), &mut out);
        for (kind, part) in [(*b"ICCP", profile), (*b"ALPH", parts.alpha)] {
            if let Some(data) = part {
                write(kind, data, &mut out);
            }
        }
    }
    write(parts.picture.kind, parts.picture.data, &mut out);
    let length = u32::try_from(out.len() - 8).map_err(internal)?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

fn canvas(flags: u8, header: &Header) -> [u8; 10] {
    let [w0, w1, w2, _] = (header.coded.width() - 1).to_le_bytes();
    let [h0, h1, h2, _] = (header.coded.height() - 1).to_le_bytes();
    [flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]
}

/// The embedded ICC profile, where there is one that counts.
pub(crate) fn profile(data: &[u8]) -> Option<Vec<u8>> {
    parts(data).ok()?.profile.map(<[u8]>::to_vec)
}
