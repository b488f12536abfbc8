//! Ends a query of SQLite whose deadline has passed.
//!
//! Owns SQLite's progress handler (<https://sqlite.org/c3ref/progress_handler.html>) on every connection of the
//! process; refuses to know any query. `unsafe` because diesel has no way to a connection's handle: SQLite hands
//! it to an automatic extension when it opens the connection, and the handler is set there.
#![allow(unsafe_code, reason = "SQLite's C interface; see the module's head")]

use crate::deadline;
use libsqlite3_sys::{SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_progress_handler};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS: c_int = 1000;

/// Sees to it that every connection which is opened from now on asks for the deadline of its thread; `false` when
/// SQLite has no memory for that.
pub(crate) fn install() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        // SAFETY: `on_open` has the signature that SQLite calls automatic extensions with, and lives for ever.
        unsafe { sqlite3_auto_extension(Some(on_open)) == SQLITE_OK }
    })
}

/// SQLite calls it with each connection that it opens.
unsafe extern "C" fn on_open(
    connection: *mut sqlite3,
    _error: *mut *mut c_char,
    _routines: *const sqlite3_api_routines,
) -> c_int {
    // SAFETY: SQLite gives an open connection; the handler takes no context, so none can dangle.
    unsafe { sqlite3_progress_handler(connection, STEPS, Some(on_progress), ptr::null_mut()) };
    SQLITE_OK
}

/// SQLite calls it on the thread that asks; anything but 0 ends the statement with `SQLITE_INTERRUPT`.
unsafe extern "C" fn on_progress(_context: *mut c_void) -> c_int {
    c_int::from(deadline::has_passed())
}
