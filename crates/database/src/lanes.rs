//! The lanes: how many writes, lookups and lists run at once, each kind bounded for itself.
//!
//! Owns that reads which may cost much (lists and searches, which are public) take neither a connection nor a
//! turn from lookups and writes, however many are asked for. Waiting for a turn blocks no thread, and whoever
//! stops waiting leaves the queue.

use crate::fault::Fault;
use packshot_domain::ports::product_repo::RepoError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A transaction that writes.
    Write,
    /// A read whose cost does not grow with the table.
    Lookup,
    /// A read whose cost may grow with the table.
    List,
}

/// How many of each kind may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Writes.
    pub(crate) writes: u32,
    /// Lookups.
    pub(crate) lookups: u32,
    /// Lists.
    pub(crate) lists: u32,
}

impl Widths {
    /// Shares out `connections`: on a server half of them write, and a quarter may list; an embedded database
    /// has one writer and computes in this process, so its lists take half of the `cores` at most.
    /// No kind has none, so that it may be up to three when fewer are allowed.
    pub(crate) fn share(connections: u32, is_embedded: bool, cores: u32) -> Self {
        let writes = if is_embedded { 1 } else { (connections / 2).max(1) };
        let readers = connections.saturating_sub(writes).max(2);
        let lists = if is_embedded { (cores / 2).clamp(1, readers / 2) } else { (readers / 2).max(1) };
        Self { writes, lookups: readers - lists, lists }
    }

    /// Connections that read.
    pub(crate) fn readers(self) -> u32 {
        self.lookups + self.lists
    }
}

/// Turns at the database; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Lanes {
    writes: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    patience: Duration,
}

impl Lanes {
    /// Lanes of these widths, in which nobody waits longer than `patience`.
    pub(crate) fn new(widths: Widths, patience: Duration) -> Self {
        let lane = |width: u32| Arc::new(Semaphore::new(width as usize));
        Self { writes: lane(widths.writes), lookups: lane(widths.lookups), lists: lane(widths.lists), patience }
    }

    /// A turn, first come, first served; it ends when it is dropped.
    pub(crate) async fn turn(&self, lane: Lane) -> Result<OwnedSemaphorePermit, Fault> {
        let semaphore = match lane {
            Lane::Write => &self.writes,
            Lane::Lookup => &self.lookups,
            Lane::List => &self.lists,
        };
        match timeout(self.patience, Arc::clone(semaphore).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Fault(match lane {
                Lane::List => RepoError::Busy,
                Lane::Write | Lane::Lookup => RepoError::Unavailable("all connections to the database are busy".into()),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_leaves_a_turn_to_every_kind_and_keeps_to_the_connections() {
        for connections in 1..=1000 {
            for cores in 1..=128 {
                for is_embedded in [true, false] {
                    let widths = Widths::share(connections, is_embedded, cores);
                    assert!(widths.writes >= 1 && widths.lookups >= 1 && widths.lists >= 1, "{widths:?}");
                    assert!(widths.lookups >= widths.lists, "{widths:?}");
                    assert!(widths.writes + widths.readers() <= connections.max(3), "{connections}: {widths:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn lists_that_wait_hold_up_neither_lookups_nor_writes() {
        let widths = Widths { writes: 1, lookups: 1, lists: 1 };
        let lanes = Lanes::new(widths, Duration::from_millis(1));
        let _list = lanes.turn(Lane::List).await.unwrap();
        assert!(matches!(lanes.turn(Lane::List).await, Err(Fault(RepoError::Busy))));
        let _lookup = lanes.turn(Lane::Lookup).await.unwrap();
        let _write = lanes.turn(Lane::Write).await.unwrap();
        assert!(matches!(lanes.turn(Lane::Write).await, Err(Fault(RepoError::Unavailable(_)))));
    }
}
