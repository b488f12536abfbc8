//! What stands in the database, read without the server's help: by `psql`, or by Python's SQLite on a copy of
//! the file, so that looking changes nothing. And many rows at once, written the same way.
//!
//! Owns which tables speak for objects; refuses to judge. Nobody may write while it reads.

use crate::backends::{Home, postgres};
use packshot_contract::seed;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Rows and journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The paths of each image's objects, by the image's id as answers have it.
    pub images: BTreeMap<String, BTreeSet<PathBuf>>,
    /// The paths that the journal's entries name.
    pub journal: BTreeSet<PathBuf>,
    /// The journal's unfinished uploads and deletions.
    pub entries: (usize, usize),
}

/// A line for each object of a row and for each entry of the journal; `%` stands for the dialect's way to
/// write an id as 32 hexadecimal digits.
const QUERY: &str = "
    SELECT 'object', %(id), product_id || '/' || filename, '' FROM images
    UNION ALL SELECT 'variant', %(id), product_id || '/' || folder || '/' || filename, image_variants.format
        FROM images JOIN image_variants ON image_id = id
    UNION ALL SELECT kind, %(image_id), object_keys, '' FROM upload_journal";

const PYTHON: &str = "
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print('|'.join(row))";

/// Reads them.
///
/// # Panics
/// When they cannot be read, or are not as the server writes them.
#[must_use]
pub fn read(home: &Home) -> Rows {
    let text = match home.database() {
        Some(database) => postgres().sql(database, &in_dialect("replace(", "::text, '-', '')")).expect("rows"),
        None => sqlite(home, &in_dialect("lower(hex(", "))")),
    };
    let mut rows = Rows::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [kind, id, path, format] = fields[..] else { panic!("not as asked for: {line}") };
        let image = || id_of(id);
        match kind {
            "object" => {
                let _ = rows.images.entry(image()).or_default().insert(path.into());
            }
            "variant" => {
                let ending = if format == "jpeg" { "jpg" } else { format };
                let path = PathBuf::from(path).with_extension(ending);
                let _ = rows.images.entry(image()).or_default().insert(path);
            }
            "upload" | "deletion" => {
                let keys: Value = serde_json::from_str(path).expect("a list of keys");
                let keys = keys.as_array().expect("a list of keys").iter();
                rows.journal.extend(keys.map(|key| PathBuf::from(key.as_str().expect("a key"))));
                *(if kind == "upload" { &mut rows.entries.0 } else { &mut rows.entries.1 }) += 1;
            }
            _ => panic!("not as asked for: {line}"),
        }
    }
    rows
}

/// Adds many rows of images, without files, to the migrated database of a server, which may run; see
/// `packshot_contract::seed` for what they are.
///
/// # Panics
/// When they cannot be written.
pub fn fill(home: &Home, images: u32, products: u32) {
    if let Some(database) = home.database() {
        let _ = postgres().sql(database, &seed::postgres(images, products)).expect("rows");
        return;
    }
    let script = "import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60)
database.create_function('unhex', 1, bytes.fromhex) # which old SQLites lack
database.executescript('PRAGMA synchronous = OFF; BEGIN IMMEDIATE;' + sys.stdin.read() + 'COMMIT;')";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(home.folder().join("data/packshot.db")).stdin(Stdio::piped());
    let mut child = python.spawn().expect("python3 can be started");
    let statements = seed::sqlite(images, products);
    child.stdin.take().expect("a pipe").write_all(statements.as_bytes()).expect("python3 reads");
    assert!(child.wait().expect("python3 ends").success());
}

fn in_dialect(before: &str, behind: &str) -> String {
    let id = |column: &str| format!("{before}{column}{behind}");
    QUERY.replace("%(id)", &id("id")).replace("%(image_id)", &id("image_id"))
}

fn sqlite(home: &Home, query: &str) -> String {
    let copy = tempfile::tempdir().expect("a temporary folder");
    let data = home.folder().join("data");
    for name in ["packshot.db", "packshot.db-wal"] {
        // Where everything is in the one, there is no other.
        if let Ok(bytes) = std::fs::read(data.join(name)) {
            std::fs::write(copy.path().join(name), bytes).expect("a copy");
        }
    }
    let mut python = Command::new("python3");
    let ran = python.args(["-c", PYTHON]).arg(copy.path().join("packshot.db")).arg(query).output();
    let ran = ran.expect("python3 can be started");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// `img_` and a UUID, of its 32 digits.
fn id_of(digits: &str) -> String {
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("img_{}", parts.join("-"))
}
