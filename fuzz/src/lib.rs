//! What several fuzz targets need.
//!
//! Owns the processor under test and the repair of checksums, without which hardly a changed PNG would get
//! past the first look at it. Refuses to judge: what must hold stands in each target.

use bytes::Bytes;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_processor::{ImageProcessor, ProcessError, ProcessedImage, Sniffed};
use packshot_domain::variant::{Fit, Folder, Quality, TargetFormat, VariantName, VariantSpec, VariantSpecs};
use packshot_imaging::{CodecImageProcessor, ImagingSettings};
use std::sync::LazyLock;
use std::time::Duration;

/// Takes pictures that are small enough to try thousands of them.
static PROCESSOR: LazyLock<CodecImageProcessor> = LazyLock::new(|| {
    let settings = ImagingSettings {
        workers: 1,
        min_width: 1,
        min_height: 1,
        max_width: 512,
        max_height: 512,
        max_cpu_time: Duration::from_secs(5),
        max_wait: Duration::from_secs(3600),
        ..ImagingSettings::default()
    };
    CodecImageProcessor::new(settings).expect("these settings are good")
});

/// Lets the panics of the colour management pass, which the processor catches: a profile that makes it panic
/// is no profile. Every other panic ends the run, caught or not.
pub fn forgive_caught_panics() {
    let end_the_run = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_caught = |file: &str| ["moxcms", "pxfm"].iter().any(|crate_name| file.contains(crate_name));
        if !panic.location().is_some_and(|place| is_caught(place.file())) {
            end_the_run(panic);
        }
    }));
}

/// The format, where it is one of the three.
#[must_use]
pub fn supported(data: &[u8]) -> Option<ImageFormat> {
    match PROCESSOR.sniff(data) {
        Sniffed::Supported(format) => Some(format),
        Sniffed::Other(_) | Sniffed::Unknown => None,
    }
}

/// The whole processor.
///
/// # Errors
/// What an upload can be refused for.
///
/// # Panics
/// On an error that is none of the upload's.
pub fn process(upload: Bytes, specs: &VariantSpecs) -> Result<ProcessedImage, ProcessError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let outcome = runtime.block_on(PROCESSOR.process(upload, specs));
    match &outcome {
        Err(error @ (ProcessError::Internal(_) | ProcessError::Overloaded)) => panic!("{error:?}"),
        _ => outcome,
    }
}

/// A variant of this name.
#[must_use]
pub fn spec(name: &str, fit: Fit, format: TargetFormat) -> VariantSpec {
    VariantSpec {
        name: VariantName::parse(name).expect("a name"),
        folder: Folder::parse(name).expect("a folder"),
        fit,
        format,
        quality: Quality::new(80).expect("a quality"),
    }
}

/// `png` with the checksums that its chunks should have.
#[must_use]
pub fn with_true_checksums(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        let end = at + 8 + length;
        let Some(body) = png.get(at + 4..end) else { break };
        let checksum = crc32fast::hash(body).to_be_bytes();
        let Some(place) = png.get_mut(end..end + 4) else { break };
        place.copy_from_slice(&checksum);
        at = end + 4;
    }
    png
}
