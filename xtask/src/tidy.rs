//! `cargo xtask tidy`: rules of the house that no compiler checks.
//!
//! Owns the rules and what a violation is called; refuses to look into what is not ours (`target`,
//! hidden folders). Its surprising rule: it also runs as a unit test, so `cargo test` knows it.

use crate::process::root;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 500;
/// Files whose text is ours to keep tidy.
const TEXTS: &[&str] = &["rs", "md", "toml", "sql"];
/// Marks of unfinished work; in two halves, or this file would have them.
const MARKS: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("#[ign", "ore")];

/// Checks the whole tree.
pub(crate) fn run() -> Result<()> {
    let faults = faults(&root())?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => bail!("{count} rule(s) of the house broken, listed above"),
    }
}

fn faults(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut faults = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        faults.extend(faults_of(&name, &text));
    }
    Ok(faults)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') || ["target", "data", "node_modules"].contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| TEXTS.iter().any(|text| ending == *text)) {
            files.push(path);
        }
    }
    Ok(())
}

fn faults_of(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.ends_with(".rs") {
        if !text.starts_with("//!") {
            faults.push(format!("{name}: a module opens with `//!`: what it owns, what it refuses to know"));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{name}: {lines} lines, more than {MAX_LINES}: one idea a file"));
        }
        if name.ends_with("/mod.rs") {
            faults.push(format!("{name}: name it after its folder (`foo.rs` beside `foo/`)"));
        }
    }
    for (number, line) in text.lines().enumerate() {
        for (first, second) in MARKS {
            if line.contains(&format!("{first}{second}")) {
                faults.push(format!("{name}:{}: `{first}{second}` does not stay in the tree", number + 1));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        assert_eq!(faults(&root()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_module_without_a_header_is_a_fault() {
        assert_eq!(faults_of("a.rs", "//! Owns a.\n"), Vec::<String>::new());
        for text in ["", "fn a() {}\n", "\n//! Late.\n", "// plain\n"] {
            assert_eq!(faults_of("a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_long_file_is_a_fault() {
        let text = |lines: usize| "//! Owns a.\n".repeat(lines);
        assert_eq!(faults_of("a.rs", &text(500)).len(), 0);
        assert_eq!(faults_of("a.rs", &text(501)).len(), 1);
    }

    #[test]
    fn a_folder_is_not_named_by_a_mod_file() {
        assert_eq!(faults_of("a/mod.rs", "//! Owns a.\n").len(), 1);
    }

    #[test]
    fn marks_of_unfinished_work_are_named_with_their_line() {
        for (first, second) in MARKS {
            let found = faults_of("README.md", &format!("# Title\n{first}{second}: more\n"));
            assert_eq!(found, [format!("README.md:2: `{first}{second}` does not stay in the tree")]);
        }
    }
}
