//! A JPEG's rows, as libjpeg-turbo makes them.
//!
//! Owns the boundary to C (`native/jpeg_rows.c`); refuses to know what the samples mean.
//! The surprising rule: the C side never calls Rust and never jumps across it, so nothing can unwind through C.

#![allow(unsafe_code, reason = "functions of C; TurboJPEG's safe interface makes whole pictures only")]

use crate::failure::{Result, corrupt, internal};
use crate::limit::CpuLimit;
use packshot_domain::ports::image_processor::ProcessError;
use std::ffi::{c_int, c_uchar, c_uint};
use std::marker::PhantomData;
use std::ptr::{NonNull, null_mut};

#[repr(C)]
struct Codec {
    private: [u8; 0],
}

unsafe extern "C" {
    fn packshot_jpeg_open(
        data: *const c_uchar,
        length: usize,
        channels: c_int,
        eighths: c_uint,
        max_scans: c_int,
        end_ns: i64,
        opened: *mut *mut Codec,
        coded_width: *mut c_uint,
        coded_height: *mut c_uint,
        width: *mut c_uint,
        height: *mut c_uint,
    ) -> c_int;
    fn packshot_jpeg_read(codec: *mut Codec, rows: *mut c_uchar, row_bytes: usize, count: c_uint) -> c_int;
    fn packshot_jpeg_finish(codec: *mut Codec) -> c_int;
    fn packshot_jpeg_close(codec: *mut Codec);
}

/// What to make of a JPEG.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// 1 for grey, 3 for red, green and blue, 4 for inks.
    pub(super) channels: usize,
    /// The part of its size in eighths, 1 to 8.
    pub(super) eighths: u32,
    /// Scans at most.
    pub(super) max_scans: i32,
}

/// A JPEG in decoding.
pub(super) struct JpegRows<'a> {
    codec: NonNull<Codec>,
    channels: usize,
    /// As its header has it: width, height.
    pub(super) coded: (u32, u32),
    /// As it is made: width, height.
    pub(super) size: (u32, u32),
    rows_left: u32,
    data: PhantomData<&'a [u8]>,
}

impl<'a> JpegRows<'a> {
    /// Reads the header, and of a progressive JPEG all of it.
    ///
    /// # Errors
    /// `Corrupt`, `TooCostly`, `Internal` when there is no memory.
    pub(super) fn open(data: &'a [u8], request: Request, limit: CpuLimit) -> Result<Self> {
        let channels = c_int::try_from(request.channels).map_err(internal)?;
        let (mut codec, mut coded, mut size) = (null_mut(), (0, 0), (0, 0));
        // SAFETY: `data` outlives the codec, by the lifetime; the other pointers are of this frame.
        let outcome = unsafe {
            packshot_jpeg_open(
                data.as_ptr(),
                data.len(),
                channels,
                request.eighths,
                request.max_scans,
                limit.end_ns(),
                &raw mut codec,
                &raw mut coded.0,
                &raw mut coded.1,
                &raw mut size.0,
                &raw mut size.1,
            )
        };
        judge(outcome)?;
        let codec = NonNull::new(codec).ok_or_else(|| internal("the JPEG decoder is missing"))?;
        Ok(Self { codec, channels: request.channels, coded, size, rows_left: size.1, data: PhantomData })
    }

    /// Makes the next rows, as many as `rows` holds or are left; says how many.
    ///
    /// # Errors
    /// `Corrupt`, `TooCostly`.
    pub(super) fn read(&mut self, rows: &mut [u8]) -> Result<usize> {
        let row = self.size.0 as usize * self.channels;
        let count = u32::try_from(rows.len() / row).unwrap_or(u32::MAX).min(self.rows_left);
        // SAFETY: `rows` has room for `count` rows of `row` bytes, and as many are left.
        judge(unsafe { packshot_jpeg_read(self.codec.as_ptr(), rows.as_mut_ptr(), row, count) })?;
        self.rows_left -= count;
        Ok(count as usize)
    }

    /// Reads to the end, once every row was made.
    ///
    /// # Errors
    /// `Corrupt`, `TooCostly`.
    pub(super) fn finish(self) -> Result<()> {
        // SAFETY: the codec is open until this is dropped.
        judge(unsafe { packshot_jpeg_finish(self.codec.as_ptr()) })
    }
}

impl Drop for JpegRows<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { packshot_jpeg_close(self.codec.as_ptr()) }
    }
}

/// The C side's `enum outcome`.
fn judge(outcome: c_int) -> Result<()> {
    match outcome {
        0 => Ok(()),
        2 => Err(internal("the JPEG decoder has no memory")),
        3 => Err(ProcessError::TooCostly("it is coded in too many scans".to_owned())),
        4 => Err(CpuLimit::exceeded()),
        _ => Err(corrupt("its JPEG data is damaged or ends early")),
    }
}
