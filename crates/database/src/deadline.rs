//! How long a read may take, and whether anybody still waits for it.
//!
//! Owns the deadline of the work that a thread does at this moment. The surprising rule: it belongs to the
//! thread, not to a connection, because both databases' clients work on the thread that asks; so the
//! interrupt of SQLite ([`crate::interrupt`]) needs no handle of the work that it ends.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

thread_local! {
    static CURRENT: RefCell<Option<Deadline>> = const { RefCell::new(None) };
}

/// When a read must have ended; clones are the same deadline.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    at: Instant,
    abandoned: Arc<AtomicBool>,
}

impl Deadline {
    /// The moment after `time` from now.
    pub(crate) fn after(time: Duration) -> Self {
        Self { at: Instant::now() + time, abandoned: Arc::new(AtomicBool::new(false)) }
    }

    /// Says that nobody waits any more: the work may end at once.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether the work should have ended.
    pub(crate) fn has_passed(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || Instant::now() >= self.at
    }

    /// Does `work` under this deadline.
    pub(crate) fn within<T>(self, work: impl FnOnce() -> T) -> T {
        struct Restore(Option<Deadline>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let outer = self.0.take();
                CURRENT.with_borrow_mut(|current| *current = outer);
            }
        }
        let _restore = Restore(CURRENT.with_borrow_mut(|current| current.replace(self)));
        work()
    }
}

/// Whether what this thread does should have ended.
pub(crate) fn has_passed() -> bool {
    let passed = |current: &RefCell<Option<Deadline>>| {
        current.try_borrow().is_ok_and(|current| current.as_ref().is_some_and(Deadline::has_passed))
    };
    CURRENT.try_with(passed).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_thread_has_the_deadline_of_its_innermost_work() {
        assert!(!has_passed());
        Deadline::after(HOUR).within(|| {
            assert!(!has_passed());
            Deadline::after(Duration::ZERO).within(|| assert!(has_passed()));
            assert!(!has_passed());
        });
        assert!(!has_passed());
    }

    #[test]
    fn work_that_nobody_waits_for_has_passed_its_deadline() {
        let deadline = Deadline::after(HOUR);
        let other = deadline.clone();
        deadline.within(|| {
            assert!(!has_passed());
            other.abandon();
            assert!(has_passed());
        });
    }

    #[test]
    fn a_panic_takes_its_deadline_along() {
        let panicked = std::panic::catch_unwind(|| Deadline::after(Duration::ZERO).within(|| assert_eq!(1, 2)));
        assert!(panicked.is_err());
        assert!(!has_passed());
    }
}
