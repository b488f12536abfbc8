//! In front of an S3 server: fails chosen requests in chosen ways.
//!
//! Owns reading one HTTP/1.1 request a connection. A request goes on as it came, but for its wish to keep
//! the connection, so its signature holds.

use super::listen;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status is answered, and the store does not hear of the request.
    Answer(u16),
    /// The connection ends, and the store does not hear of the request.
    Break,
    /// The store does what it is asked to, and its answer is lost.
    LoseAnswer,
    /// Nothing is answered as long as the client waits, and the store does not hear of the request.
    Stall,
    /// Nothing is answered, and the store hears of the request when the proxy is mended.
    Delay,
}

/// Which requests fail.
#[derive(Debug, Clone)]
struct Rule {
    method: &'static str,
    part: String,
    fault: Fault,
    /// How many more times; `None` for ever.
    times: Option<u32>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    /// Counts how often the proxy was mended, so that who waits for it does not miss it.
    mended: u32,
    /// Requests that wait for the mending or are on their way after it.
    delayed: u32,
    faults: u32,
}

struct Shared {
    upstream: String,
    state: Mutex<State>,
    changed: Condvar,
}

/// A proxy in front of an S3 server.
pub struct StoreProxy {
    endpoint: String,
    shared: Arc<Shared>,
}

impl StoreProxy {
    /// A proxy in front of `upstream`, such as `http://127.0.0.1:43210`, that breaks nothing yet.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), changed: Condvar::new() });
        Self { endpoint: format!("http://127.0.0.1:{}", listen(&shared, serve)), shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Breaks every request with this method (all methods if it is empty) whose path, query or, where it is a `POST`,
    /// body contain this, until [`mend`](Self::mend). A deletion is a `POST` that names its keys in the body.
    pub fn fail(&self, method: &'static str, part: &str, fault: Fault) {
        self.rule(method, part, fault, None);
    }

    /// The same for so many requests only.
    pub fn fail_times(&self, times: u32, method: &'static str, part: &str, fault: Fault) {
        self.rule(method, part, fault, Some(times));
    }

    fn rule(&self, method: &'static str, part: &str, fault: Fault, times: Option<u32>) {
        self.shared.lock().rules.push(Rule { method, part: part.to_owned(), fault, times });
    }

    /// How many requests were broken since it was mended.
    #[must_use]
    pub fn broken(&self) -> u32 {
        self.shared.lock().faults
    }

    /// Breaks nothing any more, lets delayed requests go on to the store and waits until it has answered them;
    /// says how many requests were broken since the last time.
    #[must_use]
    pub fn mend(&self) -> u32 {
        let mut state = self.shared.lock();
        state.rules.clear();
        state.mended += 1;
        self.shared.changed.notify_all();
        let faults = std::mem::take(&mut state.faults);
        let done = self.shared.changed.wait_while(state, |state| state.delayed > 0);
        drop(done.unwrap_or_else(PoisonError::into_inner));
        faults
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to happen to this request.
    fn fault_of(&self, head: &str, body: &[u8]) -> Option<Fault> {
        let mut state = self.lock();
        let (method, rest) = head.split_once(' ').unwrap_or_default();
        let path = rest.split(' ').next().unwrap_or_default();
        let body = if method == "POST" { String::from_utf8_lossy(body) } else { "".into() };
        let applies = |rule: &&mut Rule| {
            let fits = path.contains(&rule.part) || body.contains(&rule.part);
            [method, ""].contains(&rule.method) && fits && rule.times != Some(0)
        };
        let rule = state.rules.iter_mut().find(applies)?;
        rule.times = rule.times.map(|times| times - 1);
        let fault = rule.fault;
        state.faults += 1;
        if fault == Fault::Delay {
            state.delayed += 1;
        }
        Some(fault)
    }

    fn wait_for_mending(&self) {
        let state = self.lock();
        let before = state.mended;
        drop(self.changed.wait_while(state, |state| state.mended == before).unwrap_or_else(PoisonError::into_inner));
    }

    fn forget_delayed(&self) {
        self.lock().delayed -= 1;
        self.changed.notify_all();
    }
}

fn serve(shared: &Arc<Shared>, mut client: TcpStream) {
    let Ok(Some((head, body))) = read_request(&mut client) else { return };
    match shared.fault_of(&head, &body) {
        None => {
            // A client that is gone does not need its answer, nor a store that is gone a client.
            let _ = forward(shared, &head, &body).and_then(|answer| client.write_all(&answer));
        }
        Some(Fault::Answer(status)) => {
            let text = format!("HTTP/1.1 {status} Injected\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = client.write_all(text.as_bytes());
        }
        Some(Fault::Break) => {}
        Some(Fault::LoseAnswer) => drop(forward(shared, &head, &body)),
        // Ends when the client gives up.
        Some(Fault::Stall) => drop(client.read(&mut [0])),
        Some(Fault::Delay) => {
            shared.wait_for_mending();
            drop(forward(shared, &head, &body));
            shared.forget_delayed();
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// The head and the body of a request; `None` when the connection ended before one.
fn read_request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65536];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let length = length.unwrap_or(0);
    while body.len() < length {
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(Some((head, body)))
}

/// The store's whole answer.
fn forward(shared: &Shared, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut store = TcpStream::connect(&shared.upstream)?;
    let closing = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    store.write_all(closing.as_bytes())?;
    store.write_all(body)?;
    let mut answer = Vec::new();
    store.read_to_end(&mut answer)?;
    Ok(answer)
}
