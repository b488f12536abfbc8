//! Which chunks of a PNG make its picture (W3C PNG, sections 5.6 and 11).
//!
//! Owns choosing them, wherever they stand and whatever stands between them, as browsers do; refuses to inflate. The
//! surprising rule: an animation of one frame is a still picture, which may or may not be the one that programs see
//! that know no animations; and a part that readers understand differently is cut to what browsers take of it.

use super::chunks::{Chunk, SIGNATURE, chunks};
use super::header::Ihdr;
use crate::exif;
use crate::failure::{Result, corrupt, unsupported};
use crate::orientation::Orientation;
use packshot_domain::image::Dimensions;
use packshot_domain::ports::image_processor::ProcessError;
use std::borrow::Cow;

/// The chunks that make the picture.
pub(crate) struct Parts<'a> {
    /// The contents of IHDR, and what they say.
    pub(crate) header: (&'a [u8], Ihdr),
    /// What stands before PLTE or, where there is none, before the image data.
    pub(crate) before_palette: Vec<Part<'a>>,
    /// The contents of PLTE, where samples are indices.
    pub(crate) palette: Option<&'a [u8]>,
    /// What stands behind PLTE and before the image data.
    pub(crate) behind_palette: Vec<Part<'a>>,
    /// The pieces of the zlib stream.
    pub(crate) data: Vec<Piece<'a>>,
    /// What `eXIf` says.
    pub(crate) orientation: Orientation,
}

impl Parts<'_> {
    /// Whether there is `tRNS`.
    pub(crate) fn has_transparency(&self) -> bool {
        self.before_palette.iter().chain(&self.behind_palette).any(|part| &part.kind == b"tRNS")
    }
}

/// An ancillary chunk, as it is to be written.
pub(crate) struct Part<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) data: Cow<'a, [u8]>,
}

/// A piece of image data, and the chunk that it came in.
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) chunk: Chunk<'a>,
}

/// The parts of `data`.
///
/// # Errors
/// `Corrupt` for a broken structure, `Animated` for an APNG of several frames, `Unsupported` for chunks that only
/// other dialects of PNG have and for a frame that does not fill its canvas.
pub(crate) fn parts(data: &[u8]) -> Result<Parts<'_>> {
    if !data.starts_with(SIGNATURE) {
        return Err(corrupt("the PNG signature is missing"));
    }
    let mut walk = chunks(data);
    let first = walk.next().ok_or_else(|| corrupt("it has no chunks"))?;
    let ihdr = Ihdr::parse(&first)?;
    let mut found = Found::of(&ihdr);
    for chunk in walk {
        found.note(chunk)?;
    }
    let Found { before_palette, palette, behind_palette, data, animation, orientation, .. } = found;
    let data = animation.picture(data, ihdr.size())?;
    if data.is_empty() {
        return Err(corrupt("it has no image data"));
    }
    if ihdr.is_indexed() && palette.is_none() {
        return Err(corrupt("its palette is missing"));
    }
    let orientation = orientation.unwrap_or_default();
    Ok(Parts { header: (first.data, ihdr), before_palette, palette, behind_palette, data, orientation })
}

struct Found<'a, 'b> {
    ihdr: &'b Ihdr,
    before_palette: Vec<Part<'a>>,
    palette: Option<&'a [u8]>,
    behind_palette: Vec<Part<'a>>,
    data: Vec<Piece<'a>>,
    animation: Animation<'a>,
    orientation: Option<Orientation>,
}

impl<'a, 'b> Found<'a, 'b> {
    fn of(ihdr: &'b Ihdr) -> Self {
        Self {
            ihdr,
            before_palette: Vec::new(),
            palette: None,
            behind_palette: Vec::new(),
            data: Vec::new(),
            animation: Animation::default(),
            orientation: None,
        }
    }

    fn note(&mut self, chunk: Chunk<'a>) -> Result<()> {
        let before_data = self.data.is_empty();
        match &chunk.kind {
            b"IDAT" => self.data.push(Piece { bytes: chunk.data, chunk }),
            b"fdAT" => self.animation.data(chunk),
            b"fcTL" if chunk.is_intact() => self.animation.frame(&chunk, before_data),
            // Behind the image data nothing else changes what is shown.
            _ if !before_data => {}
            b"acTL" if chunk.is_intact() => self.animation.control(&chunk),
            // Where samples are no indices, a palette is a suggestion that nobody needs.
            b"PLTE" if self.ihdr.is_indexed() => self.palette(&chunk)?,
            b"PLTE" => {}
            // Browsers look at the first such chunk before the picture alone, whatever it says.
            b"eXIf" if self.orientation.is_none() && chunk.is_intact() => {
                self.orientation = Some(exif::orientation(chunk.data).unwrap_or_default());
            }
            b"IHDR" => return Err(corrupt("it has two header chunks")),
            _ if chunk.is_critical() => return Err(unsupported("PNG with an unknown critical chunk")),
            _ => self.ancillary(&chunk),
        }
        Ok(())
    }

    /// Section 11.2.2: entries of three bytes, no more than an index can count.
    fn palette(&mut self, chunk: &Chunk<'a>) -> Result<()> {
        if self.palette.is_some() {
            return Err(corrupt("it has two palettes"));
        }
        if !chunk.is_intact() {
            return Err(corrupt("the checksum of its palette is wrong"));
        }
        let entries = chunk.data.len() / 3;
        if entries == 0 || entries > 256 {
            return Err(corrupt(format!("its palette has {entries} colours")));
        }
        self.palette = chunk.data.get(..entries.min(self.ihdr.most_colours()) * 3);
        Ok(())
    }

    /// Of each kind the first that is whole counts.
    fn ancillary(&mut self, chunk: &Chunk<'a>) {
        let earlier = |part: &Part<'_>| part.kind == chunk.kind;
        if !self.before_palette.iter().chain(&self.behind_palette).any(earlier)
            && let Some(data) = self.shown(chunk)
            && chunk.is_intact()
        {
            let part = Part { kind: chunk.kind, data };
            // All but these belong before a palette or anywhere.
            let is_behind = self.palette.is_some() && matches!(&chunk.kind, b"tRNS" | b"bKGD" | b"pHYs");
            if is_behind { self.behind_palette.push(part) } else { self.before_palette.push(part) }
        }
    }

    /// What stays of a chunk that says how the samples are to be shown (section 11.3): as long as its definition, since
    /// in one of another length something else is kept.
    fn shown(&self, chunk: &Chunk<'a>) -> Option<Cow<'a, [u8]>> {
        let samples = self.ihdr.samples();
        let fits = match &chunk.kind {
            b"iCCP" => true,
            b"tRNS" => return self.transparency(chunk.data),
            // Other values make browsers refuse the whole file (section 11.3.2.6).
            b"cICP" => matches!(chunk.data, [_, _, 0, 0 | 1]),
            b"bKGD" if self.ihdr.is_indexed() => self.palette.is_some() && chunk.data.len() == 1,
            b"bKGD" => chunk.data.len() == if samples < 3 { 2 } else { 6 },
            b"sBIT" => chunk.data.len() == if self.ihdr.is_indexed() { 3 } else { samples },
            kind => LENGTHS.iter().any(|&(known, length)| known == kind && length == chunk.data.len()),
        };
        fits.then_some(chunk.data.into())
    }

    /// Section 11.3.1.1: the alpha of the palette's first colours, or the one colour that is clear.
    fn transparency(&self, data: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if self.ihdr.is_indexed() {
            // Before the palette, it is passed over by browsers.
            let colours = self.palette?.len() / 3;
            return data.get(..data.len().min(colours)).filter(|alpha| !alpha.is_empty()).map(Cow::Borrowed);
        }
        let samples = self.ihdr.samples();
        if samples.is_multiple_of(2) {
            return None;
        }
        let key = data.get(..2 * samples)?;
        // To browsers, a sample of up to 8 bits is the low byte; one that no sample can be makes nothing clear.
        let most = self.ihdr.greatest_sample();
        let sample = |pair: &[u8]| u16::from_be_bytes([if most > 255 { pair[0] } else { 0 }, pair[1]]);
        if key.chunks_exact(2).any(|pair| sample(pair) > most) {
            return None;
        }
        let exact: Vec<u8> = key.chunks_exact(2).flat_map(|pair| sample(pair).to_be_bytes()).collect();
        Some(if exact == key { key.into() } else { exact.into() })
    }
}

/// Chunks that always have one length.
const LENGTHS: [(&[u8; 4], usize); 6] =
    [(b"gAMA", 4), (b"cHRM", 32), (b"sRGB", 1), (b"mDCV", 24), (b"cLLI", 8), (b"pHYs", 9)];

/// What an APNG has besides (sections 11.3.6 and 13.2).
#[derive(Default)]
struct Animation<'a> {
    /// How many frames there are to be.
    stated: Option<usize>,
    frames: usize,
    first: Option<Frame<'a>>,
}

struct Frame<'a> {
    /// Whether it is what programs see that know no animations.
    is_default: bool,
    place: Option<Dimensions>,
    data: Vec<Piece<'a>>,
}

impl<'a> Animation<'a> {
    fn control(&mut self, chunk: &Chunk<'a>) {
        if let (None, [f3, f2, f1, f0, _, _, _, _]) = (self.stated, chunk.data) {
            // PNG's numbers have 31 bits (section 7.1).
            let frames = i32::from_be_bytes([*f3, *f2, *f1, *f0]);
            self.stated = usize::try_from(frames).ok().filter(|&frames| frames > 0);
        }
    }

    fn frame(&mut self, chunk: &Chunk<'a>, is_default: bool) {
        let number = |at: usize| Some(u32::from_be_bytes(chunk.data.get(at..at + 4)?.try_into().ok()?));
        let (Some(width), Some(height), Some(left), Some(top)) = (number(4), number(8), number(12), number(16)) else {
            return;
        };
        self.frames += 1;
        if self.first.is_none() {
            let place = Dimensions::new(width, height).filter(|_| (left, top) == (0, 0));
            self.first = Some(Frame { is_default, place, data: Vec::new() });
        }
    }

    /// Behind a sequence number comes what could be in IDAT.
    fn data(&mut self, chunk: Chunk<'a>) {
        if let (1, Some(frame), Some(bytes)) = (self.frames, &mut self.first, chunk.data.get(4..)) {
            frame.data.push(Piece { bytes, chunk });
        }
    }

    /// What is shown for ever: the data of the only frame; that of the picture itself, where there is no other.
    fn picture(self, still: Vec<Piece<'a>>, canvas: Dimensions) -> Result<Vec<Piece<'a>>> {
        let (Some(stated), Some(frame)) = (self.stated, self.first) else { return Ok(still) };
        if stated.min(self.frames) > 1 {
            return Err(ProcessError::Animated);
        }
        if frame.place != Some(canvas) {
            return Err(unsupported("animated PNG whose only frame does not fill its canvas"));
        }
        Ok(if frame.is_default { still } else { frame.data })
    }
}
