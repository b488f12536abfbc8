//! A walk over a JPEG's segments and scans (ITU T.81, annex B).
//!
//! Owns finding where each begins and ends; refuses to interpret payloads.
//! The surprising rule: bytes between segments that belong to none are passed over, as every decoder
//! does, so they are in no piece and do not survive cleaning.

use crate::failure::{Result, corrupt};

/// Start of image.
pub(crate) const SOI: u8 = 0xd8;
/// End of image.
pub(crate) const EOI: u8 = 0xd9;
/// Start of scan.
pub(crate) const SOS: u8 = 0xda;
/// Define quantisation tables.
pub(crate) const DQT: u8 = 0xdb;
/// Define number of lines.
pub(crate) const DNL: u8 = 0xdc;
/// Define restart interval.
pub(crate) const DRI: u8 = 0xdd;
/// Define Huffman tables.
pub(crate) const DHT: u8 = 0xc4;
/// Reserved for extensions, within the range of frame headers.
pub(crate) const JPG: u8 = 0xc8;
/// Define arithmetic conditioning.
pub(crate) const DAC: u8 = 0xcc;
/// Application segment 0: JFIF.
pub(crate) const APP0: u8 = 0xe0;
/// Application segment 1: EXIF and XMP.
pub(crate) const APP1: u8 = 0xe1;
/// Application segment 2: ICC profiles, and the index of further pictures (MPF).
pub(crate) const APP2: u8 = 0xe2;
/// Application segment 14: Adobe's colour transform.
pub(crate) const APP14: u8 = 0xee;

/// One piece of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A marker with its payload, which is empty for markers that have none.
    Segment {
        /// The marker's second byte.
        marker: u8,
        /// The payload without its length.
        payload: &'a [u8],
        /// The whole segment, with fill bytes before its marker.
        raw: &'a [u8],
    },
    /// The entropy-coded data after a scan's header, with its restart markers.
    Scan(&'a [u8]),
    /// Behind a scan, the file ends or another begins, without EOI.
    MissingEnd,
}

/// The pieces of a JPEG from SOI to EOI, or to where that is missing. The first error ends the walk; so does the end.
pub(crate) struct Pieces<'a> {
    data: &'a [u8],
    at: usize,
    state: State,
    has_scan: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Segments,
    Scan,
    End,
}

/// The pieces of `data`.
pub(crate) fn pieces(data: &[u8]) -> Pieces<'_> {
    Pieces { data, at: 0, state: State::Start, has_scan: false }
}

/// Whether `marker` begins a frame header (SOF0 to SOF15).
pub(crate) fn is_frame(marker: u8) -> bool {
    (0xc0..=0xcf).contains(&marker) && !matches!(marker, DHT | JPG | DAC)
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = match self.state {
            State::End => return None,
            State::Scan => Ok(self.scan()),
            State::Start | State::Segments => self.segment(),
        };
        let wrong = match piece {
            Ok(piece) => return Some(Ok(piece)),
            Err(wrong) => wrong,
        };
        self.state = State::End;
        Some(match wrong {
            Wrong::Structure(text) => Err(corrupt(text)),
            Wrong::End if self.has_scan => Ok(Piece::MissingEnd),
            Wrong::End => Err(corrupt("the JPEG data ends before its image data")),
        })
    }
}

/// Why there is no further piece.
enum Wrong {
    /// The file ends, or the next begins.
    End,
    /// What is wrong with it.
    Structure(&'static str),
}

impl<'a> Pieces<'a> {
    /// The next marker's place and second byte. A stuffed zero outside a scan is no marker.
    fn marker(&self) -> std::result::Result<(usize, usize, u8), Wrong> {
        let mut at = self.at;
        loop {
            let rest = self.data.get(at..).unwrap_or_default();
            let start = at + memchr::memchr(0xff, rest).ok_or(Wrong::End)?;
            at = start;
            while self.data.get(at) == Some(&0xff) {
                at += 1;
            }
            let marker = *self.data.get(at).ok_or(Wrong::End)?;
            at += 1;
            if marker != 0 {
                return Ok((start, at, marker));
            }
        }
    }

    fn segment(&mut self) -> std::result::Result<Piece<'a>, Wrong> {
        let (start, mut at, marker) = self.marker()?;
        match (self.state, marker) {
            (State::Start, SOI) => self.state = State::Segments,
            (State::Start, _) => return Err(Wrong::Structure("it does not begin with a start-of-image marker")),
            (_, SOI) if self.has_scan => return Err(Wrong::End),
            (_, SOI) => return Err(Wrong::Structure("a second start-of-image marker stands inside the image")),
            (_, EOI) => self.state = State::End,
            _ => {}
        }
        let has_payload = !matches!(marker, 0x01 | 0xd0..=EOI);
        let payload = if has_payload {
            let length = self.data.get(at..at + 2).ok_or(Wrong::End)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            if length < 2 {
                return Err(Wrong::Structure("a segment is shorter than its own length field"));
            }
            let payload = self.data.get(at + 2..at + length).ok_or(Wrong::End)?;
            at += length;
            payload
        } else {
            &[]
        };
        if marker == SOS {
            self.has_scan = true;
            self.state = State::Scan;
        }
        self.at = at;
        Ok(Piece::Segment { marker, payload, raw: &self.data[start..at] })
    }

    /// To the next marker, or to the end of the file without the fill bytes of a marker that is not there.
    fn scan(&mut self) -> Piece<'a> {
        let start = self.at;
        let mut at = start;
        let end = loop {
            let rest = self.data.get(at..).unwrap_or_default();
            let Some(distance) = memchr::memchr(0xff, rest) else { break self.data.len() };
            let marker = at + distance;
            at = marker;
            while self.data.get(at) == Some(&0xff) {
                at += 1;
            }
            match self.data.get(at) {
                // A stuffed byte, TEM, a restart marker, with fill bytes before it.
                Some(0 | 0x01 | 0xd0..=0xd7) => at += 1,
                _ => break marker,
            }
        };
        self.at = end;
        self.state = State::Segments;
        Piece::Scan(&self.data[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[u8] =
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xdb\x00\x03q\xff\xda\x00\x02\x11\xff\x00\x22\xff\xd0\x33\xff\xd9tail";

    /// No marker is this.
    const MISSING: u8 = 0xff;

    fn markers(data: &[u8]) -> Vec<Result<u8>> {
        pieces(data)
            .map(|piece| {
                piece.map(|piece| match piece {
                    Piece::Segment { marker, .. } => marker,
                    Piece::Scan(_) => 0,
                    Piece::MissingEnd => MISSING,
                })
            })
            .collect()
    }

    #[test]
    fn walks_segments_scans_fill_and_restarts() {
        let walked: Vec<u8> = markers(SMALL).into_iter().map(|marker| marker.unwrap()).collect();
        assert_eq!(walked, [SOI, APP0, DQT, SOS, 0, EOI]);
        let whole: Vec<u8> = pieces(SMALL)
            .flat_map(|piece| match piece.unwrap() {
                Piece::Segment { raw, .. } | Piece::Scan(raw) => raw.to_vec(),
                Piece::MissingEnd => Vec::new(),
            })
            .collect();
        assert_eq!(whole, SMALL[..SMALL.len() - 4]);
    }

    #[test]
    fn passes_over_stray_bytes_between_segments() {
        let data = b"\xff\xd8xx\xff\x00yy\xff\xff\x00z\xff\xd9";
        let walked: Vec<u8> = markers(data).into_iter().map(|marker| marker.unwrap()).collect();
        assert_eq!(walked, [SOI, EOI]);
        let hostile = [&b"\xff\xd8"[..], &[0xff, 0x00].repeat(200_000), b"\xff\xd9"].concat();
        assert_eq!(markers(&hostile).len(), 2);
    }

    #[test]
    fn every_truncation_before_the_first_scan_is_corrupt_and_the_end_may_be_missing() {
        let scan = SMALL.windows(2).position(|two| two == [0xff, SOS]).unwrap() + 4;
        for length in 0..scan {
            assert!(matches!(markers(&SMALL[..length]).pop(), Some(Err(_))), "{length}");
        }
        for length in scan..SMALL.len() - 4 {
            let walked: Vec<u8> = markers(&SMALL[..length]).into_iter().map(|marker| marker.unwrap()).collect();
            assert_eq!(walked, [SOI, APP0, DQT, SOS, 0, MISSING], "{length}");
        }
        let (cut, scan_data) = (&SMALL[..SMALL.len() - 6], b"\x11\xff\x00\x22\xff\xd0\x33");
        for behind in [&b""[..], b"\xff", b"\xff\xff\xff", b"\xff\xd8\xff\xd9", b"\xff\xe1\x00\x09ab"] {
            let data = [cut, behind].concat();
            let scans: Vec<_> = pieces(&data)
                .filter_map(|piece| if let Ok(Piece::Scan(raw)) = piece { Some(raw) } else { None })
                .collect();
            assert_eq!(scans, [scan_data], "{behind:?}");
            assert_eq!(*markers(&data).pop().unwrap().as_ref().unwrap(), MISSING, "{behind:?}");
        }
    }

    #[test]
    fn a_second_start_and_a_short_length_are_corrupt() {
        assert!(markers(b"\xff\xd8\xff\xd8\xff\xd9").pop().unwrap().is_err());
        assert!(markers(b"\xff\xd8\xff\xe0\x00\x01\xff\xd9").pop().unwrap().is_err());
        assert!(markers(b"\xff\xe0\x00\x02").pop().unwrap().is_err());
    }
}
