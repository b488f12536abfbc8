//! The whole processor, on anything that begins like a picture.
//!
//! Holds: an upload is refused for a reason of its own, or everything that is stored of it is good: the
//! original is taken again as the same picture, and each variant is in the format and size that it states
//! and can be decoded.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_processor::ProcessedImage;
use packshot_domain::variant::{Fit, TargetFormat, VariantSpecs};
use packshot_fuzz::{forgive_caught_panics, process, spec, supported, with_true_checksums};
use packshot_imaging::fuzzing::header;
use std::sync::LazyLock;

/// One variant a format, one a fit, and one in the upload's own size.
static SPECS: LazyLock<VariantSpecs> = LazyLock::new(|| {
    let own = Fit::Inside { max_width: None, max_height: None };
    let inside = Fit::Inside { max_width: Some(40), max_height: None };
    let specs = [
        spec("own", own, TargetFormat::Source),
        spec("jpeg", inside, TargetFormat::Fixed(ImageFormat::Jpeg)),
        spec("png", inside, TargetFormat::Fixed(ImageFormat::Png)),
        spec("webp", inside, TargetFormat::Fixed(ImageFormat::WebP)),
    ];
    VariantSpecs::new(specs.to_vec()).expect("four specs")
});

/// What shows that a picture can be decoded, at the least price.
static TINY: LazyLock<VariantSpecs> = LazyLock::new(|| {
    let inside = Fit::Inside { max_width: Some(8), max_height: None };
    VariantSpecs::new(vec![spec("tiny", inside, TargetFormat::Fixed(ImageFormat::Png))]).expect("one spec")
});

fuzz_target!(init: forgive_caught_panics(), |data: &[u8]| {
    let Some(format) = supported(data) else { return };
    let upload =
        if format == ImageFormat::Png { with_true_checksums(data.to_vec()) } else { data.to_vec() };
    let Ok(image) = process(upload.into(), &SPECS) else { return };
    assert_eq!(image.format, format);
    let again = good(&image.original, format);
    assert_eq!(again.dimensions, image.dimensions);
    assert!(again.original == image.original, "cleaning it again changed it");
    assert_eq!(image.variants.len(), SPECS.as_slice().len());
    for variant in &image.variants {
        assert_eq!(header(&variant.bytes, variant.format).expect("a header").displayed, variant.dimensions);
        let decoded = good(&variant.bytes, variant.format);
        assert_eq!(decoded.color_profile, "sRGB", "{}", variant.name);
    }
});

fn good(picture: &Bytes, format: ImageFormat) -> ProcessedImage {
    let image = process(picture.clone(), &TINY).expect("what was stored is a good picture");
    assert_eq!(image.format, format);
    image
}
