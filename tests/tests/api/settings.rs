//! Settings that cannot work: one line that names the key, exit code 1.

use packshot_tests::command::{command, finish};
use packshot_tests::{Finished, Server};
use std::net::TcpListener;

/// The line that a start with this one setting fails with.
#[track_caller]
fn failure(name: &str, value: &str) -> String {
    let finished = Server::builder().set(name, value).start_and_fail();
    line(&finished)
}

#[track_caller]
fn line(finished: &Finished) -> String {
    finished.one_line_of_failure().to_owned()
}

#[test]
fn an_unknown_key_is_named() {
    for (name, key) in [
        ("PACKSHOT_SERVER__BINDD", "server.bindd"),
        ("PACKSHOT_LIMITS__PER_USER", "limits.per_user"),
        ("PACKSHOT_SEVER__BIND", "sever"),
    ] {
        let line = failure(name, "1");
        assert!(line.to_lowercase().contains(key) || line.contains(name), "{line}");
    }
    let finished = Server::builder().file("[server]\nbindd = \"127.0.0.1:0\"\n").start_and_fail();
    assert!(line(&finished).contains("bindd"), "{finished:?}");
    let finished = Server::builder().file("[sever]\nbind = \"127.0.0.1:0\"\n").start_and_fail();
    assert!(line(&finished).contains("sever"), "{finished:?}");
}

#[test]
fn a_bad_value_is_named() {
    for (name, value, key) in [
        ("PACKSHOT_SERVER__BIND", "nowhere", "server.bind"),
        ("PACKSHOT_SERVER__BIND", "127.0.0.1:99999", "server.bind"),
        ("PACKSHOT_LIMITS__PER_USER_HOUR", "many", "limits.per_user_hour"),
        ("PACKSHOT_LIMITS__PER_USER_HOUR", "-1", "limits.per_user_hour"),
        ("PACKSHOT_DATABASE__URL", "postgre://localhost/x", "database.url"),
        ("PACKSHOT_DATABASE__URL", "data/packshot.db", "database.url"),
        ("PACKSHOT_STORAGE__URL", "ftp://example/x", "storage.url"),
        ("PACKSHOT_STORAGE__URL", "s3://", "storage.url"),
        ("PACKSHOT_ERRORS__TYPE_BASE", "no url", "errors.type_base"),
        ("PACKSHOT_SERVER__PUBLIC_BASE_URL", "cdn", "server.public_base_url"),
        ("PACKSHOT_AUTH__JWKS", "no-such-file.json", "auth.jwks"),
        ("PACKSHOT_AUTH__JWKS", "http://id.example/keys", "auth.jwks"),
        ("PACKSHOT_AUTH__HS256_SECRET", "0123456789abcdef0123456789abcdef", "auth.hs256_secret"),
        ("PACKSHOT_AUTH__HS256_SECRET", "abcdefghijklmnopqrstuvwxyz0123456789", "auth.hs256_secret"),
        ("PACKSHOT_LOG__LEVEL", "warning", "log.level"),
        ("PACKSHOT_LOG__LEVEL", "inf", "log.level"),
        ("PACKSHOT_SERVER__CORS_ORIGINS", "shop.example", "server.cors_origins"),
        ("PACKSHOT_SERVER__WORKERS", "1000000000", "server.workers"),
        ("PACKSHOT_SERVER__HEAD_TIMEOUT_SECONDS", "9223372036854775807", "server.head_timeout_seconds"),
        ("PACKSHOT_AUTH__ADMIN_ROLES", "[]", "auth.admin_roles"),
    ] {
        let mut builder = Server::builder().set(name, value);
        if name == "PACKSHOT_AUTH__JWKS" {
            builder = builder.unset("PACKSHOT_AUTH__HS256_SECRET");
        }
        let line = line(&builder.start_and_fail());
        assert!(line.contains(key), "{name}={value}: {line}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_in_the_file_is_named() {
    for (toml, key) in [
        ("[limits]\nper_user_hour = \"many\"\n", "per_user_hour"),
        ("[server]\ntrusted_proxies = [\"everyone\"]\n", "trusted_proxies"),
        ("[server]\ncors_origins = \"*\"\n", "cors_origins"),
    ] {
        // The environment of the harness wins over the file, so that key is taken away from it.
        let builder = Server::builder().unset("PACKSHOT_LIMITS__PER_USER_HOUR").file(toml);
        let line = line(&builder.start_and_fail());
        assert!(line.contains(key), "{toml}: {line}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_named() {
    let finished = Server::builder().file("[server\nbind = 1").start_and_fail();
    assert!(line(&finished).contains("packshot.toml"), "{finished:?}");
}

#[test]
fn a_missing_settings_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let finished = finish(command(folder.path(), []).args(["--config", "missing.toml", "check"]));
    assert!(line(&finished).contains("missing.toml"), "{finished:?}");
}

#[test]
fn a_settings_file_is_read_and_the_environment_wins() {
    let server = Server::builder()
        .file("[errors]\ntype_base = \"https://file.example/errors\"\n[server]\nbind = \"127.0.0.1:1\"\n")
        .start();
    let problem = server.anyone().get("/nowhere").any_problem("/nowhere");
    assert_eq!(problem["type"], "https://file.example/errors/not-found");
}

#[test]
fn a_weak_secret_is_refused_and_not_repeated() {
    let weak = "only-thirty-one-bytes-are-here!";
    let line = failure("PACKSHOT_AUTH__HS256_SECRET", weak);
    assert!(line.contains("auth.hs256_secret") && line.contains("32"), "{line}");
    assert!(!line.contains(weak), "{line}");
}

#[test]
fn a_secret_and_a_jwks_exclude_each_other() {
    let builder = Server::builder();
    std::fs::write(builder.folder().join("jwks.json"), r#"{"keys": []}"#).unwrap();
    let finished = builder.set("PACKSHOT_AUTH__JWKS", "jwks.json").start_and_fail();
    let line = line(&finished);
    assert!(line.contains("auth.jwks") && line.contains("auth.hs256_secret"), "{line}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = failure("PACKSHOT_SERVER__BIND", &address);
    assert!(line.contains("server.bind") && line.contains(&address), "{line}");
}

#[test]
fn a_data_folder_that_is_none_is_named() {
    let builder = Server::builder();
    std::fs::write(builder.folder().join("data"), "a file where a folder should be").unwrap();
    let line = line(&builder.start_and_fail());
    assert!(line.contains("database.url") || line.contains("storage.url"), "{line}");
    assert!(line.contains("data"), "{line}");
}

#[test]
fn an_image_folder_that_is_none_is_named() {
    let builder = Server::builder();
    std::fs::create_dir(builder.folder().join("data")).unwrap();
    std::fs::write(builder.folder().join("data/images"), "a file where a folder should be").unwrap();
    let line = line(&builder.start_and_fail());
    assert!(line.contains("storage.url"), "{line}");
}

#[test]
fn a_database_that_is_none_is_named() {
    let builder = Server::builder();
    std::fs::create_dir(builder.folder().join("data")).unwrap();
    std::fs::write(builder.folder().join("data/packshot.db"), "no database at all, but long enough".repeat(100))
        .unwrap();
    let line = line(&builder.start_and_fail());
    assert!(line.contains("database.url"), "{line}");
}

#[test]
fn every_bad_value_is_in_the_line() {
    let finished = Server::builder()
        .set("PACKSHOT_SERVER__PUBLIC_BASE_URL", "cdn")
        .set("PACKSHOT_ERRORS__TYPE_BASE", "no url")
        .start_and_fail();
    let line = line(&finished);
    assert!(line.contains("server.public_base_url") && line.contains("errors.type_base"), "{line}");
}

#[test]
fn a_database_newer_than_the_binary_is_left_alone() {
    let builder = Server::builder();
    let _ = finish(command(builder.folder(), []).arg("migrate")).ok();
    let file = builder.folder().join("data/packshot.db");
    let database = std::fs::read(&file).unwrap();
    // The newest migration gets the name of one that nobody has written yet, in the table and in its index.
    let newer = replaced(&database, newest_migration().as_bytes(), b"29991231235959");
    assert_ne!(newer, database, "the database names its migrations");
    std::fs::write(&file, &newer).unwrap();

    let finished = builder.start_and_fail();
    let line = line(&finished);
    assert!(line.contains("database.url") && line.contains("newer"), "{line}");
    assert_eq!(std::fs::read(&file).unwrap(), newer);
}

/// The version of the newest migration, as the database writes it.
fn newest_migration() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest = names.max().expect("there are migrations");
    newest.split('_').next().unwrap().replace('-', "")
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        bytes.windows(old.len()).enumerate().filter(|(_, window)| *window == old).map(|(place, _)| place).collect();
    for place in places {
        bytes[place..place + new.len()].copy_from_slice(new);
    }
    bytes
}

#[test]
fn a_server_starts_beside_the_links_of_services_named_packshot_and_tells_a_slip() {
    let server = Server::builder()
        .set("PACKSHOT_SERVICE_HOST", "10.0.0.1")
        .set("PACKSHOT_SERVICE_PORT_HTTP", "8000")
        .set("PACKSHOT_PORT", "tcp://10.0.0.1:8000")
        .set("PACKSHOT_PORT_8000_TCP_ADDR", "10.0.0.1")
        .set("PACKSHOT_SERVER_PORT", "tcp://10.0.0.1:8000")
        .set("PACKSHOT_SERVER_BIND", "10.0.0.1:80")
        .start();
    let log = server.log();
    assert!(log.contains("PACKSHOT_SERVER_BIND is no setting; PACKSHOT_SERVER__BIND would be one"), "{log}");
    assert!(!log.contains("PACKSHOT_SERVER_PORT") && !log.contains("SERVICE_HOST"), "{log}");
    let told = server.run(&["token", "--subject", "a"]);
    assert!(told.stderr.contains("PACKSHOT_SERVER__BIND would be one"), "{told:?}");
    assert_eq!(told.ok().lines().count(), 1);
}

#[test]
fn an_origin_as_people_write_it_lets_its_browsers_in() {
    let server = Server::builder()
        .set("PACKSHOT_SERVER__CORS_ORIGINS", "https://Shop.Example:443/, capacitor://localhost")
        .start();
    for origin in ["https://shop.example", "capacitor://localhost"] {
        let answer = server.anyone().get_with("/api/files", &[("origin", origin)]).expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
    let answer = server.anyone().get_with("/api/files", &[("origin", "https://other.example")]);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn what_is_empty_is_unset() {
    let names =
        ["ISSUER", "AUDIENCE", "JWKS", "ADMIN_ROLES", "ROLE_CLAIMS"].map(|name| format!("PACKSHOT_AUTH__{name}"));
    let others = ["DATABASE__URL", "STORAGE__URL", "LOG__LEVEL", "TELEMETRY__OTLP_ENDPOINT", "IMAGING__WORKERS"];
    let others = others.map(|name| format!("PACKSHOT_{name}"));
    let builder = names.iter().chain(&others).fold(Server::builder(), |builder, name| builder.set(name, ""));
    let server = builder.file("[auth]\nissuer = \"\"\naudience = \" \"\n").start();
    let _ = server.admin().put_json("/products/p", r#"{"name": "P"}"#).expect(201);
}
