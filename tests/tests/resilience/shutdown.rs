//! SIGTERM: no new work is taken, what was begun is ended, within a bound; and one server after another can be
//! replaced under load.

mod rolling;

use super::kills::half_closed;
use super::outages::wait_until;
use packshot_tests::backends::s3;
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id};
use packshot_tests::proxy::{Fault, StoreProxy};
use packshot_tests::raw::{Raw, get};
use packshot_tests::rows;
use packshot_tests::server::{PRODUCT, Stopped};
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend, token};
use std::net::TcpStream;

const CUT_SHORT: &str = "before every request had ended";

/// An upload that the server is reading: half of its body has been sent.
struct Begun {
    connection: Raw,
    rest: Vec<u8>,
}

/// The head of an upload and its body. The server says when it begins to read the body.
fn upload() -> (Vec<u8>, Vec<u8>) {
    let body = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    let head = format!(
        "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        token::admin("admin_user"),
        Form::content_type(),
        body.len()
    );
    (head.into_bytes(), body)
}

impl Begun {
    fn at(server: &Server) -> Self {
        let mut connection = Raw::connect(server.address());
        let (head, mut body) = upload();
        connection.send(&head).expect("the server reads");
        assert_eq!(connection.answer().expect("it reads on").status, 100);
        let rest = body.split_off(body.len() / 2);
        connection.send(&body).expect("the server reads");
        Self { connection, rest }
    }

    /// The answer, after which the server closes the connection.
    fn end(mut self) -> Answer {
        self.connection.send(&self.rest).expect("the server still reads");
        let answer = self.connection.answer().expect("it is answered");
        assert_eq!(answer.header("connection"), Some("close"), "{}", answer.shown());
        assert!(self.connection.answer().is_none(), "the connection stays open");
        answer
    }
}

fn refuses_connections(server: &Server) -> bool {
    TcpStream::connect(server.address()).is_err()
}

fn has_ended_well(stopped: &Stopped) {
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    let (_, end) = stopped.log.split_once(" stopping ").expect("it says that it has heard");
    for bad in ["ERROR", "WARN", "panicked"] {
        assert!(!end.contains(bad), "{}", stopped.log);
    }
}

#[on_every_backend]
fn uploads_that_were_begun_are_answered_and_new_connections_refused(backends: Backends) {
    let server = Server::start_on(backends);
    let begun: Vec<Begun> = (0..6).map(|_| Begun::at(&server)).collect();
    let mut idle = Raw::connect(server.address());
    idle.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("the server reads");
    assert_eq!(idle.answer().expect("an answer").status, 200);
    server.terminate_now();
    wait_until("new connections are refused", || refuses_connections(&server));
    assert!(idle.answer().is_none(), "a connection without a request stays open");
    let mut ids: Vec<String> =
        begun.into_iter().map(|upload| id(&upload.end().expect(201).json()).to_owned()).collect();
    let stopped = server.wait();
    has_ended_well(&stopped);
    // Nothing needs to be swept.
    let rows = rows::read(stopped.home());
    assert_eq!(rows.entries, (0, 0), "{rows:?}");
    let server = stopped.start();
    let mut found: Vec<String> = every_image(&server).iter().map(|image| id(image).to_owned()).collect();
    ids.sort();
    found.sort();
    assert_eq!(ids, found);
    assert_rows_and_files_agree(&server);
}

#[test]
fn an_upload_whose_client_has_gone_is_ended_too() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy, "30");
    proxy.fail("PUT", "/webp/", Fault::Delay);
    leave_in_the_middle(&server, &proxy);
    server.terminate_now();
    // There is nobody any more who would be told, and the server has nothing else to wait for.
    wait_until("it waits for the upload", || server.log().contains("waiting for work whose clients have gone"));
    assert!(proxy.mend() >= 1);
    let stopped = server.wait();
    has_ended_well(&stopped);
    let server = stopped.start();
    assert_eq!(every_image(&server).len(), 1);
    assert_rows_and_files_agree(&server);
}

#[test]
fn a_shutdown_does_not_take_longer_than_it_may() {
    let proxy = StoreProxy::start(s3().endpoint());
    let server = behind(&proxy, "1");
    // One client never ends its request; one has gone, and its upload hangs.
    let begun = Begun::at(&server);
    proxy.fail("PUT", "/webp/", Fault::Stall);
    leave_in_the_middle(&server, &proxy);
    server.terminate_now();
    is_cut_short(server, 0, begun, &proxy);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let proxy = StoreProxy::start(s3().endpoint());
    for second in [Server::terminate_now, Server::interrupt_now] {
        let server = behind(&proxy, "3600");
        proxy.fail("PUT", "/thumb/", Fault::Stall);
        leave_in_the_middle(&server, &proxy);
        let begun = Begun::at(&server);
        server.interrupt_now();
        wait_until("new connections are refused", || refuses_connections(&server));
        second(&server);
        is_cut_short(server, 1, begun, &proxy);
    }
}

#[test]
fn a_server_without_work_ends_with_either_signal() {
    for signal in [Server::terminate_now, Server::interrupt_now] {
        let server = Server::start();
        let _ = get(server.address(), "/healthz").expect("an answer").expect(200);
        signal(&server);
        has_ended_well(&server.wait());
    }
}

/// It ends before what was begun has ended, says so, and leaves nothing that a sweep does not remove.
fn is_cut_short(server: Server, exit_code: i32, begun: Begun, proxy: &StoreProxy) {
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(exit_code), "{}", stopped.log);
    assert!(stopped.log.contains(CUT_SHORT), "{}", stopped.log);
    drop(begun);
    assert!(proxy.mend() >= 1);
    nothing_is_left_after_a_sweep(stopped, proxy);
}

/// A server that reaches its store through the proxy, and ends within so many seconds.
fn behind(proxy: &StoreProxy, shutdown_timeout_seconds: &str) -> Server {
    Server::builder_on(Backends::SQLITE_AND_S3)
        .set("PACKSHOT_STORAGE__OPTIONS__ENDPOINT", proxy.endpoint())
        .set("PACKSHOT_SERVER__SHUTDOWN_TIMEOUT_SECONDS", shutdown_timeout_seconds)
        .start()
        .with_product(PRODUCT)
}

/// Sends an upload and goes away when the server is writing its objects.
fn leave_in_the_middle(server: &Server, proxy: &StoreProxy) {
    let mut connection = Raw::connect(server.address());
    let (head, body) = upload();
    connection.send(&head).expect("the server reads");
    connection.send(&body).expect("the server reads");
    wait_until("an object is being written", || proxy.broken() > 0);
    // What it has not read of what the server said (100) makes this a reset, which the server notices.
    drop(connection);
}

fn nothing_is_left_after_a_sweep(stopped: Stopped, proxy: &StoreProxy) {
    // What it sent may still land: by itself it spares uploads as young as these.
    assert!(stopped.run(&["sweep"]).ok().contains("unfinished uploads    0"));
    wait_until("the store has ended what was asked of it", || half_closed(proxy.endpoint()) == 0);
    wait_until("the store has ended what was asked of it", || half_closed(s3().endpoint()) == 0);
    assert!(!stopped.run(&["sweep", "--grace", "0"]).ok().contains("unfinished uploads    0"));
    let server = stopped.start();
    assert!(every_image(&server).is_empty());
    assert_rows_and_files_agree(&server);
}
