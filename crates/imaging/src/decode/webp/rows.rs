//! libwebp's incremental decoder, as a source of rows.
//!
//! Owns its memory and its calls; refuses to know what rows are for.
//! The surprising rule: libwebp wants room for the whole picture, and gets it as addresses only. The file is given
//! piece by piece, the rows that a piece makes are taken at once, and their pages go back to the system, so that a
//! large lossy picture holds a few rows of memory.

#![expect(unsafe_code, reason = "libwebp is C, and the crate `webp` decodes whole pictures only")]

use crate::failure::{Result, corrupt, internal};
use crate::limit::CpuLimit;
use crate::raster::Channels;
use libwebp_sys::{VP8StatusCode, WEBP_CSP_MODE, WebPIDecGetRGB, WebPIDecoder, WebPIDelete, WebPINewRGB, WebPIUpdate};
use packshot_domain::image::Dimensions;
use std::ptr::{NonNull, null_mut};

/// Bytes of the file that are given at a time: of a photograph some dozen rows.
const PIECE_BYTES: usize = 32 << 10;

/// A WebP in decoding.
pub(super) struct WebpRows<'a> {
    decoder: NonNull<WebPIDecoder>,
    /// Where libwebp writes the picture. It holds this address, so only rows that it has left are looked at.
    pixels: Vec<u8>,
    data: &'a [u8],
    given: usize,
    size: Dimensions,
    /// Bytes of a row.
    row: usize,
    rows_taken: usize,
    #[cfg(target_os = "linux")]
    bytes_released: usize,
    done: bool,
}

impl<'a> WebpRows<'a> {
    /// For the file `data`, which says that it is of `size`; `channels` have colour.
    pub(super) fn open(data: &'a [u8], size: Dimensions, channels: Channels) -> Result<Self> {
        let mode = if channels.has_alpha() { WEBP_CSP_MODE::MODE_RGBA } else { WEBP_CSP_MODE::MODE_RGB };
        let row = size.width() as usize * channels.count();
        // Pages that nobody has written to take no memory.
        let mut pixels = vec![0; row * size.height() as usize];
        let stride = i32::try_from(row).map_err(internal)?;
        // SAFETY: the buffer is as large as is said, and lives as long as the decoder, see `Drop`.
        let decoder = unsafe { WebPINewRGB(mode, pixels.as_mut_ptr(), pixels.len(), stride) };
        let decoder = NonNull::new(decoder).ok_or_else(|| internal("libwebp made no decoder"))?;
        Ok(Self {
            decoder,
            pixels,
            data,
            given: 0,
            size,
            row,
            rows_taken: 0,
            #[cfg(target_os = "linux")]
            bytes_released: 0,
            done: false,
        })
    }

    /// The next rows, all that are there; `None` after the last.
    ///
    /// # Errors
    /// `Corrupt`, `TooCostly`.
    pub(super) fn next(&mut self, limit: CpuLimit) -> Result<Option<&[u8]>> {
        self.release();
        let from = self.rows_taken;
        while self.rows_taken == from && !self.done {
            limit.check()?;
            self.give()?;
        }
        if self.rows_taken == from {
            return Ok(None);
        }
        Ok(Some(&self.pixels[from * self.row..self.rows_taken * self.row]))
    }

    /// Gives the decoder another piece of the file, and sees how far it gets with it.
    fn give(&mut self) -> Result<()> {
        let damaged = || corrupt("its WebP data is damaged or ends early");
        if self.given == self.data.len() {
            return Err(damaged());
        }
        self.given = self.data.len().min(self.given + PIECE_BYTES);
        let mut last = 0;
        let (mut width, mut height) = (0, 0);
        // SAFETY: the data stays where it is while it grows, and outlives the decoder; the last call only writes
        // the numbers, and takes none for the stride, which is known.
        let (status, known) = unsafe {
            let status = WebPIUpdate(self.decoder.as_ptr(), self.data.as_ptr(), self.given);
            let rows = WebPIDecGetRGB(self.decoder.as_ptr(), &mut last, &mut width, &mut height, null_mut());
            (status, !rows.is_null())
        };
        match status {
            VP8StatusCode::VP8_STATUS_OK => self.done = true,
            VP8StatusCode::VP8_STATUS_SUSPENDED => {}
            VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => return Err(internal("libwebp got no memory")),
            _ => return Err(damaged()),
        }
        // A lossless picture has a buffer from the start, but no size before its codes have been read.
        if !known || (width, height) == (0, 0) {
            return if self.done { Err(damaged()) } else { Ok(()) };
        }
        if (u32::try_from(width), u32::try_from(height)) != (Ok(self.size.width()), Ok(self.size.height())) {
            return Err(corrupt("its headers contradict each other"));
        }
        // Never fewer than before, never more than there are; what is missing at the end is told then.
        let last = usize::try_from(last).unwrap_or(0).min(self.size.height() as usize);
        self.rows_taken = self.rows_taken.max(last);
        Ok(())
    }

    /// Gives the pages of rows that have been taken back to the system.
    #[cfg(target_os = "linux")]
    fn release(&mut self) {
        let page_bytes = rustix::param::page_size();
        let start = self.pixels.as_ptr().addr();
        let first = (start + self.bytes_released).next_multiple_of(page_bytes) - start;
        let taken = start + self.rows_taken * self.row;
        let end = (taken - taken % page_bytes).saturating_sub(start);
        if end <= first {
            return;
        }
        // SAFETY: whole pages within the buffer, which hold bytes of rows that nobody looks at again; they read
        // as zeros from now on. An error leaves all as it is.
        let _ = unsafe {
            let pages = self.pixels.as_mut_ptr().add(first);
            rustix::mm::madvise(pages.cast(), end - first, rustix::mm::Advice::LinuxDontNeed)
        };
        self.bytes_released = end;
    }

    /// Elsewhere the advice means something else, and the pages stay.
    #[cfg(not(target_os = "linux"))]
    fn release(&mut self) {}
}

impl Drop for WebpRows<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `open`, deleted once, and before the buffer it writes to.
        unsafe { WebPIDelete(self.decoder.as_ptr()) }
    }
}
