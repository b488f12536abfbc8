//! A flag that says that something is over, also when what it waits for has panicked: or those who look at it
//! would never end.

use std::sync::atomic::{AtomicBool, Ordering};

/// Raises the flag when dropped.
pub(crate) struct OnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
