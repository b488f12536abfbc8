//! The pictures: a mixed set made of two real photographs, or those of a folder.
//!
//! Owns sizes, codings and what is written into the headers; refuses to know what is measured with them.

use anyhow::{Context as _, Result};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, RgbImage};
use moxcms::ColorProfile;
use std::fs;
use std::path::{Path, PathBuf};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// From how many pixels on a picture is one to measure memory with.
const LARGE_PIXELS: u64 = 12_000_000;

/// A picture in a file.
pub(crate) struct Photo {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Every picture of `folder`.
pub(crate) fn of_folder(folder: &Path) -> Result<Vec<Photo>> {
    let mut photos = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if ["jpg", "jpeg", "png", "webp"].contains(&extension.as_str()) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            photos.push(Photo { name, path });
        }
    }
    photos.sort_by(|a, b| a.name.cmp(&b.name));
    anyhow::ensure!(!photos.is_empty(), "no pictures in {}", folder.display());
    Ok(photos)
}

/// One small picture, of the tests.
pub(crate) fn small() -> Result<Vec<Photo>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/small_640x640.jpg");
    Ok(vec![Photo { name: "small".into(), path: path.canonicalize()? }])
}

/// The set, made in `work` unless it is there.
pub(crate) fn own(work: &Path) -> Result<Vec<Photo>> {
    let made = |name: &str, make: &dyn Fn(&Path) -> Result<()>| made(work, name, make);
    Ok(vec![
        made("12mp-baseline-420.jpg", &|to| jpeg(&sized(4000, 3000)?, Subsamp::Sub2x2, false, &[], to))?,
        made("12mp-progressive-444.jpg", &|to| jpeg(&sized(4000, 3000)?, Subsamp::None, true, &[], to))?,
        made("25mp-baseline-420.jpg", &|to| jpeg(&square()?, Subsamp::Sub2x2, false, &[], to))?,
        made("25mp-progressive-420.jpg", &|to| jpeg(&square()?, Subsamp::Sub2x2, true, &[], to))?,
        made("12mp-rotated-p3.jpg", &|to| {
            jpeg(&sized(4000, 3000)?, Subsamp::Sub2x1, false, &rotated_display_p3()?, to)
        })?,
        made("cutout.png", &|to| Ok(source("cutout.webp")?.save_with_format(to, ImageFormat::Png)?))?,
        made("rgb.png", &|to| Ok(sized(1600, 1200)?.save_with_format(to, ImageFormat::Png)?))?,
        made("4mp.webp", &|to| webp(&sized(2400, 1800)?, to))?,
        made("small.jpg", &|to| {
            let middle = imageops::crop_imm(&sized(1600, 1200)?, 300, 100, 1000, 1000).to_image();
            jpeg(&middle, Subsamp::Sub2x2, false, &[], to)
        })?,
    ])
}

/// Those to measure memory with; of our own set also a WebP of the largest size.
pub(crate) fn large(photos: &[Photo], work: &Path, own: bool) -> Result<Vec<Photo>> {
    let mut large = Vec::new();
    for photo in photos {
        let (width, height) = image::ImageReader::open(&photo.path)?.with_guessed_format()?.into_dimensions()?;
        if u64::from(width) * u64::from(height) >= LARGE_PIXELS {
            large.push(Photo { name: photo.name.clone(), path: photo.path.clone() });
        }
    }
    if own {
        large.push(made(work, "25mp.webp", &|to| webp(&square()?, to))?);
    }
    Ok(large)
}

/// A photograph of the repository.
fn source(file: &str) -> Result<DynamicImage> {
    Ok(image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/photos").join(file))?)
}

fn photo() -> Result<RgbImage> {
    Ok(source("photo.webp")?.into_rgb8())
}

fn sized(width: u32, height: u32) -> Result<RgbImage> {
    Ok(imageops::resize(&photo()?, width, height, FilterType::Lanczos3))
}

/// 5000 by 5000: the photograph, and below it its lower part mirrored.
fn square() -> Result<RgbImage> {
    let photo = photo()?;
    let (width, height) = photo.dimensions();
    Ok(RgbImage::from_fn(width, width, |x, y| *photo.get_pixel(x, if y < height { y } else { 2 * height - 1 - y })))
}

fn made(work: &Path, file: &str, make: &dyn Fn(&Path) -> Result<()>) -> Result<Photo> {
    let path = work.join(file);
    if !path.exists() {
        eprintln!("making {file}");
        // A file of this name is whole.
        let partial = work.join("partial");
        make(&partial)?;
        fs::rename(partial, &path)?;
    }
    Ok(Photo { name: file.replace('.', "-"), path })
}

/// A JPEG of quality 92 with `segments` after its first marker.
fn jpeg(picture: &RgbImage, subsampling: Subsamp, progressive: bool, segments: &[u8], to: &Path) -> Result<()> {
    let mut codec = Compressor::new()?;
    codec.set_quality(92)?;
    codec.set_subsamp(subsampling)?;
    codec.set_optimize(true)?;
    codec.set_progressive(progressive)?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let image =
        Image { pixels: picture.as_raw().as_slice(), width, pitch: width * 3, height, format: PixelFormat::RGB };
    let coded = codec.compress_to_vec(image)?;
    let (start, rest) = coded.split_at(2);
    Ok(fs::write(to, [start, segments, rest].concat())?)
}

fn webp(picture: &RgbImage, to: &Path) -> Result<()> {
    let coded = webp::Encoder::from_rgb(picture.as_raw(), picture.width(), picture.height()).encode(85.0);
    Ok(fs::write(to, &*coded)?)
}

/// An EXIF segment that says "turn to the right", and one with the profile of Display P3.
fn rotated_display_p3() -> Result<Vec<u8>> {
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let profile = ColorProfile::new_display_p3().encode()?;
    let icc = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    let mut segments = Vec::new();
    for (marker, content) in [(0xe1, exif.as_slice()), (0xe2, &icc)] {
        segments.extend([0xff, marker]);
        segments.extend(u16::try_from(content.len() + 2)?.to_be_bytes());
        segments.extend(content);
    }
    Ok(segments)
}
