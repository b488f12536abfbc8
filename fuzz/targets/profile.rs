//! An ICC profile in a small JPEG, in grey, in colour and in inks.
//!
//! Holds: no profile is a reason to refuse a picture, but for one whose table is made to be expensive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packshot_domain::image::ImageFormat;
use packshot_domain::ports::image_processor::ProcessError;
use packshot_domain::variant::{Fit, TargetFormat, VariantSpecs};
use packshot_fuzz::{forgive_caught_panics, process, spec};
use std::sync::LazyLock;

const PICTURES: [&[u8]; 3] = [
    include_bytes!("../../crates/imaging/tests/fixtures/gray.jpg"),
    include_bytes!("../../crates/imaging/tests/fixtures/baseline-420.jpg"),
    include_bytes!("../../crates/imaging/tests/fixtures/cmyk.jpg"),
];

static TINY: LazyLock<VariantSpecs> = LazyLock::new(|| {
    let inside = Fit::Inside { max_width: Some(8), max_height: None };
    VariantSpecs::new(vec![spec("tiny", inside, TargetFormat::Fixed(ImageFormat::Png))]).expect("one spec")
});

fuzz_target!(init: forgive_caught_panics(), |data: &[u8]| {
    for picture in PICTURES {
        let upload = [&picture[..2], &chunks(data), &picture[2..]].concat();
        match process(upload.into(), &TINY) {
            Ok(image) => assert!(image.color_profile.chars().count() <= 255, "{}", image.color_profile),
            Err(ProcessError::TooCostly(_)) => {}
            Err(error) => panic!("a good picture with some profile: {error:?}"),
        }
    }
});

/// ICC.1:2022, annex B.4.
fn chunks(profile: &[u8]) -> Vec<u8> {
    let parts = profile.chunks(65_000);
    let count = u8::try_from(parts.len()).expect("a profile of less than 16 MB");
    let segment = |(number, part): (u8, &[u8])| {
        let length = u16::try_from(part.len() + 16).expect("a short part");
        [b"\xff\xe2", &length.to_be_bytes()[..], b"ICC_PROFILE\0", &[number, count], part].concat()
    };
    (1..).zip(parts).flat_map(segment).collect()
}
