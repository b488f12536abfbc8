//! The call of libwebp that takes planes.
//!
//! Owns what C needs: addresses, and giving back the memory that libwebp asked for; refuses to know colours.
//! The surprising rule: libwebp changes the planes (it smooths what is clear), so it gets them for itself.

#![expect(unsafe_code, reason = "libwebp is C, and the crate `webp` hands it interleaved pixels only")]

use super::planes::Planes;
use crate::failure::{Result, internal};
use libwebp_sys::{
    WebPConfig, WebPEncCSP, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPictureFree,
};
use packshot_domain::image::Dimensions;
use std::mem::MaybeUninit;
use std::ptr::from_mut;

/// Codes `planes` of a picture of `size`.
///
/// # Errors
/// `Internal`.
pub(super) fn encode(mut planes: Planes, size: Dimensions, config: &WebPConfig) -> Result<Vec<u8>> {
    let (width, height) = (side(size.width())?, side(size.height())?);
    let (pixels, blocks) = (
        size.width() as usize * size.height() as usize,
        size.width().div_ceil(2) as usize * size.height().div_ceil(2) as usize,
    );
    let alpha_fits = planes.alpha.as_ref().is_none_or(|alpha| alpha.len() == pixels);
    if planes.y.len() != pixels || planes.u.len() != blocks || planes.v.len() != blocks || !alpha_fits {
        return Err(internal("the planes have another size than the picture"));
    }
    let mut picture = Picture(WebPPicture::new().map_err(|()| internal("libwebp has another version"))?);
    let fields = &mut picture.0;
    fields.use_argb = 0;
    fields.colorspace = WebPEncCSP::WEBP_YUV420;
    (fields.width, fields.height) = (width, height);
    (fields.y, fields.u, fields.v) = (planes.y.as_mut_ptr(), planes.u.as_mut_ptr(), planes.v.as_mut_ptr());
    (fields.y_stride, fields.uv_stride) = (width, (width + 1) / 2);
    if let Some(alpha) = &mut planes.alpha {
        fields.colorspace = WebPEncCSP::WEBP_YUV420A;
        (fields.a, fields.a_stride) = (alpha.as_mut_ptr(), width);
    }
    let mut written = Written::new();
    fields.writer = Some(WebPMemoryWrite);
    fields.custom_ptr = from_mut(&mut written.0).cast();
    // SAFETY: the planes are as large as the strides and the size say, see above, and they and the writer outlive
    // the call; the configuration is initialised, being a value of its type, and libwebp validates it.
    let done = unsafe { WebPEncode(config, fields) };
    if done == 0 {
        return Err(internal(format!("libwebp failed: {:?}", fields.error_code)));
    }
    Ok(written.bytes().to_vec())
}

fn side(pixels: u32) -> Result<i32> {
    i32::try_from(pixels).map_err(internal)
}

/// A picture whose own memory is given back; the planes are not its own.
struct Picture(WebPPicture);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: initialised by `WebPPicture::new`; what it frees is what libwebp itself asked for.
        unsafe { WebPPictureFree(&mut self.0) }
    }
}

/// The memory that the coded picture grows in.
struct Written(WebPMemoryWriter);

impl Written {
    fn new() -> Self {
        let mut writer = MaybeUninit::uninit();
        // SAFETY: it writes every field.
        unsafe {
            WebPMemoryWriterInit(writer.as_mut_ptr());
            Self(writer.assume_init())
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.0.mem.is_null() {
            return &[];
        }
        // SAFETY: libwebp wrote `size` bytes to `mem`, which lives as long as this.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`.
        unsafe { WebPMemoryWriterClear(&mut self.0) }
    }
}
