//! Fixtures, specs and pixels for the tests beside this module.
//!
//! Owns reading and comparing; asserts nothing about the processor itself.

use bytes::Bytes;
use packshot_domain::image::{Dimensions, ImageFormat};
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage};
use packshot_domain::variant::{Fit, Folder, Quality, TargetFormat, VariantName, VariantSpec, VariantSpecs};
use packshot_imaging::{CodecImageProcessor, ImagingSettings};
use std::path::PathBuf;
use std::sync::LazyLock;

/// One processor that takes pictures of any size up to 5000x5000.
pub(crate) static PROCESSOR: LazyLock<CodecImageProcessor> = LazyLock::new(|| {
    CodecImageProcessor::new(ImagingSettings { min_width: 1, min_height: 1, ..ImagingSettings::default() }).unwrap()
});

pub(crate) fn process(upload: impl Into<Bytes>, specs: &VariantSpecs) -> Result<ProcessedImage, ProcessError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(PROCESSOR.process(upload.into(), specs))
}

/// Processes without any variant: the checks, the decoding and the original.
pub(crate) fn accept(upload: impl Into<Bytes>) -> Result<ProcessedImage, ProcessError> {
    process(upload, &whole())
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all fixtures that end so.
pub(crate) fn fixtures(ending: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending) && !name.starts_with("refused-"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

pub(crate) fn size(width: u32, height: u32) -> Dimensions {
    Dimensions::new(width, height).unwrap()
}

pub(crate) fn spec(name: &str, fit: Fit, format: TargetFormat, quality: u8) -> VariantSpec {
    VariantSpec {
        name: VariantName::parse(name).unwrap(),
        folder: Folder::parse(name).unwrap(),
        fit,
        format,
        quality: Quality::new(quality).unwrap(),
    }
}

pub(crate) fn specs(specs: impl Into<Vec<VariantSpec>>) -> VariantSpecs {
    VariantSpecs::new(specs.into()).unwrap()
}

pub(crate) fn inside(max_width: u32) -> Fit {
    Fit::Inside { max_width: Some(max_width), max_height: None }
}

/// One PNG as large as the upload.
pub(crate) fn whole() -> VariantSpecs {
    let fit = Fit::Inside { max_width: None, max_height: None };
    specs([spec("whole", fit, TargetFormat::Fixed(ImageFormat::Png), 85)])
}

/// One PNG of at most this width.
pub(crate) fn shrunk(max_width: u32) -> VariantSpecs {
    specs([spec("shrunk", inside(max_width), TargetFormat::Fixed(ImageFormat::Png), 85)])
}

/// With its length and checksum.
pub(crate) fn png_chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

/// Straight red, green, blue, alpha.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgba: Vec<[u8; 4]>,
}

impl Picture {
    pub(crate) fn of_png(bytes: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        let rgba = match info.color_type {
            png::ColorType::Rgba => samples.chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect(),
            png::ColorType::GrayscaleAlpha => samples.chunks_exact(2).map(|p| [p[0], p[0], p[0], p[1]]).collect(),
            other => panic!("{other:?}"),
        };
        Self { width: info.width as usize, height: info.height as usize, rgba }
    }

    /// What another decoder saw in this fixture.
    pub(crate) fn expected(name: &str) -> Self {
        Self::of_png(&fixture(&format!("expected/{}.png", name.replace('.', "-"))))
    }

    /// Half as wide and high: the mean of four pixels' light, which is what shrinking means.
    pub(crate) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut rgba = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let four =
                    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| self.rgba[(2 * y + dy) * self.width + 2 * x + dx]);
                let alpha: f64 = four.iter().map(|p| f64::from(p[3])).sum();
                let mut pixel = [0.0, 0.0, 0.0, alpha / 4.0];
                for channel in 0..3 {
                    let light: f64 = four.iter().map(|p| linear(p[channel]) * f64::from(p[3])).sum();
                    pixel[channel] = if alpha > 0.0 { coded(light / alpha) } else { 0.0 };
                }
                rgba.push(pixel.map(|value| value.round() as u8));
            }
        }
        Self { width, height, rgba }
    }

    /// The greatest and the mean difference of a sample, colours weighed by alpha.
    pub(crate) fn distance(&self, other: &Self) -> (f64, f64) {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let mut greatest = 0.0_f64;
        let mut sum = 0.0;
        for (a, b) in self.rgba.iter().zip(&other.rgba) {
            for channel in 0..4 {
                let value =
                    |p: &[u8; 4]| f64::from(p[channel]) * if channel < 3 { f64::from(p[3]) / 255.0 } else { 1.0 };
                let distance = (value(a) - value(b)).abs();
                greatest = greatest.max(distance);
                sum += distance;
            }
        }
        (greatest, sum / (self.rgba.len() * 4) as f64)
    }
}

fn linear(code: u8) -> f64 {
    let code = f64::from(code) / 255.0;
    if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

fn coded(light: f64) -> f64 {
    255.0 * if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}
