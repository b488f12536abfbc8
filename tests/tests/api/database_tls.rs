//! PostgreSQL over TLS, with certificates made here: `sslmode` in `database.url` means what libpq says.

use packshot_contract::servers::postgres::PostgresCluster;
use packshot_tests::backends::postgres;
use packshot_tests::command::{Finished, command, finish};
use packshot_tests::server::{Builder, PRODUCT};
use packshot_tests::{Form, Server, fixture};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A server whose certificate is good for `localhost`, and the authority that signed it.
struct Secured {
    cluster: PostgresCluster,
    authority: Authority,
}

static SECURED: LazyLock<Secured> = LazyLock::new(|| {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("localhost");
    let cluster = PostgresCluster::start_with_tls(&certificate, &key).unwrap_or_else(|reason| panic!("{reason}"));
    Secured { cluster, authority }
});

/// A certificate authority in a folder of its own.
struct Authority(TempDir);

impl Authority {
    fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        authority.openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt");
        authority
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(self.0.path()).output();
        let output = output.expect("install openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate for a server of that name, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let folder = self.0.path();
        std::fs::write(folder.join("names"), format!("subjectAltName=DNS:{name}\n")).unwrap();
        self.openssl("req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr");
        self.openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
        );
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
        (read("server.crt"), read("server.key"))
    }

    fn certificate(&self) -> String {
        self.0.path().join("ca.crt").display().to_string()
    }
}

/// A new database of this cluster over TCP, with these parameters, and its name.
fn url(cluster: &PostgresCluster, parameters: &str) -> (String, String) {
    let name = cluster.create_database().unwrap().rsplit('/').next().unwrap().to_owned();
    (format!("postgres://packshot:hunter2@localhost:{}/{name}?{parameters}", cluster.port()), name)
}

fn on(url: &str) -> Builder {
    Server::builder().set("PACKSHOT_DATABASE__URL", url)
}

fn migrate(url: &str) -> Finished {
    finish(command(Path::new("/"), [("PACKSHOT_DATABASE__URL", url)]).arg("migrate"))
}

/// The line with which the start was refused.
#[track_caller]
fn refused(url: &str) -> String {
    let finished = migrate(url);
    let line = finished.one_line_of_failure().to_owned();
    assert!(line.contains("database.url") && !line.contains("hunter2"), "{line}");
    line
}

/// How many sessions of this database are encrypted, and how many are not.
fn sessions(database: &str) -> String {
    let count = format!(
        "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl \
         JOIN pg_stat_activity USING (pid) WHERE datname = '{database}'"
    );
    SECURED.cluster.sql("postgres", &count).unwrap().trim().to_owned()
}

#[test]
fn a_required_encryption_is_used_by_every_connection() {
    let (url, name) = url(&SECURED.cluster, "sslmode=require");
    let server = on(&url).start().with_product(PRODUCT);
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
    let counts = sessions(&name);
    assert!(!counts.starts_with("0|") && counts.ends_with("|0"), "encrypted|not: {counts}");
}

#[test]
fn a_server_that_the_authority_vouches_for_is_trusted() {
    let parameters = format!("sslmode=verify-full&sslrootcert={}", SECURED.authority.certificate());
    let (url, name) = url(&SECURED.cluster, &parameters);
    let server = on(&url).start().with_product(PRODUCT);
    let _ = server.anyone().get("/readyz").expect(200);
    assert!(sessions(&name).ends_with("|0"));
}

#[test]
fn a_server_that_another_authority_vouches_for_is_refused() {
    let other = Authority::new();
    let (url, _) = url(&SECURED.cluster, &format!("sslmode=verify-full&sslrootcert={}", other.certificate()));
    let line = refused(&url);
    assert!(line.contains("certificate verify failed"), "{line}");
    assert!(refused(&url.replace("verify-full", "verify-ca")).contains("certificate verify failed"));
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("database.example");
    let cluster = PostgresCluster::start_with_tls(&certificate, &key).unwrap_or_else(|reason| panic!("{reason}"));
    let (url, _) = url(&cluster, &format!("sslmode=verify-full&sslrootcert={}", authority.certificate()));
    let line = refused(&url);
    assert!(line.contains("does not match"), "{line}");
    // The authority itself is fine.
    let _ = migrate(&url.replace("verify-full", "verify-ca")).ok();
}

#[test]
fn encryption_that_the_server_does_not_have_is_not_done_without() {
    let proxy = packshot_tests::proxy::DatabaseProxy::start(&postgres().socket());
    let name = postgres().create_database().unwrap().rsplit('/').next().unwrap().to_owned();
    let plain = proxy.url(&name);
    let _ = migrate(&plain).ok();
    let line = finish(
        command(Path::new("/"), [("PACKSHOT_DATABASE__URL", format!("{plain}?sslmode=require").as_str())])
            .arg("migrate"),
    );
    assert!(line.one_line_of_failure().contains("SSL"), "{line:?}");
}
