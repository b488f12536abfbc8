//! The customer's page `docs/post-files.md`: its code, block by block, as it is written there.
//!
//! Owns how a block is found; refuses to change a letter of it.

use std::path::{Path, PathBuf};

/// The first block of code below the heading with this text.
pub(crate) fn code(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/post-files.md");
    let page = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let below = page.split_once(&format!("\n### {heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}")).1;
    let block = below.split_once("```").expect("a block").1.split_once('\n').expect("its first line").1;
    block.split_once("\n```").expect("its end").0.to_owned() + "\n"
}

/// The same in a file of this name.
pub(crate) fn write(folder: &Path, name: &str, heading: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, code(heading)).expect("a temporary folder can be written");
    path
}
