//! PNG to pixels, by the `png` crate.
//!
//! Owns expanding palettes, transparency and small samples to whole channels; refuses to inflate text
//! and profiles here. The surprising rule: rows stream, except from interlaced files.

use super::{Decoded, Goal, Sink};
use crate::failure::{Result, corrupt};
use crate::header::Header;
use crate::limit::CpuLimit;
use crate::raster::{Channels, Rows};
use packshot_domain::ports::image_processor::ProcessError;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Reader, Transformations};
use std::io::Cursor;

/// Decodes a PNG.
///
/// # Errors
/// `Corrupt`.
pub(super) fn decode(data: &[u8], header: &Header, goal: Goal<'_>, limit: CpuLimit) -> Result<Decoded> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(data), options);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(judge)?;
    if reader.info().size() != (header.coded.width(), header.coded.height()) {
        return Err(corrupt("its headers contradict each other"));
    }
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(corrupt("its palette is damaged")),
    };
    let sixteen_bits = depth == BitDepth::Sixteen;
    let mut sink = Sink::new(header.coded, channels, sixteen_bits, goal);
    let row = header.coded.width() as usize * channels.count() * if sixteen_bits { 2 } else { 1 };
    if reader.info().interlaced {
        whole(&mut reader, row, header.coded.height() as usize, sixteen_bits, &mut sink)?;
    } else {
        strips(&mut reader, row, header.coded.height() as usize, sixteen_bits, &mut sink, limit)?;
    }
    reader.finish().map_err(judge)?;
    sink.finish()
}

fn whole(
    reader: &mut Reader<Cursor<&[u8]>>,
    row: usize,
    rows: usize,
    sixteen_bits: bool,
    sink: &mut Sink,
) -> Result<()> {
    let mut samples = vec![0; row * rows];
    let frame = reader.next_frame(&mut samples).map_err(judge)?;
    if frame.buffer_size() != samples.len() {
        return Err(corrupt("its headers contradict each other"));
    }
    if !sixteen_bits {
        return sink.push_all(samples);
    }
    // Not all at once, which would take the picture's memory once more.
    let mut wide = Vec::new();
    samples.chunks(row * sink.rows_at_a_time()).try_for_each(|samples| push_wide(samples, &mut wide, sink))
}

fn strips(
    reader: &mut Reader<Cursor<&[u8]>>,
    row: usize,
    rows: usize,
    sixteen_bits: bool,
    sink: &mut Sink,
    limit: CpuLimit,
) -> Result<()> {
    let mut strip = vec![0; row * sink.rows_at_a_time().min(rows)];
    let mut wide = Vec::new();
    let mut left = rows;
    while left > 0 {
        limit.check()?;
        let count = left.min(strip.len() / row);
        for line in strip[..count * row].chunks_exact_mut(row) {
            if reader.read_row(line).map_err(judge)?.is_none() {
                return Err(corrupt("its image data ends early"));
            }
        }
        let samples = &strip[..count * row];
        if sixteen_bits {
            push_wide(samples, &mut wide, sink)?;
        } else {
            sink.push(Rows::Eight(samples))?;
        }
        left -= count;
    }
    Ok(())
}

/// PNG stores 16-bit samples with the high byte first.
fn push_wide(samples: &[u8], wide: &mut Vec<u16>, sink: &mut Sink) -> Result<()> {
    wide.clear();
    wide.extend(samples.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])));
    sink.push(Rows::Sixteen(wide))
}

fn judge(error: DecodingError) -> ProcessError {
    match error {
        DecodingError::IoError(_) => corrupt("the PNG data ends early"),
        DecodingError::Format(_) => corrupt("its PNG data is damaged"),
        DecodingError::LimitsExceeded => ProcessError::TooCostly("a part of the PNG needs too much memory".to_owned()),
        // It was asked for rows that it does not have: its chunks contradict each other.
        DecodingError::Parameter(_) => corrupt("its headers contradict each other"),
    }
}
