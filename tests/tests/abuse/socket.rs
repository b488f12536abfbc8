//! One connection of a client that does as it likes, and what came back on it.

use packshot_tests::server::PRODUCT;
use packshot_tests::{Form, Server, fixture, token};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Whatever the server must end, it ends long before this.
const PATIENCE: Duration = Duration::from_secs(120);
/// The rhythm of slow clients.
const BEAT: Duration = Duration::from_millis(50);

/// A connection.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Everything that came back.
    pub(crate) heard: Vec<u8>,
}

impl Socket {
    /// Connects to `server`.
    pub(crate) fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).expect("the server listens");
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, heard: Vec::new() }
    }

    /// Sends bytes; says whether the server took them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish_sending(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Listens for a beat; says whether the connection is still there.
    pub(crate) fn listen(&mut self) -> bool {
        self.stream.set_read_timeout(Some(BEAT)).unwrap();
        self.read()
    }

    /// Listens until the server closes the connection.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub(crate) fn listen_to_the_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.listen() {
            assert!(Instant::now() < deadline, "the connection stays open: {}", self.text());
        }
    }

    /// Sends `bytes` again and again, one for each beat, until the server closes the connection; asks it for
    /// something else meanwhile.
    ///
    /// # Panics
    /// When it does not close, or the other client is not served.
    #[track_caller]
    pub(crate) fn dribble(&mut self, server: &Server, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        for byte in bytes.iter().cycle() {
            if !self.send(&[*byte]) || !self.listen() {
                return;
            }
            let _ = server.anyone().get("/healthz").expect(200);
            assert!(Instant::now() < deadline, "the connection stays open: {}", self.text());
        }
    }

    /// Whether anything came, and the connection is still there.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.heard.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
        }
    }

    /// Takes a few bytes, and waits a beat; says whether the connection is still there.
    pub(crate) fn sip(&mut self) -> bool {
        std::thread::sleep(BEAT);
        let mut buffer = [0; 10];
        matches!(self.stream.read(&mut buffer), Ok(1..))
    }

    /// What came back, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    /// The statuses of all answers that came back, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = self.text();
        let lines = text.split("HTTP/1.").skip(1);
        lines.filter_map(|line| line.get(2..5)?.parse().ok()).collect()
    }
}

/// A server that waits a second where it would wait many.
pub(crate) fn impatient() -> Server {
    let server = Server::builder()
        .set("PACKSHOT_SERVER__HEAD_TIMEOUT_SECONDS", "1")
        .set("PACKSHOT_SERVER__BODY_TIMEOUT_SECONDS", "1")
        .set("PACKSHOT_SERVER__LINGER_SECONDS", "1");
    server.start().with_product(PRODUCT)
}

/// The head of an upload by an administrator, but for these lines and the empty one.
pub(crate) fn upload_head(lines: &str) -> Vec<u8> {
    let (token, kind) = (token::admin("admin_user"), Form::content_type());
    format!("POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n{lines}")
        .into_bytes()
}

/// The others are served as ever.
#[track_caller]
pub(crate) fn serves(server: &Server) {
    let _ = server.anyone().get("/healthz").expect(200);
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
}
