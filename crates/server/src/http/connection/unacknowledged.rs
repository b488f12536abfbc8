//! What the peer of a socket has not acknowledged.
//!
//! Owns the one question to the system that no safe interface has. Bytes that the system has taken from us say
//! nothing about the client: it may keep megabytes for one that reads nothing.
#![allow(unsafe_code, reason = "rustix has no safe function for SIOCOUTQ")]

use rustix::ioctl::{Getter, Opcode, ioctl};
use std::ffi::c_int;
use std::os::fd::AsFd;

/// `SIOCOUTQ` of linux/sockios.h: the same number on every architecture that packshot is built for.
const SIOCOUTQ: Opcode = 0x5411;

/// How many bytes written to `socket`, a TCP one, its peer has not acknowledged.
pub(super) fn unacknowledged_bytes(socket: &impl AsFd) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // SAFETY: tcp(7) says that SIOCOUTQ writes one int; the descriptor is borrowed for the call.
    let bytes = unsafe { ioctl(socket, Getter::<SIOCOUTQ, c_int>::new()) }.ok()?;
    u64::try_from(bytes).ok()
}
