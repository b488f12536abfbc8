//! One variant after the other, from the decoded picture.
//!
//! Owns fitting, cutting, padding, flattening, and the rule about size; refuses to decode.
//! The surprising rule: a variant at the upload's own size is never worse than the upload.
//!
//! - In the upload's format, upright and in sRGB as it came, it is the original's own coded picture
//!   (without the profile and what else tells its colours), since coding it anew loses quality: unless that saves more than a quarter of
//!   the bytes of a lossy coding, or any of a lossless one.
//! - Else, where it would have more bytes than the original, it is the lossless WebP of a PNG, when that
//!   has no more; or coded at less quality, down to [`LEAST_QUALITY`] tenths of what was asked, until it
//!   has no more.

use crate::encode::{Effort, encode};
use crate::failure::{Result, internal};
use crate::geometry::{self, Placement, middle};
use crate::header::Header;
use crate::linear::Linear;
use crate::orientation::Orientation;
use crate::original::{self, Keep};
use crate::raster::{Channels, Raster};
use crate::resize::shrink;
use crate::settings::Profile;
use bytes::Bytes;
use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::ports::image_processor::RenderedVariant;
use packshot_domain::variant::{Fit, VariantSpec};
use std::rc::Rc;

/// Tenths of the quality asked for, tried in this order when a variant is larger than the original.
const LESS_QUALITY: [u8; 4] = [8, 6, 5, LEAST_QUALITY];

/// The least of [`LESS_QUALITY`].
const LEAST_QUALITY: u8 = 4;

/// The decoded picture, upright and in sRGB, in the sizes that the plan asked for.
pub(crate) struct Studio<'a> {
    /// Every pixel; there when a variant is as large as the upload.
    pub(crate) whole: Option<Rc<Raster<u8>>>,
    /// As the plan says.
    pub(crate) shrunk: Vec<Linear>,
    /// The upload's header.
    pub(crate) header: &'a Header,
    /// The cleaned original.
    pub(crate) original: &'a Bytes,
    /// Whether the upload's colours are sRGB without conversion.
    pub(crate) was_srgb: bool,
    /// Quality or CPU time.
    pub(crate) profile: Profile,
    /// The last picture made, which the next variant often shares.
    pub(crate) last: Option<(Fit, Rc<Raster<u8>>)>,
}

impl Studio<'_> {
    /// Makes the variant of `spec`.
    ///
    /// # Errors
    /// `Internal`.
    pub(crate) fn render(&mut self, spec: &VariantSpec) -> Result<RenderedVariant> {
        let format = spec.format.resolve(self.header.format());
        let picture = self.fitted(spec.fit)?;
        let picture = if format == ImageFormat::Jpeg { on_white(picture) } else { without_idle_alpha(picture) };
        let effort = Effort { quality: spec.quality.get(), lossless: false, profile: self.profile };
        let coded = encode(&picture, format, effort)?;
        let same = self.header.displayed() == picture.size && spec.fit.scaled(picture.size) == picture.size;
        let bytes = if !same {
            coded.into()
        } else if let Some(own) = self.own_picture(format, coded.len())? {
            own
        } else if coded.len() > self.original.len() {
            self.no_larger(&picture, format, effort, coded)?
        } else {
            coded.into()
        };
        Ok(RenderedVariant { name: spec.name.clone(), format, dimensions: picture.size, bytes })
    }

    /// The original's own coded picture, where that is a better variant than one of `coded_bytes`.
    fn own_picture(&self, format: ImageFormat, coded_bytes: usize) -> Result<Option<Bytes>> {
        let header = self.header;
        if format != header.format() || !self.was_srgb || header.orientation != Orientation::Upright {
            return Ok(None);
        }
        let plain = Keep { icc: false, orientation: Orientation::Upright };
        let own = original::without_metadata(self.original, header, plain)?;
        let limit = if format == ImageFormat::Png { coded_bytes } else { coded_bytes.saturating_add(coded_bytes / 3) };
        Ok((own.len() <= limit).then(|| own.into()))
    }

    /// See the rule in the module's description. `coded` is larger than the original.
    fn no_larger(&self, picture: &Raster<u8>, format: ImageFormat, effort: Effort, coded: Vec<u8>) -> Result<Bytes> {
        let limit = self.original.len();
        if format == ImageFormat::Png {
            return Ok(coded.into());
        }
        if format == ImageFormat::WebP && self.header.format() == ImageFormat::Png {
            let lossless = encode(picture, format, Effort { lossless: true, ..effort })?;
            if lossless.len() <= limit {
                return Ok(lossless.into());
            }
        }
        let mut smallest = coded;
        for tenths in LESS_QUALITY {
            let quality = tenths_of(effort.quality, tenths);
            let smaller = encode(picture, format, Effort { quality, ..effort })?;
            if smaller.len() < smallest.len() {
                smallest = smaller;
            }
            if smallest.len() <= limit {
                break;
            }
        }
        Ok(smallest.into())
    }

    /// The pixels of a variant of this fit.
    fn fitted(&mut self, fit: Fit) -> Result<Rc<Raster<u8>>> {
        if let Some((known, picture)) = &self.last
            && *known == fit
        {
            return Ok(Rc::clone(picture));
        }
        let displayed = self.header.displayed();
        let placement = Placement::new(fit, displayed);
        let picture = if placement.scaled() == displayed { self.cut(placement)? } else { self.shrink(placement)? };
        let picture = match fit {
            Fit::Contain { background, .. } if picture.size != placement.output() => {
                Rc::new(padded(&picture, placement.output(), background))
            }
            _ => picture,
        };
        self.last = Some((fit, Rc::clone(&picture)));
        Ok(picture)
    }

    /// The middle of the whole picture.
    fn cut(&self, placement: Placement) -> Result<Rc<Raster<u8>>> {
        let whole = self.whole.as_ref().ok_or_else(|| internal("the whole picture was not kept"))?;
        if placement.shown() == whole.size {
            return Ok(Rc::clone(whole));
        }
        Ok(Rc::new(whole.middle(placement.shown())))
    }

    /// The middle of the picture, once it is scaled.
    fn shrink(&self, placement: Placement) -> Result<Rc<Raster<u8>>> {
        let kept = geometry::base(&self.shrunk, |shrunk| shrunk.0.size, placement.scaled());
        let kept = kept.ok_or_else(|| internal("no shrunk picture was kept"))?;
        if kept.0.size == placement.scaled() && kept.0.size == placement.shown() {
            return Ok(Rc::new(kept.to_coded_8()));
        }
        Ok(Rc::new(shrink(kept, placement)?.to_coded_8()))
    }
}

/// `tenths` tenths of `quality`, at least 1.
fn tenths_of(quality: u8, tenths: u8) -> u8 {
    u8::try_from(u16::from(quality) * u16::from(tenths) / 10).unwrap_or(quality).max(1)
}

/// `picture` in the middle of a box of `size`.
fn padded(picture: &Raster<u8>, size: Dimensions, background: [u8; 4]) -> Raster<u8> {
    let mut canvas = Raster { size, channels: Channels::Rgba, samples: Vec::new() };
    canvas.samples = background.repeat(canvas.width() * canvas.height());
    let (left, top) = middle(size, picture.size);
    let row = canvas.row_samples();
    let rows = canvas.samples.chunks_exact_mut(row).skip(top as usize);
    for (to, from) in rows.zip(picture.samples.chunks_exact(picture.row_samples())) {
        let to = to[left as usize * 4..].chunks_exact_mut(4);
        for (to, from) in to.zip(from.chunks_exact(picture.channels.count())) {
            to.copy_from_slice(&match *from {
                [gray] => [gray, gray, gray, 255],
                [gray, alpha] => [gray, gray, gray, alpha],
                [r, g, b] => [r, g, b, 255],
                [r, g, b, alpha, ..] => [r, g, b, alpha],
                [] => background,
            });
        }
    }
    canvas
}

/// `picture` composed on white, in coded space as browsers do; as it is where it has no alpha.
fn on_white(picture: Rc<Raster<u8>>) -> Rc<Raster<u8>> {
    if !picture.channels.has_alpha() {
        return picture;
    }
    let over = |code: u8, alpha: u8| {
        let (code, alpha) = (u16::from(code), u16::from(alpha));
        u8::try_from((code * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
    };
    flattened(&picture, over)
}

/// `picture` without its alpha where that is opaque everywhere.
fn without_idle_alpha(picture: Rc<Raster<u8>>) -> Rc<Raster<u8>> {
    let size = picture.channels.count();
    if picture.channels.has_alpha() && picture.samples.chunks_exact(size).all(|pixel| pixel[size - 1] == 255) {
        return flattened(&picture, |code, _| code);
    }
    picture
}

fn flattened(picture: &Raster<u8>, over: impl Fn(u8, u8) -> u8) -> Rc<Raster<u8>> {
    let size = picture.channels.count();
    let mut samples = Vec::with_capacity(picture.samples.len() / size * (size - 1));
    for pixel in picture.samples.chunks_exact(size) {
        samples.extend(pixel[..size - 1].iter().map(|&code| over(code, pixel[size - 1])));
    }
    let channels = if picture.channels.is_gray() { Channels::Gray } else { Channels::Rgb };
    Rc::new(Raster { size: picture.size, channels, samples })
}
