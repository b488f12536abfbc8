//! A throwaway PostgreSQL cluster: one for each test process, an empty database for each test.
//!
//! The surprising rule: a shell stands between the test and the server and waits at a pipe from the
//! test. However the test ends, killed or not, the pipe closes, and the shell stops the server and
//! removes its files.

use super::supervised::free_port;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const DEFAULT_PORT: u16 = 5432;

/// Settings for a server that lives for seconds and whose data nobody will miss.
const SETTINGS: &str = "\
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 300
logging_collector = off
log_min_messages = fatal
";

/// A running cluster that listens on a Unix socket, and elsewhere only when told to; stopped and removed when
/// dropped, or when the process ends.
pub struct PostgresCluster {
    folder: PathBuf,
    port: u16,
    settings: String,
    programs: PathBuf,
    user: Option<User>,
    databases: AtomicU32,
    /// Closing it stops the server.
    lifeline: Option<ChildStdin>,
    shell: Child,
}

/// Why there is no cluster: one line for whoever runs the tests.
#[derive(Debug)]
pub struct NoCluster(String);

impl std::fmt::Display for NoCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoCluster {}

fn failed(what: &str, why: impl std::fmt::Display) -> NoCluster {
    NoCluster(format!("{what}: {why}"))
}

impl PostgresCluster {
    /// Starts a cluster, as another user where this one is root, because PostgreSQL refuses to run as root.
    ///
    /// # Errors
    /// [`NoCluster`] when the server's programs are missing or do not start.
    pub fn start() -> Result<Self, NoCluster> {
        Self::start_in(new_folder(unprivileged_user()?)?, DEFAULT_PORT, SETTINGS.to_owned())
    }

    /// Starts a cluster that also listens on `localhost`, with TLS: a certificate and its key, in PEM.
    ///
    /// # Errors
    /// [`NoCluster`] when the server's programs are missing or do not start.
    pub fn start_with_tls(certificate: &str, key: &str) -> Result<Self, NoCluster> {
        let user = unprivileged_user()?;
        let folder = new_folder(user)?;
        for (name, text) in [("tls.crt", certificate), ("tls.key", key)] {
            let file = folder.join(name);
            fs::write(&file, text).map_err(|error| failed(name, error))?;
            let own_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&file, own_alone).map_err(|error| failed(name, error))?;
            give(&file, user)?;
        }
        let port = free_port().map_err(|error| failed("a port", error))?;
        let shown = folder.display();
        let tls = format!(
            "listen_addresses = 'localhost'\nport = {port}\nssl = on\n\
             ssl_cert_file = '{shown}/tls.crt'\nssl_key_file = '{shown}/tls.key'\n"
        );
        Self::start_in(folder, port, format!("{SETTINGS}{tls}"))
    }

    fn start_in(folder: PathBuf, port: u16, settings: String) -> Result<Self, NoCluster> {
        let (programs, user) = (find_programs()?, unprivileged_user()?);
        let (lifeline, shell) = supervise(&folder, &programs, user, &settings)?;
        let databases = AtomicU32::new(0);
        let cluster = Self { folder, port, settings, programs, user, databases, lifeline, shell };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The port at which it listens on `localhost`, where it does, see [`start_with_tls`](Self::start_with_tls).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// [`NoCluster`] when the server does not make it.
    pub fn create_database(&self) -> Result<String, NoCluster> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(&name))
    }

    /// Removes the database at `url`, which [`create_database`](Self::create_database) made, and ends its connections.
    ///
    /// # Errors
    /// [`NoCluster`] with the server's message.
    pub fn drop_database(&self, url: &str) -> Result<(), NoCluster> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    }

    /// The URL of the database of that name.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://packshot@{folder}:{}/{database}", self.port)
    }

    /// The Unix socket on which the server listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// Runs statements with `psql` and gives what it prints, without headers, columns divided by `|`.
    ///
    /// # Errors
    /// [`NoCluster`] with the server's message.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, NoCluster> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "packshot",
            "-d",
            database,
            "-c",
            statements,
        ]);
        self.run(psql)
    }

    /// The statements that make the database's schema, as `pg_dump` writes them.
    ///
    /// # Errors
    /// [`NoCluster`] with the server's message.
    pub fn dump_schema(&self, database: &str) -> Result<String, NoCluster> {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.args(["--schema-only", "--no-owner", "-T", "__diesel_schema_migrations", "-U", "packshot", database]);
        let dump = self.run(dump)?;
        // Newer versions guard a dump with a random word.
        let is_statement = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
        Ok(dump.lines().filter(is_statement).collect::<Vec<_>>().join("\n"))
    }

    /// What the server has logged since it started; nothing unless a database's settings ask for it.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Stops the server; its data stay.
    pub fn stop(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            // A shell that is gone already has stopped the server.
            let _ = lifeline.write_all(b"stop\n");
        }
        let _ = self.shell.wait();
    }

    /// Starts the server again, with its data.
    ///
    /// # Errors
    /// [`NoCluster`] when it does not start.
    pub fn restart(&mut self) -> Result<(), NoCluster> {
        self.stop();
        (self.lifeline, self.shell) = supervise(&self.folder, &self.programs, self.user, &self.settings)?;
        self.wait_until_ready()
    }

    fn run(&self, mut command: Command) -> Result<String, NoCluster> {
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
        let output = command.output().map_err(|error| failed("cannot run a client", error))?;
        if !output.status.success() {
            return Err(failed("PostgreSQL", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn wait_until_ready(&self) -> Result<(), NoCluster> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            if let Ok(log) = fs::read_to_string(self.folder.join("failed")) {
                return Err(failed("PostgreSQL does not start", log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(failed("PostgreSQL does not start", "no answer in a minute"))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        if self.lifeline.take().is_none() {
            // Stopped before: its files are nobody's any more.
            let _ = fs::remove_dir_all(&self.folder);
        }
        // It ends by itself; a failure leaves at worst a folder among temporary files.
        let _ = self.shell.wait();
    }
}

fn new_folder(user: Option<User>) -> Result<PathBuf, NoCluster> {
    let folder = tempfile::Builder::new().prefix("packshot-pg-").tempdir().map_err(|e| failed("a folder", e))?.keep();
    give(&folder, user)?;
    Ok(folder)
}

/// Makes it the server's, where the server runs as another user.
fn give(path: &Path, user: Option<User>) -> Result<(), NoCluster> {
    let Some(user) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user.id), Some(user.group)).map_err(|error| failed("chown", error))
}

fn supervise(
    folder: &Path,
    programs: &Path,
    user: Option<User>,
    settings: &str,
) -> Result<(Option<ChildStdin>, Child), NoCluster> {
    let mut shell = as_user(Command::new("sh"), user)
        .args(["-c", SUPERVISOR, "sh"])
        .arg(folder)
        .arg(programs)
        .arg(settings)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed("cannot run sh", error))?;
    Ok((shell.stdin.take(), shell))
}

/// Makes the cluster, runs the server, waits for the end of its standard input, cleans up.
const SUPERVISOR: &str = r#"
folder=$1 programs=$2 settings=$3
data=$folder/data
if [ ! -f "$data/made" ]; then
    if "$programs/initdb" -D "$data" -U packshot --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$folder/log" 2>&1
    then
        printf '%s' "$settings" >>"$data/postgresql.conf"
        touch "$data/made"
    else
        mv "$folder/log" "$folder/failed"
    fi
fi
if [ -f "$data/made" ]; then
    "$programs/postgres" -D "$data" -k "$folder" >"$folder/log" 2>&1 </dev/null &
    server=$!
fi
# One line asks for the server's end alone, the end of the input for the files' too.
if read -r line; then keep=yes; fi
if [ -n "$server" ]; then
    kill -INT "$server"
    wait "$server"
fi
if [ -z "$keep" ]; then
    cd /
    rm -rf "$folder"
fi
"#;

#[derive(Debug, Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

/// Who to run as: nobody else when this process is not root's.
fn unprivileged_user() -> Result<Option<User>, NoCluster> {
    use std::os::unix::fs::MetadataExt;
    // A file of this process belongs to its user.
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| failed("/etc/passwd", error))?;
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some(User { id: fields.next()?.ok()?, group: fields.next()?.ok()? })
    };
    let user = find("postgres").or_else(|| find("nobody"));
    user.map(Some).ok_or_else(|| failed("PostgreSQL", "does not run as root, and there is no user postgres or nobody"))
}

fn as_user(mut command: Command, user: Option<User>) -> Command {
    use std::os::unix::process::CommandExt;
    if let Some(user) = user {
        command.uid(user.id).gid(user.group);
    }
    command
}

/// The folder of `initdb`, `postgres` and their clients: the newest of Debian's, else one on the path.
fn find_programs() -> Result<PathBuf, NoCluster> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&path).chain(debian.into_iter().rev().map(|(_, folder)| folder));
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "psql", "pg_dump"].iter().all(|program| folder.join(program).is_file())
    };
    candidates.into_iter().find(has_all).ok_or_else(|| {
        NoCluster("PostgreSQL's programs are missing: install them with `apt-get install postgresql`".to_owned())
    })
}
