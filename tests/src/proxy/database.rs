//! In front of a PostgreSQL server: cuts connections, at a commit if need be.
//!
//! Owns the frames of PostgreSQL's protocol (<https://www.postgresql.org/docs/current/protocol-message-formats.html>)
//! and the names of prepared statements, to know which table a transaction wrote to; understands nothing else.

use super::listen;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the database hears of the commit: it does not happen.
    BeforeCommit,
    /// When the database has committed, before anybody hears of it.
    AfterCommit,
}

#[derive(Default)]
struct State {
    /// The insertion into which table to wait for, and what to do at the commit of its transaction.
    trap: Option<(String, Moment)>,
    /// Whether the trap's cut is followed by refusals.
    refuse_after_trap: bool,
    refusing: bool,
    connections: Vec<TcpStream>,
    cuts: u32,
}

struct Shared {
    socket: PathBuf,
    state: Mutex<State>,
}

/// A proxy in front of a PostgreSQL server's Unix socket.
pub struct DatabaseProxy {
    port: u16,
    shared: Arc<Shared>,
}

impl DatabaseProxy {
    /// A proxy in front of this socket that breaks nothing yet.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(socket: &Path) -> Self {
        let shared = Arc::new(Shared { socket: socket.to_owned(), state: Mutex::default() });
        Self { port: listen(&shared, serve), shared }
    }

    /// The URL by which the database of this name is reached through the proxy.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://packshot@127.0.0.1:{}/{database}", self.port)
    }

    /// Cuts the connection of the next transaction that inserts into `table`, at this moment of it.
    pub fn cut_once(&self, table: &str, moment: Moment) {
        let mut state = self.shared.lock();
        (state.trap, state.refuse_after_trap) = (Some((table.to_owned(), moment)), false);
    }

    /// The same, and then the database is gone for all until [`mend`](Self::mend).
    pub fn cut_for_good(&self, table: &str, moment: Moment) {
        let mut state = self.shared.lock();
        (state.trap, state.refuse_after_trap) = (Some((table.to_owned(), moment)), true);
    }

    /// Cuts all connections and takes no new ones until [`mend`](Self::mend).
    pub fn cut(&self) {
        self.shared.lock().cut();
    }

    /// Breaks nothing any more; says how many times a trap was sprung since the last time.
    #[must_use]
    pub fn mend(&self) -> u32 {
        let mut state = self.shared.lock();
        (state.trap, state.refusing) = (None, false);
        std::mem::take(&mut state.cuts)
    }
}

impl State {
    fn cut(&mut self) {
        self.refusing = true;
        for connection in self.connections.drain(..) {
            // One that has ended already is as it should be.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to happen at the commit of a transaction with these insertions.
    fn spring(&self, written: &[String]) -> Option<Moment> {
        let mut state = self.lock();
        let (_, moment) = state.trap.take_if(|(table, _)| {
            let insertion = format!("INSERT INTO \"{table}\"");
            written.iter().any(|sql| sql.contains(&insertion))
        })?;
        state.cuts += 1;
        Some(moment)
    }

    fn after_trap(&self) {
        let mut state = self.lock();
        if state.refuse_after_trap {
            state.cut();
        }
    }
}

fn serve(shared: &Arc<Shared>, client: TcpStream) {
    {
        let mut state = shared.lock();
        if state.refusing {
            return;
        }
        state.connections.extend(client.try_clone());
    }
    let Ok(server) = UnixStream::connect(&shared.socket) else { return };
    let (Ok(answers), Ok(mut answered)) = (server.try_clone(), client.try_clone()) else { return };
    let relay = std::thread::spawn(move || {
        let _ = std::io::copy(&mut &answers, &mut answered);
        let _ = answered.shutdown(Shutdown::Both);
    });
    // Whichever side ends ends both.
    let _ = pass_requests(shared, &client, &server);
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = relay.join();
}

/// Passes what the client says on to the server, message by message, until one ends or a trap springs.
fn pass_requests(shared: &Shared, mut client: &TcpStream, mut server: &UnixStream) -> std::io::Result<()> {
    let mut prepared: HashMap<Vec<u8>, String> = HashMap::new();
    let mut written: Vec<String> = Vec::new();
    let mut begun = false;
    loop {
        let (kind, message) = read_message(&mut client, begun)?;
        begun = begun || !is_negotiation(&message);
        let payload = message.get(5..).unwrap_or_default();
        match kind {
            // Parse: a statement's name and its text.
            b'P' => {
                let mut parts = payload.split(|byte| *byte == 0);
                let (name, sql) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let _ = prepared.insert(name.to_vec(), String::from_utf8_lossy(sql).into_owned());
            }
            // Bind: a portal's name and a statement's.
            b'B' => {
                written.extend(payload.split(|byte| *byte == 0).nth(1).and_then(|name| prepared.get(name)).cloned())
            }
            b'Q' if payload.starts_with(b"COMMIT") => match shared.spring(&std::mem::take(&mut written)) {
                None => {}
                Some(Moment::BeforeCommit) => {
                    shared.after_trap();
                    return Ok(());
                }
                Some(Moment::AfterCommit) => {
                    // The client hears nothing from here on.
                    let _ = client.shutdown(Shutdown::Both);
                    server.write_all(&message)?;
                    // Ends the session when the commit is done.
                    server.write_all(&[b'X', 0, 0, 0, 4])?;
                    let _ = server.read_to_end(&mut Vec::new());
                    shared.after_trap();
                    return Ok(());
                }
            },
            b'Q' => written.clear(),
            _ => {}
        }
        server.write_all(&message)?;
    }
}

/// One message with its kind; the first ones have none.
fn read_message(client: &mut &TcpStream, begun: bool) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = vec![0; if begun { 5 } else { 4 }];
    client.read_exact(&mut head)?;
    let kind = if begun { head[0] } else { 0 };
    let length = head[head.len() - 4..].iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    let at = head.len();
    head.resize(at + length.saturating_sub(4), 0);
    client.read_exact(&mut head[at..])?;
    Ok((kind, head))
}

/// Whether this asks for TLS or GSSAPI, which a first message may do before the session begins.
fn is_negotiation(message: &[u8]) -> bool {
    const TLS: u32 = 80_877_103;
    const GSSAPI: u32 = 80_877_104;
    let code = message.get(4..8).map(|code| code.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte)));
    message.len() == 8 && (code == Some(TLS) || code == Some(GSSAPI))
}
