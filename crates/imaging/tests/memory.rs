//! What the budget counts for a picture, held against the memory that the system says it took.
//!
//! Owns a process for each picture, so that none finds what the allocator kept of another.
//! The surprising rule: the test starts itself.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking, in its helpers as in itself")]

use bytes::Bytes;
use packshot_domain::ports::image_processor::ImageProcessor as _;
use packshot_domain::variant::VariantSpecs;
use packshot_imaging::{CodecImageProcessor, ImagingSettings};
use png::BitDepth::{Eight, Sixteen};
use png::ColorType::{Rgb, Rgba};
use png::{BitDepth, ColorType};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// Sides that are a multiple of every JPEG's blocks, so that it can be turned losslessly.
const WIDE: (usize, usize) = (3200, 3200);
const TALL: (usize, usize) = (1200, 4000);

/// Names the file that this process is to work on; without it, it starts one such process for each picture.
const PICTURE: &str = "PACKSHOT_MEMORY_TEST_PICTURE";

#[test]
fn a_picture_takes_no_more_memory_than_the_budget_counts_for_it() {
    if let Some(path) = env::var_os(PICTURE) {
        let (took, counted) = took_and_counted(fs::read(path).unwrap().into());
        println!("\n{ANSWER}{took} {counted}");
        return;
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("memory");
    let mut wrong = Vec::new();
    for (name, upload) in uploads() {
        fs::write(&path, upload).unwrap();
        let mut child = Command::new(env::current_exe().unwrap());
        let out = child.arg("--nocapture").env(PICTURE, &path).output().unwrap();
        let out = String::from_utf8(out.stdout).unwrap();
        let answer = out.lines().find_map(|line| line.strip_prefix(ANSWER)).expect(&out);
        let (took, counted) = answer.split_once(' ').unwrap();
        let [took, counted]: [u64; 2] = [took, counted].map(|bytes| bytes.parse().unwrap());
        println!("{name}: {took} bytes, counted {counted}");
        // Systems differ in the size of a page; what counts far too much would leave cores idle.
        if took > counted + counted / 8 || counted > 4 * took {
            wrong.push(format!("{name}: {took} bytes, counted {counted}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const ANSWER: &str = "took and counted: ";

/// In bytes; to be called once in a process.
fn took_and_counted(upload: Bytes) -> (u64, u64) {
    let settings = ImagingSettings { workers: 1, ..ImagingSettings::default() };
    let processor = CodecImageProcessor::new(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let specs = VariantSpecs::default();
    let counted = processor.working_bytes(&upload, &specs).unwrap();
    let before = kib("VmRSS:");
    // The second finds what the allocator has kept of the first.
    for _ in 0..2 {
        runtime.block_on(processor.process(upload.clone(), &specs)).unwrap();
    }
    ((kib("VmHWM:") - before) * 1024, counted)
}

fn uploads() -> Vec<(&'static str, Vec<u8>)> {
    let (plain, turned) = (&[][..], &TURNED[..]);
    vec![
        ("JPEG", jpeg(WIDE, Subsamp::Sub2x2, false, plain)),
        ("progressive JPEG, 4:2:0", jpeg(WIDE, Subsamp::Sub2x2, true, plain)),
        ("progressive JPEG, 4:4:4", jpeg(WIDE, Subsamp::None, true, plain)),
        ("progressive JPEG, grey", jpeg(WIDE, Subsamp::Gray, true, plain)),
        ("turned JPEG, 4:2:0", jpeg(WIDE, Subsamp::Sub2x2, false, turned)),
        ("turned progressive JPEG, 4:4:4", jpeg(WIDE, Subsamp::None, true, turned)),
        ("tall JPEG", jpeg(TALL, Subsamp::Sub2x2, false, plain)),
        ("PNG", png(WIDE, Rgb, Eight)),
        ("PNG with alpha", png(WIDE, Rgba, Eight)),
        ("PNG, 16 bits", png(WIDE, Rgb, Sixteen)),
        ("interlaced PNG", interlaced(WIDE, Rgb, Eight)),
        ("interlaced PNG with alpha, 16 bits", interlaced(WIDE, Rgba, Sixteen)),
        ("tall PNG with alpha", png(TALL, Rgba, Eight)),
        ("tall interlaced PNG with alpha, 16 bits", interlaced(TALL, Rgba, Sixteen)),
        ("lossy WebP", webp(WIDE, 3, false)),
        ("lossy WebP with alpha", webp(WIDE, 4, false)),
        ("lossless WebP", webp(WIDE, 3, true)),
        ("tall WebP", webp(TALL, 3, false)),
    ]
}

/// EXIF that says "turn to the right".
const TURNED: [u8; 36] = *b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

fn jpeg(size: (usize, usize), subsampling: Subsamp, progressive: bool, segment: &[u8]) -> Vec<u8> {
    let mut codec = Compressor::new().unwrap();
    codec.set_quality(85).unwrap();
    codec.set_subsamp(subsampling).unwrap();
    codec.set_progressive(progressive).unwrap();
    let ((width, height), pixels) = (size, samples(size, 3));
    let image = Image { pixels: &*pixels, width, pitch: width * 3, height, format: PixelFormat::RGB };
    let coded = codec.compress_to_vec(image).unwrap();
    let (start, rest) = coded.split_at(2);
    [start, segment, rest].concat()
}

fn png((width, height): (usize, usize), colour: ColorType, depth: BitDepth) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    let pixels = samples((width, height), pixel_bytes(colour, depth));
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    out
}

/// PNG section 8.2, without filters.
fn interlaced((width, height): (usize, usize), colour: ColorType, depth: BitDepth) -> Vec<u8> {
    let bytes = pixel_bytes(colour, depth);
    let pixels = samples((width, height), bytes);
    let mut data = Vec::new();
    for (left, top, across, down) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        for y in (top..height).step_by(down) {
            data.push(0);
            for x in (left..width).step_by(across) {
                data.extend(&pixels[(y * width + x) * bytes..][..bytes]);
            }
        }
    }
    let mut info = png::Info::with_size(width as u32, height as u32);
    (info.color_type, info.bit_depth, info.interlaced) = (colour, depth, true);
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&data, 1);
    writer.write_chunk(png::chunk::IDAT, &data).unwrap();
    drop(writer);
    out
}

fn pixel_bytes(colour: ColorType, depth: BitDepth) -> usize {
    colour.samples() * if depth == Sixteen { 2 } else { 1 }
}

fn webp((width, height): (usize, usize), channels: usize, lossless: bool) -> Vec<u8> {
    let pixels = samples((width, height), channels);
    let encoder = if channels == 4 { webp::Encoder::from_rgba } else { webp::Encoder::from_rgb };
    let encoder = encoder(&pixels, width as u32, height as u32);
    if lossless { encoder.encode_lossless().to_vec() } else { encoder.encode(75.0).to_vec() }
}

/// Slopes and a little noise, `bytes` a pixel.
fn samples((width, height): (usize, usize), bytes: usize) -> Vec<u8> {
    let noise = |x: usize, y: usize| (x * 7 + y * 13 + x * y / 3) % 5;
    let sample = |x: usize, y: usize, at: usize| ((x * (at + 1) + y * 2) / 24 + noise(x, y)) as u8;
    (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..bytes).map(move |at| sample(x, y, at)))).collect()
}

/// A figure of this process (proc(5)).
fn kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
