//! Proxies between a server and its parts, which break what a test tells them to break.
//!
//! Owns listening and the threads, one or two a connection; each part's proxy knows its part's protocol
//! just well enough to find the moment at which it fails.

mod database;
mod store;

pub use database::{DatabaseProxy, Moment};
pub use store::{Fault, StoreProxy};

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

/// Takes connections for as long as the test's program runs, each on a thread of its own.
fn listen<S: Send + Sync + 'static>(shared: &Arc<S>, serve: fn(&Arc<S>, TcpStream)) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("a listener has an address").port();
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve(&shared, connection));
        }
    });
    port
}
