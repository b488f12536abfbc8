//! Commands do what they say and nothing besides: what only looks never migrates, and keeps no server waiting.

use packshot_tests::backends::{Home, postgres};
use packshot_tests::command::{command, finish};
use packshot_tests::{Backends, Finished};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every command that asks the database and is not there to migrate it.
const COMMANDS: [&[&str]; 7] = [
    &["verify"],
    &["sweep", "--dry-run"],
    &["sweep"],
    &["audit"],
    &["check"],
    &["product", "put", "p", "--name", "P"],
    &["backup", "kept"],
];

/// Those that there are for this database: a server of its own has its own backups.
fn commands(home: &Home) -> impl Iterator<Item = &'static [&'static str]> {
    let has_backups = home.database().is_none();
    COMMANDS.into_iter().filter(move |words| has_backups || words[0] != "backup")
}

fn packshot(home: &Home, words: &[&str]) -> Command {
    let settings = home.settings();
    let mut command = command(home.folder(), settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    command.args(words);
    command
}

fn run(home: &Home, words: &[&str]) -> Finished {
    finish(&mut packshot(home, words))
}

/// The line that a command ends with because of its database.
#[track_caller]
fn refusal(home: &Home, words: &[&str]) -> String {
    let finished = run(home, words);
    if words == ["check"] {
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let line = finished.stdout.lines().find(|line| line.starts_with("database "));
        return line.expect("a check has a line for the database").to_owned();
    }
    assert_eq!(finished.stdout, "", "{words:?}");
    finished.one_line_of_failure().to_owned()
}

/// Runs statements beside packshot.
fn sql(home: &Home, statements: &str) -> String {
    if let Some(database) = home.database() {
        return postgres().sql(database, statements).expect("statements");
    }
    let script = "import sqlite3, sys\ndatabase = sqlite3.connect(sys.argv[1])\n\
        if sys.argv[2]: database.executescript(sys.argv[2])\nelse: print('\\n'.join(database.iterdump()))";
    let mut python = Command::new("python3");
    let ran = python.args(["-c", script]).arg(home.folder().join("data/packshot.db")).arg(statements).output();
    let ran = ran.expect("python3 can be started");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// All that the database is and has.
fn dump(home: &Home) -> String {
    let Some(database) = home.database() else { return sql(home, "") };
    postgres().dump_schema(database).expect("a dump")
        + &sql(home, "SELECT * FROM __diesel_schema_migrations ORDER BY 1")
}

fn newest_migration(home: &Home) -> PathBuf {
    let kind = if home.database().is_some() { "postgres" } else { "sqlite" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(kind);
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().expect("there are migrations")
}

#[test]
fn an_older_database_is_left_as_it_is_and_the_command_says_what_to_run() {
    for backends in [Backends::SQLITE_AND_DISK, Backends::POSTGRES_AND_DISK] {
        let home = Home::new(backends);
        let _ = run(&home, &["migrate"]).ok();
        let newest = newest_migration(&home);
        let name = newest.file_name().unwrap().to_str().unwrap();
        let version = name.split('_').next().unwrap().replace('-', "");
        sql(&home, &std::fs::read_to_string(newest.join("down.sql")).unwrap());
        sql(&home, &format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"));
        let before = dump(&home);
        for words in commands(&home) {
            let line = refusal(&home, words);
            for part in ["database.url", "older", name, "`packshot migrate`"] {
                assert!(line.contains(part), "{words:?}: {line}");
            }
            assert_eq!(dump(&home), before, "{words:?}");
        }
        assert!(run(&home, &["migrate"]).ok().contains(name));
        let _ = run(&home, &["verify"]).ok();
        let _ = run(&home, &["check"]).ok();
    }
}

#[test]
fn a_newer_database_is_named_by_every_command() {
    for backends in [Backends::SQLITE_AND_DISK, Backends::POSTGRES_AND_DISK] {
        let home = Home::new(backends);
        let _ = run(&home, &["migrate"]).ok();
        sql(&home, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231235959')");
        let before = dump(&home);
        for words in commands(&home).chain([&["migrate"][..]]) {
            let line = refusal(&home, words);
            for part in ["database.url", "newer", "29991231235959"] {
                assert!(line.contains(part), "{words:?}: {line}");
            }
            assert_eq!(dump(&home), before, "{words:?}");
        }
    }
}

#[test]
fn no_database_is_made_by_what_only_looks() {
    let home = Home::new(Backends::SQLITE_AND_DISK);
    for words in commands(&home) {
        let line = refusal(&home, words);
        assert!(line.contains("database.url") && line.contains("`packshot migrate`"), "{words:?}: {line}");
        assert!(!home.folder().join("data/packshot.db").exists(), "{words:?}");
    }
    let home = Home::new(Backends::POSTGRES_AND_DISK);
    for words in commands(&home) {
        let line = refusal(&home, words);
        assert!(line.contains("database.url") && line.contains("`packshot migrate`"), "{words:?}: {line}");
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(sql(&home, tables).trim(), "0", "{words:?}");
    }
}

/// The lock as a process has it that has the database to itself.
fn lock(home: &Home) -> File {
    let mut file = OpenOptions::new().write(true).open(home.folder().join("data/packshot.db.lock")).unwrap();
    file.lock().unwrap();
    file.set_len(0).unwrap();
    file.write_all(b"packshot sweep (process 4711)").unwrap();
    file
}

#[test]
fn a_start_beside_a_command_that_has_the_database_says_so_and_waits_for_it() {
    let home = Home::new(Backends::SQLITE_AND_DISK);
    let _ = run(&home, &["migrate"]).ok();
    let _ = run(&home, &["sweep"]).ok();
    let sweeping = lock(&home);
    let mut server = packshot(&home, &["serve"]);
    server.env("PACKSHOT_SERVER__BIND", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = server.spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = log.find(|line| line.contains("waiting for it")).expect("it says what it waits for");
    assert!(line.contains("packshot sweep (process 4711)") && line.contains("seconds=30"), "{line}");
    // Commands that need the database to themselves no more than a server does go on beside it.
    let _ = run(&home, &["sweep"]).ok();
    let _ = run(&home, &["verify"]).ok();
    drop(sweeping);
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let _ = said.find(|line| line.starts_with("Listening on ")).expect("it serves");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn what_only_looks_waits_for_no_lock_and_keeps_none() {
    let home = Home::new(Backends::SQLITE_AND_DISK);
    let _ = run(&home, &["migrate"]).ok();
    for words in commands(&home) {
        let _ = run(&home, words).ok();
    }
    let sweeping = lock(&home);
    for words in commands(&home).filter(|words| words[0] != "backup").chain([&["backup", "again"][..]]) {
        let _ = run(&home, words).ok();
    }
    drop(sweeping);
}

#[test]
fn an_older_backup_is_restored_and_stays_as_it_is() {
    let home = Home::new(Backends::SQLITE_AND_DISK);
    let _ = run(&home, &["migrate"]).ok();
    let _ = run(&home, &["product", "put", "p", "--name", "P"]).ok();
    let _ = run(&home, &["backup", "kept"]).ok();
    // As a packshot left it that did not have the newest migration.
    let kept = Home::new(Backends::SQLITE_AND_DISK);
    std::fs::create_dir(kept.folder().join("data")).unwrap();
    let copy = kept.folder().join("data/packshot.db");
    std::fs::copy(home.folder().join("kept/packshot.db"), &copy).unwrap();
    let newest = newest_migration(&home);
    let version = newest.file_name().unwrap().to_str().unwrap().split('_').next().unwrap().replace('-', "");
    sql(&kept, &std::fs::read_to_string(newest.join("down.sql")).unwrap());
    sql(&kept, &format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"));
    let before = dump(&kept);
    for file in ["packshot.db", "packshot.db-wal", "packshot.db-shm"] {
        let _ = std::fs::remove_file(home.folder().join("kept").join(file));
    }
    std::fs::copy(&copy, home.folder().join("kept/packshot.db")).unwrap();
    std::fs::remove_dir_all(home.folder().join("data")).unwrap();

    let restored = run(&home, &["restore", "kept"]).ok();
    assert!(restored.contains("differences 0"), "{restored}");
    let _ = run(&home, &["verify"]).ok();
    let left: Vec<_> =
        std::fs::read_dir(home.folder().join("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restoring")), "{left:?}");
    std::fs::copy(home.folder().join("kept/packshot.db"), &copy).unwrap();
    assert_eq!(dump(&kept), before, "the backup is as it was");
}
