//! A server of one test: its process, its log.
//!
//! Owns the process's life: started with port 0 in an empty folder, killed when dropped, its log shown
//! when the test fails. Refuses to share: every test has its own. Its surprising rule: rate limits are
//! off and the secret is known, unless a test says otherwise; everything else is the default, but for
//! the backends that the test runs on.

use crate::answer::Answer;
use crate::backends::{Backends, Home};
use crate::client::Client;
use crate::command::{Finished, command, command_within, finish};
use crate::token;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The product that most tests upload to.
pub const PRODUCT: &str = "prod_789";

/// What a server is started with. A clone starts another server with the same backends.
#[derive(Debug, Clone)]
pub struct Builder {
    settings: Vec<(String, String)>,
    file: Option<String>,
    home: Arc<Home>,
    wrapper: Vec<String>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    settings: Vec<(String, String)>,
    home: Arc<Home>,
    wrapper: Vec<String>,
    address: String,
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    client: Client,
}

impl Builder {
    /// Sets an environment variable, such as `PACKSHOT_LIMITS__PER_USER_HOUR`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.unset_mut(name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes away a setting that the harness makes.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.unset_mut(name);
        self
    }

    fn unset_mut(&mut self, name: &str) {
        self.settings.retain(|(other, _)| other != name);
    }

    /// Writes this text as `packshot.toml`.
    #[must_use]
    pub fn file(mut self, toml: &str) -> Self {
        self.file = Some(toml.to_owned());
        self
    }

    /// Starts the server and waits until it listens.
    ///
    /// # Panics
    /// When it ends instead; shows its log.
    #[must_use]
    pub fn start(self) -> Server {
        if let Some(file) = &self.file {
            std::fs::write(self.home.folder().join("packshot.toml"), file).expect("the folder can be written");
        }
        Server::spawn(self.settings, self.home, self.wrapper)
    }

    /// Lets another program start the server, in its own place: these words, before the server's own.
    #[must_use]
    pub fn within(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts the server and waits until it ends by itself, as it should with settings that cannot work.
    #[must_use]
    pub fn start_and_fail(&self) -> Finished {
        if let Some(file) = &self.file {
            std::fs::write(self.home.folder().join("packshot.toml"), file).expect("the folder can be written");
        }
        finish(&mut command(self.home.folder(), pairs(&self.settings)))
    }

    /// Starts the server and kills it after `time`.
    ///
    /// # Panics
    /// When it cannot be started or waited for.
    pub fn start_and_kill(&self, time: Duration) {
        run_and_kill(&mut command(self.home.folder(), pairs(&self.settings)), time);
    }

    /// The folder, before anything was started in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Where its rows and files will be.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }
}

impl Server {
    /// A server in an empty folder with the default backends, to be configured.
    #[must_use]
    pub fn builder() -> Builder {
        Self::builder_on(Backends::SQLITE_AND_DISK)
    }

    /// A server in an empty folder with empty backends, to be configured.
    #[must_use]
    pub fn builder_on(backends: Backends) -> Builder {
        let defaults = [
            ("PACKSHOT_SERVER__BIND", "127.0.0.1:0"),
            ("PACKSHOT_AUTH__HS256_SECRET", token::SECRET),
            ("PACKSHOT_LIMITS__PER_USER_HOUR", "0"),
            ("PACKSHOT_LIMITS__PER_ADDRESS_HOUR", "0"),
            ("PACKSHOT_LIMITS__PER_PRODUCT_DAY", "0"),
        ];
        let home = Home::new(backends);
        let defaults = defaults.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Builder {
            settings: defaults.chain(home.settings()).collect(),
            file: None,
            home: Arc::new(home),
            wrapper: Vec::new(),
        }
    }

    /// A server with the default backends and the product [`PRODUCT`].
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::start_on(Backends::SQLITE_AND_DISK)
    }

    /// A server with these backends and the product [`PRODUCT`].
    #[must_use]
    #[track_caller]
    pub fn start_on(backends: Backends) -> Self {
        Self::builder_on(backends).start().with_product(PRODUCT)
    }

    /// Makes a product.
    ///
    /// # Panics
    /// When the server does not make it.
    #[must_use]
    #[track_caller]
    pub fn with_product(self, id: &str) -> Self {
        let _: Answer = self.admin().put_json(&format!("/products/{id}"), r#"{"name": "A product"}"#).expect(201);
        self
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder that it was started in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// A client without a token.
    #[must_use]
    pub fn anyone(&self) -> &Client {
        &self.client
    }

    /// A client with the token of the administrator `admin_user`.
    #[must_use]
    pub fn admin(&self) -> Client {
        self.client.with_token(&token::admin("admin_user"))
    }

    /// Runs another command of the binary with the same settings in the same folder.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Finished {
        finish(command(self.folder(), pairs(&self.settings)).args(args))
    }

    /// The image files in its store, see [`Home::stored_files`].
    #[must_use]
    pub fn stored_files(&self) -> Vec<PathBuf> {
        self.home.stored_files_in(&self.own_folder())
    }

    /// The folder that it was started in, as its process sees it: what is mounted there may be its own.
    #[must_use]
    pub fn own_folder(&self) -> PathBuf {
        let folder = self.home.folder().display();
        if self.wrapper.is_empty() {
            self.folder().to_owned()
        } else {
            format!("/proc/{}/root{folder}", self.id()).into()
        }
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its rows and files are.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// How many files, connections and the like its process has open, without the connections of its clients,
    /// who decide how long those stay.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn open_handles(&self) -> usize {
        let process = PathBuf::from(format!("/proc/{}", self.id()));
        let connections = std::fs::read_to_string(process.join("net/tcp")).expect("the process is there");
        let port: u16 = self.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let own = format!("0100007F:{port:04X}");
        // https://docs.kernel.org/networking/proc_net_tcp.html
        let of_clients: Vec<String> = connections
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|fields| fields.get(1) == Some(&own.as_str()))
            .filter_map(|fields| fields.get(9).map(|inode| format!("socket:[{inode}]")))
            .collect();
        let handles = std::fs::read_dir(process.join("fd")).expect("the process is there").flatten();
        let targets = handles.filter_map(|handle| std::fs::read_link(handle.path()).ok());
        targets.filter(|target| !of_clients.iter().any(|socket| target.as_os_str() == socket.as_str())).count()
    }

    /// What it has written to stdout and stderr so far.
    ///
    /// # Panics
    /// When reading it failed.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("no reader panicked").clone()
    }

    /// The most memory that its process had at once, as the kernel counts it.
    ///
    /// # Panics
    /// When it is gone.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
        kibibytes * 1024
    }

    /// Sends SIGKILL, as a crash would, and leaves the waiting to [`Server::kill`].
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn kill_now(&self) {
        self.signal("-KILL");
    }

    /// Ends it with SIGKILL and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be waited for.
    #[must_use]
    pub fn kill(mut self) -> Stopped {
        // Already dying when it was sent before.
        let _ = self.child.kill();
        self.stopped()
    }

    /// Asks it to end with SIGTERM and waits until it did.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[must_use]
    pub fn terminate(mut self) -> Stopped {
        self.signal("-TERM");
        self.stopped()
    }

    /// Asks it to end with SIGTERM, and leaves the waiting to [`Server::wait`].
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn terminate_now(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGINT, as a terminal does.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn interrupt_now(&self) {
        self.signal("-INT");
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it cannot be waited for.
    #[must_use]
    pub fn wait(mut self) -> Stopped {
        self.stopped()
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success(), "the server was gone before it was told to go");
    }

    fn stopped(&mut self) -> Stopped {
        let status = self.child.wait().expect("a child can be waited for");
        for reader in self.readers.drain(..) {
            reader.join().expect("reading the log does not fail");
        }
        let log = self.log.lock().expect("no reader panicked").clone();
        let (settings, home, wrapper) = (self.settings.clone(), Arc::clone(&self.home), self.wrapper.clone());
        Stopped { settings, home, wrapper, status, log }
    }

    fn spawn(settings: Vec<(String, String)>, home: Arc<Home>, wrapper: Vec<String>) -> Self {
        let mut command = command_within(&wrapper, home.folder(), pairs(&settings));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("packshot can be started");
        let log = Arc::new(Mutex::new(String::new()));
        let (said, heard) = channel();
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let readers = vec![read_lines(stdout, &log, Some(said)), read_lines(stderr, &log, None)];
        let mut server = Self {
            settings,
            home,
            wrapper,
            address: String::new(),
            child,
            log,
            readers,
            client: Client::new("http://127.0.0.1:0"),
        };
        server.address = server.wait_until_it_listens(&heard);
        server.client = Client::new(&format!("http://{}", server.address));
        server
    }

    fn wait_until_it_listens(&mut self, heard: &Receiver<String>) -> String {
        loop {
            match heard.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => {
                    if let Some(address) = line.strip_prefix("Listening on http://") {
                        return address.trim().to_owned();
                    }
                }
                // Dropping `self` shows the log.
                Err(_) => panic!("the server ended, or said nothing for a minute, before it listened"),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone when it was stopped on purpose.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for reader in self.readers.drain(..) {
                let _ = reader.join();
            }
            let log = self.log.lock().map(|log| log.clone()).unwrap_or_default();
            eprintln!("--- the server's log\n{log}---");
        }
    }
}

/// A server that has ended, with its folder.
#[derive(Debug)]
pub struct Stopped {
    settings: Vec<(String, String)>,
    home: Arc<Home>,
    wrapper: Vec<String>,
    /// How it ended.
    pub status: ExitStatus,
    /// Everything that it wrote to stdout and stderr.
    pub log: String,
}

impl Stopped {
    /// The folder that it was started in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Runs a command of the binary with the same settings in the same folder.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Finished {
        finish(command(self.folder(), pairs(&self.settings)).args(args))
    }

    /// Where its rows and files are.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Starts a command of the binary, the server itself without `args`, and kills it after `time` unless it
    /// has ended by then.
    ///
    /// # Panics
    /// When it cannot be started or waited for.
    pub fn run_and_kill(&self, args: &[&str], time: Duration) {
        run_and_kill(command(self.folder(), pairs(&self.settings)).args(args), time);
    }

    /// Starts it again, on what it left behind.
    #[must_use]
    pub fn start(self) -> Server {
        Server::spawn(self.settings, self.home, self.wrapper)
    }

    /// Starts it again, expecting that it ends by itself.
    #[must_use]
    pub fn start_and_fail(self) -> Finished {
        finish(&mut command(self.home.folder(), pairs(&self.settings)))
    }
}

fn run_and_kill(command: &mut Command, time: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(time);
    // Perhaps it has ended by itself.
    let _ = child.kill();
    let _ = child.wait().expect("a child can be waited for");
}

fn pairs(settings: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn read_lines(
    stream: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    said: Option<Sender<String>>,
) -> JoinHandle<()> {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = log.lock().expect("no reader panicked");
            log.push_str(&line);
            log.push('\n');
            drop(log);
            if let Some(said) = &said {
                // Nobody listens any more once the address is known.
                let _ = said.send(line);
            }
        }
    })
}
