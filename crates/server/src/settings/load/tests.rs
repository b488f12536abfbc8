//! Reading the settings: where each comes from, and what becomes of every key's values, good, empty and odd.

use super::*;
use std::time::{Duration, Instant};

fn from(variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
    let environment = variables.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    load(None, &environment)
}

fn from_file(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    std::fs::write(&path, text).unwrap();
    let environment = variables.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    load(Some(&path), &environment)
}

#[test]
fn nothing_set_means_the_defaults() {
    let loaded = from(&[("HOME", "/root")]).unwrap();
    assert!(loaded.all_defaults);
    assert_eq!(loaded.settings.server.bind, "127.0.0.1:8000");
}

#[test]
fn the_environment_overrides_the_file() {
    let file = "[limits]\nper_user_hour = 7\nper_address_hour = 8\n[server]\ncors_origins = ['https://c']\n";
    let set = [("PACKSHOT_LIMITS__PER_USER_HOUR", "9"), ("PACKSHOT_SERVER__CORS_ORIGINS", "https://a, https://b")];
    let loaded = from_file(file, &set).unwrap();
    assert!(!loaded.all_defaults);
    assert_eq!((loaded.settings.limits.per_user_hour, loaded.settings.limits.per_address_hour), (9, 8));
    assert_eq!(loaded.settings.server.cors_origins, ["https://a", "https://b"]);
}

#[test]
fn digits_stay_text_where_text_is_meant() {
    let loaded = from(&[("PACKSHOT_AUTH__ISSUER", "42")]).unwrap();
    assert_eq!(loaded.settings.auth.issuer.as_deref(), Some("42"));
}

#[test]
fn every_fault_names_its_key() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 8] = [
        ("[server]\nbindd = 'x'\n", &[], "unknown setting server.bindd"),
        ("[sever]\nbind = 'x'\n", &[], "unknown setting sever"),
        ("", &[("PACKSHOT_SERVER__BINDD", "x")], "unknown setting server.bindd (from PACKSHOT_SERVER__BINDD)"),
        ("", &[("PACKSHOT_LIMITS__PER_USER_HOUR", "many")], "limits.per_user_hour: must be an integer"),
        ("[limits]\nper_user_hour = 'many'\n", &[], "limits.per_user_hour: invalid type"),
        ("[database]\npool_size = 0\n", &[], "database.pool_size: out of range"),
        ("[server]\npublic_base_url = 'cdn'\n", &[], "server.public_base_url: must be"),
        ("[server\n", &[], "line 1"),
    ];
    for (file, variables, expected) in cases {
        let error = from_file(file, variables).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} should contain {expected}");
        assert!(!error.contains('\n'), "{error}");
    }
    let missing = load(Some(Path::new("/nowhere/p.toml")), &BTreeMap::new()).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/p.toml"), "{missing}");
}

#[test]
fn variants_are_settings() {
    let file = "[variants.square]\nwidth = 400\nheight = 400\nfit = 'cover'\nformat = 'webp'\n";
    let loaded = from_file(file, &[]).unwrap();
    assert_eq!(specs(&loaded.settings.variants).unwrap().as_slice()[0].folder.as_str(), "square");
    let bad = from_file("[variants.square]\nwidth = 400\nfit = 'cover'\n", &[]).unwrap_err().to_string();
    assert!(bad.contains("variants.square"), "{bad}");
}

/// The variable of a dotted key.
fn variable(key: &str) -> String {
    format!("PACKSHOT_{}", key.replace('.', "__").to_ascii_uppercase())
}

/// What is set at a dotted key; the secret is never shown.
fn value(settings: &Settings, key: &str) -> Option<Value> {
    if key == SECRET {
        use secrecy::ExposeSecret;
        return settings.auth.hs256_secret.as_ref().map(|secret| Value::String(secret.expose_secret().to_owned()));
    }
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    lookup(&Table::try_from(settings).unwrap(), &path).cloned()
}

/// For each key: texts of a variable that are taken, with what is taken, and texts that are refused.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const SECONDS: &[&str] = &["0", "-1", "1.5", "5s", "ten", "31536001", "9223372036854775807", "18446744073709551615"];
const MS: &[&str] = &["0", "-1", "1e3", "86400001", "9223372036854775807", "18446744073709551616"];
const COUNT: &[&str] = &["-1", "many", "1.0", "4294967296", "0x10"];
const URLS: &[&str] = &[
    "cdn",
    "ftp://cdn.example",
    "https://",
    "/",
    "https://cdn.example?a=b",
    "https://cdn.example#a",
    "/a b",
    "https:///x",
    "/a\u{7}b",
];

const TABLE: &[Row] = &[
    (
        "server.bind",
        &[("0.0.0.0:80", "0.0.0.0:80"), ("[::]:8000", "[::]:8000"), ("localhost:0", "localhost:0")],
        &[
            "8000",
            ":8000",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "http://127.0.0.1:8000",
            "a b:1",
            "127.0.0.1:http",
        ],
    ),
    (
        "server.trusted_proxies",
        &[
            ("10.0.0.0/8, 192.0.2.1", r#"["10.0.0.0/8", "192.0.2.1/32"]"#),
            (r#"["::1"]"#, r#"["::1/128"]"#),
            ("::ffff:10.0.0.0/104,", r#"["10.0.0.0/8"]"#),
            ("[]", "[]"),
        ],
        &["everyone", "10.0.0.0/33", "10.0.0.1:80", "*", "[10]", "10.0.0.0/8;192.0.2.1"],
    ),
    (
        "server.cors_origins",
        &[
            ("https://Shop.Example:443/", r#"["https://shop.example"]"#),
            ("https://a.example,,http://b.example:8080", r#"["https://a.example", "http://b.example:8080"]"#),
            (r#"["*", ""]"#, r#"["*"]"#),
            ("[]", "[]"),
        ],
        &[
            "shop.example",
            "https://shop.example/app",
            "https://*.example",
            "https://a.example;https://b.example",
            "null",
            "[1]",
            "[",
        ],
    ),
    (
        "server.public_base_url",
        &[("https://cdn.example/", "https://cdn.example"), ("/img", "/img"), ("/a//", "/a")],
        URLS,
    ),
    ("server.workers", &[("0", "0"), ("1024", "1024"), (" 2 ", "2")], &["-1", "1025", "9223372036854775807", "two"]),
    ("server.supervise", &[("true", "true"), ("false", "false")], &["yes", "1", "True", "on"]),
    (
        "server.shutdown_timeout_seconds",
        &[("0", "0"), ("31536000", "31536000")],
        &["-1", "31536001", "18446744073709551615"],
    ),
    (
        "server.max_connections",
        &[("1", "1"), ("9223372036854775807", "9223372036854775807")],
        &["0", "-1", "18446744073709551615"],
    ),
    ("server.head_timeout_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("server.body_timeout_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("server.min_body_bytes_per_second", &[("1", "1"), ("4294967295", "4294967295")], &["0", "-1", "4294967296"]),
    ("server.keep_alive_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("server.linger_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("database.url", &[(" sqlite://a.db ", "sqlite://a.db")], &[]),
    ("database.pool_size", &[("1", "1"), ("1000", "1000")], &["0", "1001", "-1", "4294967296", "ten"]),
    (
        "database.read_timeout_ms",
        &[("1", "1"), ("600000", "600000")],
        &["0", "-1", "600001", "9223372036854775807", "5s"],
    ),
    ("storage.file_mode", &[("0600", "0600"), (" 640 ", "640")], &[]),
    ("audit.keep_days", &[("0", "0"), ("36500", "36500")], &["-1", "36501", "4294967295"]),
    (
        "server.answer_timeout_seconds",
        &[("0", "0"), ("31536000", "31536000")],
        &["-1", "31536001", "18446744073709551615"],
    ),
    ("server.min_answer_bytes_per_second", &[("0", "0"), ("4294967295", "4294967295")], &["-1", "4294967296"]),
    ("storage.url", &[(" s3://bucket\n", "s3://bucket")], &[]),
    ("auth.hs256_secret", &[(" a secret with spaces around it ", " a secret with spaces around it ")], &[]),
    ("auth.hs256_secret_file", &[(" a/b ", "a/b")], &[]),
    ("auth.jwks", &[(" https://id.example/keys ", "https://id.example/keys")], &[]),
    ("auth.jwks_max_age_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("auth.issuer", &[(" https://id.example/ ", "https://id.example/"), ("42", "42")], &[]),
    ("auth.audience", &[("packshot", "packshot"), ("true", "true")], &[]),
    (
        "auth.admin_roles",
        &[("admin, Shop Admin", r#"["admin", "Shop Admin"]"#), (r#"["a,b"]"#, r#"["a,b"]"#)],
        &["[]", r#"[""]"#, ",", "[1]"],
    ),
    ("auth.role_claims", &[("roles", r#"["roles"]"#)], &["[]", r#"[" "]"#, ", ,"]),
    ("limits.per_user_hour", &[("0", "0"), ("4294967295", "4294967295")], COUNT),
    ("limits.per_address_hour", &[("0", "0"), ("4294967295", "4294967295")], COUNT),
    ("limits.per_product_day", &[("0", "0"), ("4294967295", "4294967295")], COUNT),
    (
        "limits.max_discarded_bytes",
        &[("5242880", "5242880"), ("9223372036854775807", "9223372036854775807")],
        &["0", "5242879", "5M"],
    ),
    ("imaging.workers", &[("0", "0"), ("1024", "1024")], &["1025", "-1", "9223372036854775807"]),
    ("imaging.memory_mib", &[("0", "0"), ("9223372036854775807", "9223372036854775807")], &["-1", "1G"]),
    ("imaging.profile", &[("fast", "fast"), ("quality", "quality")], &["best", "Fast", "fast,quality"]),
    ("imaging.max_wait_ms", &[("1", "1"), ("86400000", "86400000")], MS),
    ("imaging.max_cpu_ms", &[("1", "1"), ("86400000", "86400000")], MS),
    ("sweep.interval_seconds", &[("1", "1"), ("31536000", "31536000")], SECONDS),
    ("sweep.grace_seconds", &[("1", "1"), ("4294967295", "4294967295")], &["0", "-1", "4294967296"]),
    ("errors.type_base", &[("https://shop.example/errors/", "https://shop.example/errors"), ("/e", "/e")], URLS),
    ("log.format", &[("json", "json"), ("text", "text")], &["JSON", "pretty"]),
    (
        "log.level",
        &[("warn", "warn"), ("WARN", "WARN"), ("info, packshot_server=debug", "info,packshot_server=debug")],
        &["warning", "verbose", "inf", "info packshot=debug", "packshot-server=debug", "packshot_server"],
    ),
    ("metrics.access", &[("off", "off"), ("public", "public"), ("admin", "admin")], &["none", "true", "Admin"]),
    (
        "telemetry.otlp_endpoint",
        &[(" http://127.0.0.1:4318/ ", "http://127.0.0.1:4318/")],
        &["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "https://a.example?x", "http://a b/"],
    ),
];

/// As the text of a variable would be read back.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn every_key_takes_what_works_and_refuses_the_rest_by_its_name() {
    let listed: BTreeSet<String> = TABLE.iter().map(|(key, _, _)| (*key).to_owned()).collect();
    assert_eq!(listed, known_keys());
    for (key, good, bad) in TABLE {
        for (text, taken) in *good {
            let loaded = from(&[(&variable(key), text)]).unwrap_or_else(|error| panic!("{key} = {text:?}: {error}"));
            assert_eq!(value(&loaded.settings, key).as_ref().map(shown).as_deref(), Some(*taken), "{key} = {text:?}");
            assert!(!loaded.all_defaults && loaded.warnings.is_empty(), "{key} = {text:?}");
        }
        for text in *bad {
            let error = from(&[(&variable(key), text)]).err().unwrap_or_else(|| panic!("{key} takes {text:?}"));
            let line = error.to_string();
            assert!(
                line.contains(key) && line.contains(&variable(key)) && !line.contains('\n'),
                "{key} = {text:?}: {line}"
            );
        }
    }
}

#[test]
fn empty_is_unset_at_every_key_in_variables_and_in_the_file() {
    let defaults = Settings::default();
    for key in known_keys() {
        let (section, name) = key.split_once('.').unwrap();
        for empty in ["", " ", "\t \r\n"] {
            let loaded = from(&[(&variable(&key), empty)]).unwrap();
            assert!(loaded.all_defaults, "{key}");
            assert_eq!(value(&loaded.settings, &key), value(&defaults, &key), "{key}");
            let quoted = Value::String(empty.to_owned());
            let loaded = from_file(&format!("[{section}]\n{name} = {quoted}\n"), &[]);
            let loaded = loaded.unwrap_or_else(|error| panic!("{key} = {empty:?}: {error}"));
            assert_eq!(value(&loaded.settings, &key), value(&defaults, &key), "{key}");
        }
    }
    // What the file sets stays, whatever an empty variable says.
    let loaded = from_file("[auth]\nissuer = 'https://id.example'\n", &[("PACKSHOT_AUTH__ISSUER", "")]).unwrap();
    assert_eq!(loaded.settings.auth.issuer.as_deref(), Some("https://id.example"));
    // Options and variants have names of their own.
    let set = [("PACKSHOT_STORAGE__OPTIONS__ENDPOINT", " "), ("PACKSHOT_VARIANTS__SQUARE__FOLDER", "")];
    let loaded =
        from_file("[storage.options]\nregion = ''\n[variants.square]\nwidth = 100\nfolder = ''\n", &set).unwrap();
    assert!(loaded.settings.storage.options.is_empty());
    assert_eq!(loaded.settings.variants["square"].folder, None);
    // A slip is told even where nothing is in it.
    let error = from_file("[server]\nbindd = ''\n", &[]).unwrap_err().to_string();
    assert!(error.contains("server.bindd"), "{error}");
}

#[test]
fn every_time_that_is_taken_can_be_waited_for() {
    for key in known_keys().iter().filter(|key| key.ends_with("_seconds") || key.ends_with("_ms")) {
        let unit = if key.ends_with("_ms") { Duration::from_millis } else { Duration::from_secs };
        for number in [1_u64, 60, 86_400_000, 31_536_000, u64::from(u32::MAX), u64::MAX >> 1] {
            let Ok(loaded) = from(&[(&variable(key), &number.to_string())]) else { continue };
            let taken = value(&loaded.settings, key).unwrap().as_integer().unwrap().try_into().unwrap();
            assert!(Instant::now().checked_add(unit(taken)).is_some(), "{key} = {number}");
        }
    }
}

#[test]
fn variants_and_options_can_be_variables() {
    let loaded = from(&[
        ("PACKSHOT_VARIANTS__SQUARE__WIDTH", "400"),
        ("PACKSHOT_VARIANTS__SQUARE__HEIGHT", "400"),
        ("PACKSHOT_VARIANTS__SQUARE__FIT", "contain"),
        ("PACKSHOT_VARIANTS__SQUARE__BACKGROUND", "[0, 0, 0, 255]"),
        ("PACKSHOT_VARIANTS__SQUARE__QUALITY", "70"),
        ("PACKSHOT_STORAGE__OPTIONS__REGION", " eu-central-1 "),
    ])
    .unwrap();
    let square = &loaded.settings.variants["square"];
    assert_eq!((square.width, square.quality, square.background), (Some(400), 70, [0, 0, 0, 255]));
    use secrecy::ExposeSecret;
    assert_eq!(loaded.settings.storage.options["region"].expose_secret(), "eu-central-1");
    let error = from(&[("PACKSHOT_VARIANTS__SQUARE__WIDTH", "wide")]).unwrap_err().to_string();
    assert!(error.contains("variants.square.width") && error.contains("integer"), "{error}");
}

#[test]
fn a_near_miss_is_told_and_a_service_link_is_not() {
    let loaded = from(&[
        ("PACKSHOT_SERVER_BIND", "0.0.0.0:80"),
        ("PACKSHOT_SERVICE_HOST", "10.0.0.1"),
        ("PACKSHOT_PORT", "tcp://10.0.0.1:8000"),
        ("PACKSHOT_SERVER__BIND_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("PACKSHOT_ENV_PACKSHOT_SERVER__BIND", "0.0.0.0:80"),
    ])
    .unwrap();
    assert!(loaded.all_defaults);
    assert_eq!(loaded.warnings, ["PACKSHOT_SERVER_BIND is no setting; PACKSHOT_SERVER__BIND would be one"]);
}

#[test]
fn the_readme_names_every_key_and_no_other() {
    let readme = include_str!("../../../../../README.md");
    let table = readme.split("## Settings").nth(1).unwrap().split("\n## ").next().unwrap();
    let columns = table.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let named: BTreeSet<String> =
        columns.flat_map(|column| column.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let of_their_own = ["storage.options", "variants.NAME"].map(str::to_owned);
    assert_eq!(named, known_keys().into_iter().chain(of_their_own).collect());
}
