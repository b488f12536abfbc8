//! Decodes, turns, converts, resizes, encodes and cleans pictures: the port
//! [`ImageProcessor`](packshot_domain::ports::image_processor::ImageProcessor) on real codecs.
//!
//! Owns every byte of a picture's coding; refuses to know HTTP, files and settings formats.
//! The surprising rule: the original's pixels are never decoded and coded again, not even to turn it.
//!
//! The way of an upload, one module a step:
//!
//! 1. `sniff`: which format, by signature.
//! 2. `header`: dimensions, orientation, animation and coding, checked before any pixel exists.
//! 3. `pool`: waits for its share of the decoded-bytes budget, then moves to a worker thread.
//! 4. `original`: cleaned by the walkers of `jpeg`, `png` and `webp`.
//! 5. `geometry`: how large the decoded picture must be for the variants asked for.
//! 6. `decode`: rows of pixels, once, straight into `resize`, which shrinks in linear light.
//! 7. `orientation`, `colour`: upright, in sRGB.
//! 8. `render`: each variant, fitted, flattened where it must be, and through `encode`.

mod colour;
mod cost;
mod decode;
mod encode;
mod exif;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod geometry;
mod header;
mod jpeg;
mod limit;
mod linear;
mod orientation;
mod original;
mod panics;
mod pipeline;
mod png;
mod pool;
mod processor;
mod raster;
mod render;
mod resize;
mod settings;
mod sniff;
mod webp;

pub use pool::Load;
pub use processor::CodecImageProcessor;
pub use settings::{ImagingSettings, Profile, StartError};
