//! Whether a folder is the one that a database's images lie in, told at a start.
//!
//! A volume that is not mounted leaves an empty folder, or none, in its place. Taken for the store, it would take
//! uploads that are hidden when the volume is back, and let deletions pass as done. So a folder is made once, and
//! carries a marker whose id the database knows, too. Its surprising rule: images' own files are as good as a marker,
//! so a folder that an older packshot made, or that was copied without its marker, goes on.

use crate::storage::StoreId;

/// What is known at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The id that the database has.
    pub known: Option<StoreId>,
    /// The id that the folder's marker has.
    pub found: Option<StoreId>,
    /// Whether the folder has the files of images that the database has.
    pub files: Files,
}

/// The files of some of the database's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// The database has no images.
    NoImages,
    /// Some are in the folder.
    There,
    /// None of those that were looked for is.
    Missing,
}

/// What to do with the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one: the database is to remember the id.
    IsTheOne(StoreId),
    /// It has no marker yet: to be made where it is missing, and marked, with the id that the database has, or a new
    /// one.
    Mark(Option<StoreId>),
    /// It is not the one, or its volume is not mounted.
    Refuse,
}

impl Evidence {
    /// Tells what to do.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match (self.found, self.known, self.files) {
            (Some(found), Some(known), _) if found != known => Verdict::Refuse,
            (Some(_), None, Files::Missing) => Verdict::Refuse,
            (Some(found), _, _) => Verdict::IsTheOne(found),
            // The first start; the first of a packshot that knows markers; a copy without the marker.
            (None, None, Files::NoImages) | (None, _, Files::There) => Verdict::Mark(self.known),
            (None, _, Files::Missing) | (None, Some(_), Files::NoImages) => Verdict::Refuse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each case is, in the words of whoever starts a server.
    #[test]
    fn every_case_is_decided() {
        let (ours, other) = (StoreId::from_bits(1), StoreId::from_bits(2));
        let is_the_one = Verdict::IsTheOne;
        let cases = [
            ("the first start", None, None, Files::NoImages, Verdict::Mark(None)),
            ("the first after an upgrade", None, None, Files::There, Verdict::Mark(None)),
            ("the first after an upgrade, not mounted", None, None, Files::Missing, Verdict::Refuse),
            ("a start that died before the database knew", None, Some(ours), Files::NoImages, is_the_one(ours)),
            ("an old database that was brought back", None, Some(ours), Files::There, is_the_one(ours)),
            ("another's folder", None, Some(other), Files::Missing, Verdict::Refuse),
            ("not mounted, without an image yet", Some(ours), None, Files::NoImages, Verdict::Refuse),
            ("a copy of the folder without its marker", Some(ours), None, Files::There, Verdict::Mark(Some(ours))),
            ("not mounted", Some(ours), None, Files::Missing, Verdict::Refuse),
            ("any later start", Some(ours), Some(ours), Files::NoImages, is_the_one(ours)),
            ("any later start", Some(ours), Some(ours), Files::There, is_the_one(ours)),
            ("a folder that lost files: verify's affair", Some(ours), Some(ours), Files::Missing, is_the_one(ours)),
            ("another's folder", Some(ours), Some(other), Files::NoImages, Verdict::Refuse),
            ("another's folder", Some(ours), Some(other), Files::There, Verdict::Refuse),
            ("another's folder", Some(ours), Some(other), Files::Missing, Verdict::Refuse),
        ];
        for (what, known, found, files, verdict) in cases {
            assert_eq!(Evidence { known, found, files }.verdict(), verdict, "{what}");
        }
        // Nothing is made where a marker was, unless the files themselves are there.
        for files in [Files::NoImages, Files::Missing] {
            assert_eq!(Evidence { known: Some(ours), found: None, files }.verdict(), Verdict::Refuse);
        }
    }
}
