//! What is in the store and in the database after a kill, before the sweep and after it, looked at without
//! the server's help.

use super::super::outages::wait_until;
use super::book::Book;
use super::knows_that_it_is_alone;
use super::load::Load;
use packshot_tests::Server;
use packshot_tests::backends::{Home, postgres, s3};
use packshot_tests::inventory::{every_image, id};
use packshot_tests::rows;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// What happened in a run.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) kills: u64,
    pub(crate) killed_sweeps: u64,
    pub(crate) killed_starts: u64,
    pub(crate) uploads: u64,
    pub(crate) deletes: u64,
    pub(crate) edits: u64,
    pub(crate) interrupted: u64,
    pub(crate) looks: u64,
    /// Uploads of unknown outcome that were made when they were sent again.
    pub(crate) repeated: u64,
    /// Unfinished uploads and deletions in the journal.
    pub(crate) unfinished: (u64, u64),
    /// Objects without a row, each named by the journal.
    pub(crate) orphans_before: u64,
    /// Temporary files of killed writes.
    pub(crate) leftovers_before: u64,
    pub(crate) orphans_after: u64,
    pub(crate) images_at_the_end: usize,
}

impl Figures {
    pub(crate) fn add(&mut self, load: &Load) {
        self.uploads += load.uploads;
        self.deletes += load.deletes;
        self.edits += load.edits;
        self.interrupted += load.interrupted;
        self.looks += load.looks;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills under load (and of {} sweeps, {} starts): {} uploads answered 201, {} deletes, {} edits, \
             {} requests interrupted, {} looks, {} repeated; before the sweeps {} unfinished uploads, \
             {} unfinished deletions, {} objects without a row, {} temporary files; after them {}; {} images",
            self.kills,
            self.killed_sweeps,
            self.killed_starts,
            self.uploads,
            self.deletes,
            self.edits,
            self.interrupted,
            self.looks,
            self.repeated,
            self.unfinished.0,
            self.unfinished.1,
            self.orphans_before,
            self.leftovers_before,
            self.orphans_after,
            self.images_at_the_end,
        )
    }
}

/// Waits until the servers behind have ended what a killed process asked them for: an object that lands after
/// the sweep is what the grace period is for, and these sweeps have none.
pub(crate) fn wait_until_quiet(home: &Home) {
    if let Some(database) = home.database() {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        wait_until("its sessions end", || postgres().sql(database, query).expect("an answer").trim() == "0");
    }
    if home.bucket().is_some() {
        wait_until("its requests end", || half_closed(s3().endpoint()) == 0);
    }
}

/// How many connections to this server, such as `http://127.0.0.1:43210`, have been closed by the client and
/// not by the server, which is still at work on a request.
pub(crate) fn half_closed(endpoint: &str) -> usize {
    let port: u16 = endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    // https://docs.kernel.org/networking/proc_net_tcp.html
    const CLOSE_WAIT: &str = "08";
    let connections = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells it");
    let own = format!("0100007F:{port:04X}");
    let fields = connections.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.filter(|fields| fields.get(1) == Some(&own.as_str()) && fields.get(3) == Some(&CLOSE_WAIT)).count()
}

/// Checks what must be true at every moment: a row has all its objects, and the journal names every other
/// object.
pub(crate) fn find_what_is_left(home: &Home, figures: &mut Figures) {
    let rows = rows::read(home);
    let (stored, leftovers): (BTreeSet<PathBuf>, BTreeSet<PathBuf>) =
        home.stored_files().into_iter().partition(|path| !is_temporary(path));
    let named: BTreeSet<PathBuf> = rows.images.values().flatten().cloned().collect();
    let missing: Vec<_> = named.difference(&stored).collect();
    assert!(missing.is_empty(), "rows without objects: {missing:?}");
    let orphans: BTreeSet<PathBuf> = stored.difference(&named).cloned().collect();
    let nobodys: Vec<_> = orphans.difference(&rows.journal).collect();
    assert!(nobodys.is_empty(), "objects that neither a row nor the journal names: {nobodys:?}");
    let twice: Vec<_> = named.intersection(&rows.journal).collect();
    assert!(twice.is_empty(), "objects of an image that would be swept: {twice:?}");
    figures.unfinished.0 += rows.entries.0 as u64;
    figures.unfinished.1 += rows.entries.1 as u64;
    figures.orphans_before += orphans.len() as u64;
    figures.leftovers_before += leftovers.len() as u64;
}

/// Whether it is what a write, or a trial at the start, had not renamed or removed yet.
fn is_temporary(path: &Path) -> bool {
    path.starts_with(".packshot-tmp")
}

/// Checks, by the server's own comparison and without it, that what the clients know of is all there is.
pub(crate) fn nothing_is_left<'a>(server: &Server, books: impl Iterator<Item = &'a Book>, figures: &mut Figures) {
    let verified = server.run(&["verify"]).ok();
    for line in ["unfinished  0", "foreign     0", "differences 0"] {
        assert!(verified.lines().any(|other| other == line), "{verified}");
    }
    let rows = rows::read(server.home());
    let stored: BTreeSet<PathBuf> = server.stored_files().into_iter().collect();
    let named: BTreeSet<PathBuf> = rows.images.values().flatten().cloned().collect();
    figures.orphans_after += stored.difference(&named).count() as u64;
    assert_eq!(stored, named, "store and rows differ after the sweep");
    if knows_that_it_is_alone(server.home()) {
        assert_eq!((rows.entries, rows.journal.len()), ((0, 0), 0), "the journal is not empty after the sweep");
    } else {
        // Uploads are kept in mind for what of them may still land.
        assert_eq!(rows.entries.1, 0, "deletions are left after the sweep");
    }
    let known: BTreeSet<&String> = books.flat_map(Book::ids).collect();
    assert_eq!(rows.images.keys().collect::<BTreeSet<_>>(), known);
    let listed = every_image(server);
    assert_eq!(listed.iter().map(id).collect::<BTreeSet<_>>(), known.iter().map(|id| id.as_str()).collect());
    assert_eq!(listed.len(), known.len());
    figures.images_at_the_end = listed.len();
}

/// Checks that the audit log tells of each upload that ever was, and of no other.
pub(crate) fn every_write_was_entered<'a>(server: &Server, books: impl Iterator<Item = &'a Book>) {
    let told = server.run(&["audit", "--json", "--limit", "1000000"]).ok();
    let entries = told.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let uploads = entries.filter(|entry| entry["action"] == "image.upload");
    let uploads: Vec<String> = uploads.map(|entry| entry["imageId"].as_str().expect("an id").to_owned()).collect();
    let entered: BTreeSet<&String> = uploads.iter().collect();
    assert_eq!(entered.len(), uploads.len(), "an upload was entered twice");
    assert_eq!(entered, books.flat_map(Book::uploads).collect());
}
