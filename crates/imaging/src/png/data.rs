//! Where a PNG's image data ends (W3C PNG, sections 7 to 10).
//!
//! Owns the length that the rows must have, and cutting off what follows their zlib stream; refuses to keep
//! a row. The surprising rule: decoders stop at the last row and pass over the rest, so a few bytes too many
//! are forgiven; a stream that goes on and on is a bomb for whoever does not stop.

use super::chunks::{SIGNATURE, chunks, write};
use super::header::Ihdr;
use crate::failure::{Result, corrupt};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// What a stream may have behind its last row.
const FORGIVEN_BYTES: usize = 64 << 10;

/// A deflate stream refers to its last 32 KiB; a multiple of that is kept, as a ring.
const RING_BYTES: usize = 128 << 10;

/// `cleaned` without the image data that follows the end of its zlib stream.
/// A stream that is broken or ends early is left to the decoder to judge.
///
/// # Errors
/// `Corrupt` when the stream holds far more than the picture's rows.
pub(crate) fn cut(cleaned: Vec<u8>) -> Result<Vec<u8>> {
    let Some(tail) = tail(&cleaned)? else { return Ok(cleaned) };
    let mut out = Vec::with_capacity(cleaned.len());
    out.extend_from_slice(SIGNATURE);
    let mut number = 0;
    for chunk in chunks(&cleaned) {
        let chunk = chunk?;
        if &chunk.kind != b"IDAT" {
            out.extend_from_slice(chunk.raw);
            continue;
        }
        if number < tail.chunk {
            out.extend_from_slice(chunk.raw);
        } else if number == tail.chunk && tail.at > 0 {
            write(chunk.kind, &chunk.data[..tail.at], &mut out);
        }
        number += 1;
    }
    Ok(out)
}

/// Where what follows the stream begins: in which chunk of image data, and where in it.
struct Tail {
    chunk: usize,
    at: usize,
}

fn tail(cleaned: &[u8]) -> Result<Option<Tail>> {
    let mut limit = 0;
    let mut stream = Stream::new();
    let mut number = 0;
    for chunk in chunks(cleaned) {
        let chunk = chunk?;
        match &chunk.kind {
            b"IHDR" => limit = Ihdr::parse(&chunk)?.data_bytes().saturating_add(FORGIVEN_BYTES),
            b"IDAT" => {
                match stream.read(chunk.data, limit, |_| ())? {
                    State::Goes => {}
                    State::Broken => return Ok(None),
                    State::Ended(at) if at < chunk.data.len() => return Ok(Some(Tail { chunk: number, at })),
                    State::Ended(_) => {}
                }
                number += 1;
            }
            _ => {}
        }
    }
    Ok(None)
}

/// How far a stream has come.
pub(super) enum State {
    /// There is more to come.
    Goes,
    /// It is no zlib stream.
    Broken,
    /// It ends before this byte of what was read last.
    Ended(usize),
}

/// A zlib stream of which nothing is kept but what it refers to.
pub(super) struct Stream {
    codec: Box<DecompressorOxide>,
    ring: Vec<u8>,
    at: usize,
    total: usize,
    ended: bool,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self { codec: Box::default(), ring: vec![0; RING_BYTES], at: 0, total: 0, ended: false }
    }

    /// Goes on with `data`, to `limit` bytes of contents at most, which are shown to `see` as they are made.
    pub(super) fn read(&mut self, data: &[u8], limit: usize, mut see: impl FnMut(&[u8])) -> Result<State> {
        if self.ended {
            return Ok(State::Ended(0));
        }
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_HAS_MORE_INPUT;
        let mut read = 0;
        loop {
            let (status, consumed, made) = decompress(&mut self.codec, &data[read..], &mut self.ring, self.at, flags);
            read += consumed;
            self.total += made;
            if self.total > limit {
                return Err(corrupt("its image data goes on far behind its last row"));
            }
            see(&self.ring[self.at..self.at + made]);
            self.at = (self.at + made) % RING_BYTES;
            match status {
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput => return Ok(State::Goes),
                TINFLStatus::Done => {
                    self.ended = true;
                    return Ok(State::Ended(read));
                }
                _ => return Ok(State::Broken),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zlib(data: &[u8]) -> Vec<u8> {
        miniz_oxide::deflate::compress_to_vec_zlib(data, 6)
    }

    fn png(interlaced: u8, data: &[&[u8]]) -> Vec<u8> {
        let mut png = SIGNATURE.to_vec();
        write(*b"IHDR", &[0, 0, 0, 5, 0, 0, 0, 3, 4, 0, 0, 0, interlaced], &mut png);
        for part in data {
            write(*b"IDAT", part, &mut png);
        }
        write(*b"IEND", b"", &mut png);
        png
    }

    /// Rows of 5 samples of 4 bits: 3 bytes and a filter.
    const ROWS: [u8; 12] = [0; 12];

    #[test]
    fn a_stream_that_ends_with_its_data_is_left_alone() {
        let stream = zlib(&ROWS);
        for png in
            [png(0, &[&stream]), png(0, &[&stream[..5], b"", &stream[5..]]), png(0, &[&stream[..7]]), png(0, &[b"x"])]
        {
            assert!(cut(png.clone()).unwrap() == png);
        }
    }

    #[test]
    fn what_follows_the_stream_is_cut_off() {
        let stream = zlib(&ROWS);
        let good = png(0, &[&stream]);
        assert!(cut(png(0, &[&[&stream[..], b"SECRET"].concat()])).unwrap() == good);
        assert!(cut(png(0, &[&stream, b"SECRET", b"SECRET"])).unwrap() == good);
        let parts = png(0, &[&stream[..5], &[&stream[5..], b"SECRET"].concat(), b"SECRET"]);
        assert!(cut(parts).unwrap() == png(0, &[&stream[..5], &stream[5..]]));
    }

    #[test]
    fn a_stream_of_more_than_the_rows_is_forgiven_until_it_is_a_bomb() {
        let some = png(0, &[&zlib(&[0; 1000])]);
        assert!(cut(some.clone()).unwrap() == some);
        assert!(cut(png(0, &[&zlib(&vec![0; 12 + FORGIVEN_BYTES])])).is_ok());
        assert!(cut(png(0, &[&zlib(&vec![0; 13 + FORGIVEN_BYTES])])).is_err());
        assert!(cut(png(0, &[&zlib(&vec![0; 100 << 20])])).is_err());
    }

    #[test]
    fn the_rows_of_an_interlaced_picture_are_those_of_its_passes() {
        let length = |interlaced, width: u32, height: u32| {
            let mut header = SIGNATURE.to_vec();
            let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
            write(*b"IHDR", &[&sides[..], &[8, 2, 0, 0, interlaced]].concat(), &mut header);
            Ihdr::parse(&chunks(&header).next().unwrap().unwrap()).unwrap().data_bytes()
        };
        assert_eq!(length(0, 8, 8), 8 * 25);
        // Section 8.2: 1, 1, 2, 4, 8, 16 and 32 pixels in 1, 1, 1, 2, 2, 4 and 4 rows.
        assert_eq!(length(1, 8, 8), 64 * 3 + 15);
        assert_eq!(length(1, 1, 1), 4);
        // The second pass begins in the fifth column.
        assert_eq!(length(1, 4, 1), 4 * 3 + 3);
    }
}
