//! Ten thousand connections that say nothing.

use crate::socket::{Socket, serves};
use packshot_tests::Server;
use packshot_tests::server::PRODUCT;

const CROWD: usize = 10_000;

#[test]
fn ten_thousand_idle_connections_leave_room_for_the_others() {
    // Both sides of each connection are open files, this process' and the server's.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(files > CROWD as u64 + 500, "`ulimit -Hn` is {files}: too few for this test");
    let server = Server::builder()
        .set("PACKSHOT_SERVER__HEAD_TIMEOUT_SECONDS", "600")
        .set("PACKSHOT_SERVER__KEEP_ALIVE_SECONDS", "600")
        .start()
        .with_product(PRODUCT);
    serves(&server);
    let before = server.peak_memory_bytes();
    let mut crowd: Vec<Socket> = (0..CROWD).map(|_| Socket::connect(&server)).collect();
    // Half of them begin to say something.
    for socket in crowd.iter_mut().step_by(2) {
        assert!(socket.send(b"GET /healthz HTTP/1.1\r\nHost: "));
    }
    serves(&server);
    let taken = server.peak_memory_bytes().saturating_sub(before);
    assert!(taken < 400 * 1024 * 1024, "{} bytes a connection", taken / CROWD as u64);
    // They are all still there: none was turned away.
    for socket in crowd.iter_mut().step_by(1000) {
        assert!(socket.send(b"x\r\n\r\n"));
        while socket.statuses().is_empty() {
            assert!(socket.listen(), "{}", socket.text());
        }
        assert_eq!(socket.statuses(), [200], "{}", socket.text());
    }
}

#[test]
fn a_crowd_at_the_limit_goes_and_makes_room() {
    let server = Server::builder()
        .set("PACKSHOT_SERVER__WORKERS", "1")
        .set("PACKSHOT_SERVER__MAX_CONNECTIONS", "20")
        .set("PACKSHOT_SERVER__HEAD_TIMEOUT_SECONDS", "1")
        .set("PACKSHOT_SERVER__LINGER_SECONDS", "1")
        .start()
        .with_product(PRODUCT);
    let crowd: Vec<Socket> = (0..60).map(|_| Socket::connect(&server)).collect();
    serves(&server);
    drop(crowd);
}
