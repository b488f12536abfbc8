//! Clients that ask and do not take the answer: they are let go, and until then hold nothing but a connection.

use crate::socket::{Socket, serves};
use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);
/// More than the system keeps for a client that reads nothing.
const REQUESTS: usize = 60;

/// A server that waits so many seconds for a client that takes nothing, and the path of a picture of 300 kB.
fn server(seconds: &str) -> (Server, String) {
    let server = Server::builder()
        .set("PACKSHOT_SERVER__ANSWER_TIMEOUT_SECONDS", seconds)
        .set("PACKSHOT_SERVER__MIN_ANSWER_BYTES_PER_SECOND", "10000")
        .set("PACKSHOT_METRICS__ACCESS", "public")
        .start()
        .with_product(PRODUCT);
    let picture = fixture("camera_with_gps_1600x1200.jpg");
    let image = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201).json();
    let path = image["variants"]["original"].as_str().unwrap().to_owned();
    (server, path)
}

fn given_up(server: &Server) -> usize {
    let metrics = server.anyone().get("/metrics").expect(200).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("packshot_http_answers_given_up_total "));
    line.map_or(0, |count| count.parse().unwrap())
}

/// How many image files the server has open.
fn open_image_files(server: &Server) -> usize {
    let handles = std::fs::read_dir(Path::new("/proc").join(server.id().to_string()).join("fd")).unwrap().flatten();
    let targets = handles.filter_map(|handle| std::fs::read_link(handle.path()).ok());
    targets.filter(|target| target.extension().is_some_and(|kind| kind == "jpg")).count()
}

#[test]
fn clients_that_read_nothing_are_let_go_and_hold_no_file() {
    let (server, path) = server("1");
    let requests = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(REQUESTS);
    let mut crowd: Vec<Socket> = (0..40).map(|_| Socket::connect(&server)).collect();
    for socket in &mut crowd {
        assert!(socket.send(requests.as_bytes()));
    }
    let deadline = Instant::now() + PATIENCE;
    while given_up(&server) < crowd.len() {
        serves(&server);
        assert!(Instant::now() < deadline, "{} of {} were let go", given_up(&server), crowd.len());
    }
    assert_eq!(open_image_files(&server), 0);
    // Nobody got all of it, and everybody sees the end.
    for socket in &mut crowd {
        socket.listen_to_the_end();
        assert!(socket.statuses().len() < REQUESTS);
    }
    serves(&server);
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let (server, path) = server("5");
    let picture = server.anyone().get(&path).expect(200).body;
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let mut socket = Socket::connect(&server);
    assert!(socket.send((request.repeat(REQUESTS - 1) + &last).as_bytes()));
    // What it does not read meanwhile is more than the system keeps for it.
    while socket.listen() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(socket.statuses().len(), REQUESTS);
    assert!(socket.heard.ends_with(&picture));
    assert_eq!(given_up(&server), 0);
}

#[test]
fn a_client_that_reads_too_little_is_let_go() {
    let (server, path) = server("1");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut socket = Socket::connect(&server);
    assert!(socket.send(request.repeat(REQUESTS).as_bytes()));
    let deadline = Instant::now() + PATIENCE;
    // A few bytes a beat.
    while given_up(&server) == 0 {
        let _ = socket.sip();
        assert!(Instant::now() < deadline, "it is still there");
    }
}
