//! A PNG's image data as a zlib stream (W3C PNG, sections 7 to 10; RFC 1950).
//!
//! Owns the length that the rows must have, cutting off what follows their stream, and making its frame true; refuses
//! to keep a row. The surprising rule: two checksums cover the rows, the stream's and its chunks'. One of them is
//! enough: then the other is stale or badly made, browsers show the picture as it was meant, and it gets the true one,
//! since other programs refuse it else. Where both are wrong the picture is damaged.

use super::header::Ihdr;
use super::parts::Piece;
use crate::failure::{Result, corrupt};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use simd_adler32::Adler32;
use std::borrow::Cow;

/// What a stream may have behind its last row.
const FORGIVEN_BYTES: usize = 64 << 10;

/// A deflate stream refers to its last 32 KiB; a multiple of that is kept, as a ring.
const RING_BYTES: usize = 128 << 10;

/// The first byte of a stream that refers to its last 32 KiB.
const WIDEST_WINDOW: u8 = 0x78;

/// Image data that every decoder takes.
pub(crate) struct Mended<'a> {
    /// What stays of each piece.
    pub(crate) pieces: Vec<Cow<'a, [u8]>>,
    /// What was missing at the end.
    pub(crate) end: Vec<u8>,
}

/// The stream in `pieces`, without what follows it, and with a true header and checksum. One that is no stream is left
/// to the decoder to judge.
///
/// # Errors
/// `Corrupt` when the stream ends before the picture's rows do or holds far more than them, and when no checksum
/// vouches for it.
pub(crate) fn mended<'a>(pieces: &[Piece<'a>], ihdr: &Ihdr) -> Result<Mended<'a>> {
    let rows = ihdr.data_bytes();
    let mut stream = Stream::new();
    let mut kept: Vec<Cow<'a, [u8]>> = Vec::new();
    for piece in pieces {
        match stream.read(piece.bytes, rows.saturating_add(FORGIVEN_BYTES), |_| ())? {
            State::Ended(0) => break,
            State::Ended(at) => kept.push(piece.bytes[..at].into()),
            State::Goes | State::Broken => kept.push(piece.bytes.into()),
        }
    }
    let is_intact = || pieces.iter().all(|piece| piece.chunk.is_intact());
    if stream.is_broken() {
        return Ok(Mended { pieces: kept, end: Vec::new() });
    }
    if stream.total < rows || !stream.has_all_contents() {
        return Err(corrupt("its image data ends early"));
    }
    if stream.states_another_checksum() && !is_intact() {
        return Err(corrupt("the checksums of its image data are wrong"));
    }
    // Encoders that state a small window do so for pictures that are smaller still; others state one that they leave.
    if stream.window_bytes() < stream.total.min(32 << 10) {
        widen(&mut kept);
    }
    let mut end = Vec::new();
    if !stream.is_true() {
        cut(&mut kept, stream.checksum.len());
        end.extend_from_slice(&stream.true_checksum());
    }
    Ok(Mended { pieces: kept, end })
}

/// States the widest window, and the check of the header that belongs to it.
fn widen(kept: &mut [Cow<'_, [u8]>]) {
    let header = [WIDEST_WINDOW, 0x01];
    let mut left = header.iter();
    for piece in kept.iter_mut().filter(|piece| !piece.is_empty()) {
        let count = piece.len().min(left.len());
        if count == 0 {
            break;
        }
        piece.to_mut().iter_mut().zip(left.by_ref().take(count)).for_each(|(byte, &right)| *byte = right);
    }
}

/// Takes off the last `count` bytes.
fn cut(kept: &mut Vec<Cow<'_, [u8]>>, mut count: usize) {
    while let Some(last) = kept.last_mut().filter(|_| count > 0) {
        let there = last.len().min(count);
        let left = last.len() - there;
        match last {
            Cow::Borrowed(bytes) => *bytes = &bytes[..left],
            Cow::Owned(bytes) => bytes.truncate(left),
        }
        count -= there;
        if left == 0 {
            kept.pop();
        }
    }
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
    header: Vec<u8>,
    phase: Phase,
    adler: Adler32,
    /// What there is of the checksum that it states.
    checksum: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Header,
    Contents,
    Checksum,
    Ended,
    Broken,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            codec: Box::default(),
            ring: vec![0; RING_BYTES],
            at: 0,
            total: 0,
            header: Vec::new(),
            phase: Phase::Header,
            adler: Adler32::new(),
            checksum: Vec::new(),
        }
    }

    /// Whether it has ended and states the checksum of its contents.
    pub(super) fn is_true(&self) -> bool {
        self.checksum == self.true_checksum()
    }

    fn true_checksum(&self) -> [u8; 4] {
        self.adler.finish().to_be_bytes()
    }

    fn states_another_checksum(&self) -> bool {
        self.phase == Phase::Ended && !self.is_true()
    }

    fn is_broken(&self) -> bool {
        self.phase == Phase::Broken
    }

    fn has_all_contents(&self) -> bool {
        matches!(self.phase, Phase::Checksum | Phase::Ended)
    }

    /// How far back it says that it refers (RFC 1950, 2.2).
    fn window_bytes(&self) -> usize {
        self.header.first().map_or(0, |first| 256 << (first >> 4))
    }

    /// Goes on with `data`, to `limit` bytes of contents at most, which are shown to `see` as they are made.
    pub(super) fn read(&mut self, data: &[u8], limit: usize, mut see: impl FnMut(&[u8])) -> Result<State> {
        let mut read = 0;
        loop {
            match self.phase {
                Phase::Broken => return Ok(State::Broken),
                Phase::Ended => return Ok(State::Ended(read)),
                Phase::Header => {
                    let Some(&byte) = data.get(read) else { return Ok(State::Goes) };
                    self.header.push(byte);
                    read += 1;
                    if let &[method, flags] = self.header.as_slice() {
                        // Deflate, a window that there is, no dictionary, and the check of all that.
                        let good = method & 15 == 8
                            && method >> 4 < 8
                            && flags & 32 == 0
                            && u16::from_be_bytes([method, flags]) % 31 == 0;
                        self.phase = if good { Phase::Contents } else { Phase::Broken };
                    }
                }
                Phase::Contents => {
                    let flags = TINFL_FLAG_HAS_MORE_INPUT;
                    let (status, consumed, made) =
                        decompress(&mut self.codec, &data[read..], &mut self.ring, self.at, flags);
                    read += consumed;
                    self.total += made;
                    if self.total > limit {
                        return Err(corrupt("its image data goes on far behind its last row"));
                    }
                    let contents = &self.ring[self.at..self.at + made];
                    self.adler.write(contents);
                    see(contents);
                    self.at = (self.at + made) % RING_BYTES;
                    match status {
                        TINFLStatus::HasMoreOutput => {}
                        TINFLStatus::NeedsMoreInput => return Ok(State::Goes),
                        TINFLStatus::Done => self.phase = Phase::Checksum,
                        _ => self.phase = Phase::Broken,
                    }
                }
                Phase::Checksum => {
                    let Some(&byte) = data.get(read) else { return Ok(State::Goes) };
                    self.checksum.push(byte);
                    read += 1;
                    if self.checksum.len() == 4 {
                        self.phase = Phase::Ended;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunks::{SIGNATURE, chunks, write};
    use super::super::clean;
    use super::*;
    use crate::orientation::Orientation;
    use crate::original::Keep;

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

    fn mend(png: &[u8]) -> Result<Vec<u8>> {
        clean::upload(png, Keep { icc: true, orientation: Orientation::Upright })
    }

    /// `png` with another bit in its last chunk of image data, whose checksum stays as it was.
    fn with_wrong_crc(mut png: Vec<u8>) -> Vec<u8> {
        let at = png.len() - 13;
        png[at] ^= 1;
        png
    }

    /// Rows of 5 samples of 4 bits: 3 bytes and a filter.
    const ROWS: [u8; 12] = [0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9];

    #[test]
    fn a_stream_that_ends_with_its_data_is_left_alone() {
        let stream = zlib(&ROWS);
        for png in [png(0, &[&stream]), png(0, &[&stream[..5], b"", &stream[5..]]), png(0, &[b"xy"])] {
            assert!(mend(&png).unwrap() == png);
        }
    }

    #[test]
    fn what_follows_the_stream_is_cut_off() {
        let stream = zlib(&ROWS);
        let good = png(0, &[&stream]);
        assert!(mend(&png(0, &[&[&stream[..], b"SECRET"].concat()])).unwrap() == good);
        assert!(mend(&png(0, &[&stream, b"SECRET", b"SECRET"])).unwrap() == good);
        let parts = png(0, &[&stream[..5], &[&stream[5..], b"SECRET"].concat(), b"SECRET"]);
        assert!(mend(&parts).unwrap() == png(0, &[&stream[..5], &stream[5..]]));
    }

    #[test]
    fn a_stream_that_ends_before_its_rows_is_corrupt() {
        let stream = zlib(&ROWS);
        for length in 0..stream.len() - 4 {
            assert!(mend(&png(0, &[&stream[..length]])).is_err(), "{length}");
        }
        assert!(mend(&png(0, &[&zlib(&ROWS[..11])])).is_err());
    }

    #[test]
    fn a_stream_of_more_than_the_rows_is_forgiven_until_it_is_a_bomb() {
        let some = png(0, &[&zlib(&[0; 1000])]);
        assert!(mend(&some).unwrap() == some);
        assert!(mend(&png(0, &[&zlib(&vec![0; 12 + FORGIVEN_BYTES])])).is_ok());
        assert!(mend(&png(0, &[&zlib(&vec![0; 13 + FORGIVEN_BYTES])])).is_err());
        assert!(mend(&png(0, &[&zlib(&vec![0; 100 << 20])])).is_err());
    }

    /// The contents of all chunks of image data.
    fn data(png: &[u8]) -> Vec<u8> {
        chunks(png).filter(|chunk| &chunk.kind == b"IDAT").flat_map(|chunk| chunk.data.to_vec()).collect()
    }

    #[test]
    fn one_wrong_checksum_is_made_true_and_two_are_damage() {
        let stream = zlib(&ROWS);
        let (good, end) = (png(0, &[&stream]), stream.len() - 4);
        assert!(mend(&with_wrong_crc(good.clone())).unwrap() == good, "the chunk's");
        for at in end..stream.len() {
            let mut lying = stream.clone();
            lying[at] ^= 1;
            for pieces in [vec![&lying[..]], vec![&lying[..at], &lying[at..]]] {
                let mended = mend(&png(0, &pieces)).unwrap();
                assert!(data(&mended) == stream && chunks(&mended).all(|chunk| chunk.is_intact()), "the stream's");
                assert!(mend(&with_wrong_crc(png(0, &pieces))).is_err(), "both");
            }
        }
    }

    #[test]
    fn a_missing_end_is_written() {
        let stream = zlib(&ROWS);
        let good = png(0, &[&stream]);
        // The stream's checksum, the chunk's, and the last chunk.
        for missing in 1..=4 + 4 + 12 {
            let mended = mend(&good[..good.len() - missing]).unwrap();
            assert!(data(&mended) == stream && chunks(&mended).all(|chunk| chunk.is_intact()), "{missing}");
            assert!(mended.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        }
        assert!(mend(&good[..good.len() - 21]).is_err());
        assert!(data(&mend(&png(0, &[&stream[..stream.len() - 3]])).unwrap()) == stream);
    }

    #[test]
    fn a_window_that_may_be_too_small_is_widened() {
        let rows: Vec<u8> = (0..200_u8).flat_map(|row| [0, row, row / 2]).collect();
        let mut header = SIGNATURE.to_vec();
        write(*b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 200, 8, 0, 0, 0, 0], &mut header);
        let with = |stream: &[&[u8]]| {
            let mut png = header.clone();
            stream.iter().for_each(|part| write(*b"IDAT", part, &mut png));
            write(*b"IEND", b"", &mut png);
            png
        };
        let stream = zlib(&rows);
        // 256 bytes, and as many as there are.
        let (narrow, enough) = ([&[0x08, 0x1d], &stream[2..]].concat(), [&[0x28, 0x15], &stream[2..]].concat());
        let wide = [&[0x78, 0x01], &stream[2..]].concat();
        assert!(mend(&with(&[&narrow])).unwrap() == with(&[&wide]));
        assert!(mend(&with(&[&narrow[..1], &narrow[1..]])).unwrap() == with(&[&wide[..1], &wide[1..]]));
        assert!(mend(&with(&[&enough])).unwrap() == with(&[&enough]));
    }

    #[test]
    fn the_rows_of_an_interlaced_picture_are_those_of_its_passes() {
        let length = |interlaced, width: u32, height: u32| {
            let mut header = SIGNATURE.to_vec();
            let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
            write(*b"IHDR", &[&sides[..], &[8, 2, 0, 0, interlaced]].concat(), &mut header);
            Ihdr::parse(&chunks(&header).next().unwrap()).unwrap().data_bytes()
        };
        assert_eq!(length(0, 8, 8), 8 * 25);
        // Section 8.2: 1, 1, 2, 4, 8, 16 and 32 pixels in 1, 1, 1, 2, 2, 4 and 4 rows.
        assert_eq!(length(1, 8, 8), 64 * 3 + 15);
        assert_eq!(length(1, 1, 1), 4);
        // The second pass begins in the fifth column.
        assert_eq!(length(1, 4, 1), 4 * 3 + 3);
    }
}
