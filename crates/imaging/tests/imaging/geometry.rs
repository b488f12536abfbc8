//! Any size, turn, coding and variant, with pixels.
//!
//! Owns uploads whose quarters have four colours, and where these must be in a variant. The surprising rule: sizes are
//! compared with fractions written down here, and pixels are read by another decoder.

use crate::support::{PROCESSOR, png_chunk, size, spec, specs};
use bytes::Bytes;
use image::RgbaImage;
use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessedImage};
use packshot_domain::variant::TargetFormat::{self, Fixed, Source};
use packshot_domain::variant::{Fit, VariantSpecs};
use packshot_imaging::{CodecImageProcessor, ImagingSettings, Profile};
use proptest::prelude::*;
use std::sync::LazyLock;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

static FAST: LazyLock<CodecImageProcessor> = LazyLock::new(|| {
    let settings = ImagingSettings { min_width: 1, min_height: 1, profile: Profile::Fast, ..Default::default() };
    CodecImageProcessor::new(settings).unwrap()
});

/// What an upload's pixels are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Colours,
    Greys,
    /// The last quarter is clear; in a JPEG, white.
    Clear,
}

impl Kind {
    /// Of the quarters: upper left, upper right, lower left, lower right.
    fn quarters(self) -> [[u8; 4]; 4] {
        match self {
            Self::Colours => [[210, 40, 40, 255], [40, 190, 50, 255], [50, 60, 210, 255], [225, 215, 60, 255]],
            Self::Greys => [[20; 3], [90; 3], [160; 3], [235; 3]].map(|[r, g, b]| [r, g, b, 255]),
            Self::Clear => [[210, 40, 40, 255], [40, 190, 50, 255], [50, 60, 210, 255], [0; 4]],
        }
    }

    fn shown_as(self, quarter: usize, format: ImageFormat) -> [u8; 4] {
        match self.quarters()[quarter] {
            [.., 0] if format == ImageFormat::Jpeg => [255; 4],
            colour => colour,
        }
    }
}

#[derive(Debug, Clone)]
struct Upload {
    format: ImageFormat,
    displayed: (u32, u32),
    /// As EXIF counts, 1 to 8.
    orientation: u8,
    kind: Kind,
}

impl Upload {
    /// Where the stored pixel at (`x`, `y`) is shown (EXIF 2.32, tag 0x0112).
    fn shown_at(&self, x: u32, y: u32) -> (u32, u32) {
        let (right, bottom) = (self.displayed.0 - 1, self.displayed.1 - 1);
        match self.orientation {
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (right - y, x),
            7 => (right - y, bottom - x),
            8 => (y, bottom - x),
            _ => (x, y),
        }
    }

    fn coded(&self) -> Vec<u8> {
        let (w, h) = self.displayed;
        let (width, height) = if self.orientation > 4 { (h, w) } else { (w, h) };
        let quarters = self.kind.quarters();
        let kind = if self.format == ImageFormat::Jpeg && self.kind == Kind::Clear { Kind::Colours } else { self.kind };
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (x, y) = self.shown_at(x, y);
                let pixel = quarters[usize::from(y >= h / 2) * 2 + usize::from(x >= w / 2)];
                match kind {
                    Kind::Colours if pixel[3] == 0 => samples.extend([255; 3]),
                    Kind::Colours => samples.extend(&pixel[..3]),
                    Kind::Greys => samples.push(pixel[0]),
                    Kind::Clear => samples.extend(pixel),
                }
            }
        }
        let tiff =
            [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[self.orientation, 0, 0, 0, 0, 0, 0][..]].concat();
        match self.format {
            ImageFormat::Jpeg => {
                let coded = jpeg(&samples, width, height, kind == Kind::Greys);
                [&coded[..2], b"\xff\xe1\0\x22Exif\0\0", &tiff, &coded[2..]].concat()
            }
            ImageFormat::Png => {
                let coded = png(&samples, width, height, kind);
                // Behind signature and header.
                [&coded[..33], &png_chunk(b"eXIf", &tiff), &coded[33..]].concat()
            }
            // EXIF does not turn one.
            ImageFormat::WebP => webp(&samples, width, height, kind),
        }
    }
}

fn jpeg(samples: &[u8], width: u32, height: u32, gray: bool) -> Vec<u8> {
    let (format, subsampling) =
        if gray { (PixelFormat::GRAY, Subsamp::Gray) } else { (PixelFormat::RGB, Subsamp::None) };
    let mut codec = Compressor::new().unwrap();
    codec.set_quality(95).unwrap();
    codec.set_subsamp(subsampling).unwrap();
    let (width, height) = (width as usize, height as usize);
    codec.compress_to_vec(Image { pixels: samples, width, pitch: samples.len() / height, height, format }).unwrap()
}

fn png(samples: &[u8], width: u32, height: u32, kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(match kind {
        Kind::Colours => png::ColorType::Rgb,
        Kind::Greys => png::ColorType::Grayscale,
        Kind::Clear => png::ColorType::Rgba,
    });
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    out
}

fn webp(samples: &[u8], width: u32, height: u32, kind: Kind) -> Vec<u8> {
    let tripled;
    let encoder = match kind {
        Kind::Colours => webp::Encoder::from_rgb(samples, width, height),
        Kind::Clear => webp::Encoder::from_rgba(samples, width, height),
        Kind::Greys => {
            tripled = samples.iter().flat_map(|&gray| [gray; 3]).collect::<Vec<u8>>();
            webp::Encoder::from_rgb(&tripled, width, height)
        }
    };
    encoder.encode_lossless().to_vec()
}

fn run(upload: &Upload, specs: &VariantSpecs, profile: Profile) -> ProcessedImage {
    let processor = if profile == Profile::Fast { &FAST } else { &PROCESSOR };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(processor.process(Bytes::from(upload.coded()), specs));
    outcome.unwrap_or_else(|error| panic!("{upload:?}: {error:?}"))
}

/// `side` times `over / under`, where that is less than one.
fn shrunk(side: u32, (over, under): (u32, u32)) -> u32 {
    if over >= under { side } else { ((2 * side * over + under) / (2 * under)).max(1) }
}

/// The scaled picture and the variant.
fn planned(displayed: (u32, u32), fit: Fit) -> (Dimensions, Dimensions) {
    let (w, h) = displayed;
    let least = |a: (u32, u32), b: (u32, u32)| if a.0 * b.1 <= b.0 * a.1 { a } else { b };
    let most = |a, b| if least(a, b) == a { b } else { a };
    let by = |ratio| size(shrunk(w, ratio), shrunk(h, ratio));
    match fit {
        Fit::Inside { max_width, max_height } => {
            let scaled = by(least((max_width.unwrap_or(w), w), (max_height.unwrap_or(h), h)));
            (scaled, scaled)
        }
        Fit::Cover { size: area } => {
            let scaled = by(most((area.width(), w), (area.height(), h)));
            (scaled, size(scaled.width().min(area.width()), scaled.height().min(area.height())))
        }
        Fit::Contain { size: area, .. } => (by(least((area.width(), w), (area.height(), h))), area),
    }
}

/// Sizes as planned, and each colour in its quarter, where that is not too small for its middle to be of one colour.
fn check(upload: &Upload, specs: &VariantSpecs, image: &ProcessedImage) {
    let (w, h) = upload.displayed;
    assert_eq!(image.dimensions, size(w, h), "{upload:?}");
    assert_eq!(image.variants.len(), specs.as_slice().len());
    for (spec, variant) in specs.as_slice().iter().zip(&image.variants) {
        let what = || format!("{upload:?} as {spec:?}");
        let (scaled, output) = planned(upload.displayed, spec.fit);
        let pixels = image::load_from_memory(&variant.bytes).unwrap().into_rgba8();
        assert_eq!(variant.dimensions, output, "{}", what());
        assert_eq!(pixels.dimensions(), (output.width(), output.height()), "{}", what());
        let shown = size(scaled.width().min(output.width()), scaled.height().min(output.height()));
        if w < 16 || h < 16 || shown.width() < 32 || shown.height() < 32 {
            continue;
        }
        let (left, top) = ((output.width() - shown.width()) / 2, (output.height() - shown.height()) / 2);
        for quarter in 0..4 {
            let x = left + shown.width() * [1, 3][quarter % 2] / 4;
            let y = top + shown.height() * [1, 3][quarter / 2] / 4;
            let expected = upload_colour(upload, quarter, variant.format);
            let seen = at(&pixels, x, y);
            // The quarters are farther apart than that, and small codings of low quality not that bad.
            let near = seen.iter().zip(expected).all(|(seen, expected)| seen.abs_diff(expected) <= 56);
            assert!(near, "{}: {seen:?} at {x},{y}, not {expected:?}", what());
        }
    }
}

fn upload_colour(upload: &Upload, quarter: usize, format: ImageFormat) -> [u8; 4] {
    let of = if upload.format == ImageFormat::Jpeg { ImageFormat::Jpeg } else { format };
    upload.kind.shown_as(quarter, of)
}

/// What is clear has no colour.
fn at(pixels: &RgbaImage, x: u32, y: u32) -> [u8; 4] {
    match pixels.get_pixel(x, y).0 {
        [.., alpha] if alpha < 8 => [0; 4],
        pixel => pixel,
    }
}

fn side() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 1..=40_u32, 12 => 40..=300_u32, 1 => 300..=1300_u32]
}

fn fit() -> impl Strategy<Value = Fit> {
    let area = || (side(), side()).prop_map(|(width, height)| size(width, height));
    prop_oneof![
        (proptest::option::of(side()), proptest::option::of(side()))
            .prop_map(|(max_width, max_height)| Fit::Inside { max_width, max_height }),
        area().prop_map(|size| Fit::Cover { size }),
        area().prop_map(|size| Fit::Contain { size, background: [120, 120, 120, 255] }),
    ]
}

fn format() -> impl Strategy<Value = ImageFormat> {
    prop_oneof![Just(ImageFormat::Jpeg), Just(ImageFormat::Png), Just(ImageFormat::WebP)]
}

fn upload() -> impl Strategy<Value = Upload> {
    let kind = prop_oneof![Just(Kind::Colours), Just(Kind::Greys), Just(Kind::Clear)];
    (format(), (side(), side()), 1..=8_u8, kind).prop_map(|(format, displayed, orientation, kind)| Upload {
        format,
        displayed,
        orientation: if format == ImageFormat::WebP { 1 } else { orientation },
        kind,
    })
}

fn variants() -> impl Strategy<Value = VariantSpecs> {
    let target = prop_oneof![Just(Source), format().prop_map(Fixed)];
    proptest::collection::vec((fit(), target, 60..=95_u8), 0..5).prop_map(|all: Vec<(Fit, TargetFormat, u8)>| {
        let spec = |(number, (fit, format, quality))| spec(&format!("v{number}"), fit, format, quality);
        specs(all.into_iter().enumerate().map(spec).collect::<Vec<_>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_picture_has_any_variants_upright(upload in upload(), specs in variants(), fast: bool) {
        let profile = if fast { Profile::Fast } else { Profile::Quality };
        check(&upload, &specs, &run(&upload, &specs, profile));
    }
}

/// The first four were answered with a 500, with the customer's variants; the others in the fast profile.
#[test]
fn large_pictures_of_odd_sizes_have_the_customers_variants() {
    let specs = VariantSpecs::default();
    for (number, displayed) in
        [(3000, 2090), (3264, 4912), (4203, 4390), (4523, 3611), (1201, 1999), (2999, 1207), (5000, 300), (301, 4999)]
            .into_iter()
            .enumerate()
    {
        let orientation = u8::try_from(number).unwrap() + 1;
        let upload = Upload { format: ImageFormat::Jpeg, displayed, orientation, kind: Kind::Colours };
        for profile in [Profile::Quality, Profile::Fast] {
            check(&upload, &specs, &run(&upload, &specs, profile));
        }
    }
}
