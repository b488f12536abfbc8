//! The reader of sizes, orientation and coding, in each of the three formats.
//!
//! Holds: what is accepted has a size and a price, and bytes after the picture's end change nothing of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packshot_domain::image::ImageFormat;
use packshot_imaging::fuzzing::{header, profile};

fuzz_target!(|data: &[u8]| {
    for format in ImageFormat::ALL {
        let _ = profile(data, format);
        let Ok(seen) = header(data, format) else { continue };
        assert_eq!(seen.format, format);
        assert!((1..=8).contains(&seen.orientation), "{seen:?}");
        // Ten bytes for each sample of the largest variant: the whole picture up to 1200 across, else a row at least.
        let size = seen.displayed;
        let least = if size.width() <= 1200 { size.pixels() } else { 1200 };
        assert!(seen.working_bytes >= least * 10, "{seen:?}");
        // A PNG is read to its end chunk; where that is missing, the tail may become one.
        if format == ImageFormat::Jpeg {
            let longer = [data, b"\xff\xd9PK\x03\x04<script>"].concat();
            assert_eq!(header(&longer, format).ok(), Some(seen));
        }
    }
});
