//! Compiles the C side of `decode/jpeg/rows.rs` against the headers of the libjpeg-turbo that is linked.

use std::env::{split_paths, var_os};

fn main() {
    println!("cargo:rerun-if-changed=native/jpeg_rows.c");
    let mut build = cc::Build::new();
    if let Some(folders) = var_os("DEP_TURBOJPEG_INCLUDE") {
        for folder in folders.to_string_lossy().split(',').flat_map(|part| split_paths(part).collect::<Vec<_>>()) {
            build.include(folder);
        }
    }
    build.file("native/jpeg_rows.c").warnings(true).compile("packshot_jpeg_rows");
}
