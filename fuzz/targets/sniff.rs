//! The signature of anything.
//!
//! Holds: the answer rests on the first bytes alone, and names a type or says that it knows none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packshot_domain::ports::image_processor::Sniffed;
use packshot_imaging::fuzzing::sniff;

fuzz_target!(|data: &[u8]| {
    let sniffed = sniff(data);
    if let Sniffed::Other(mime) = &sniffed {
        assert!(mime.is_ascii() && mime.split('/').count() == 2, "{mime}");
    }
    if data.len() >= 1024 {
        let longer = [data, b"PK\x03\x04<html>%PDF"].concat();
        assert_eq!(sniff(&longer), sniffed);
    }
});
