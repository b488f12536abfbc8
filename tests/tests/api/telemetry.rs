//! What can be seen of a server that runs: `/metrics`, log lines, exported traces.

use packshot_tests::server::PRODUCT;
use packshot_tests::token::unsigned;
use packshot_tests::{Form, Server, fixture};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

/// What an upload always goes through.
const STEPS: [&str; 9] = ["receive", "queue", "clean", "decode", "resize", "encode", "journal", "store", "commit"];

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn metrics_are_an_admins_by_default_everybodys_or_nobodys() {
    let server = Server::builder().start();
    let anonymous = server.anyone().get("/metrics").expect(401);
    assert_eq!(anonymous.header("www-authenticate"), Some("Bearer"));
    let answer = server.admin().get("/api/metrics").expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));

    let public = Server::builder().set("PACKSHOT_METRICS__ACCESS", "public").start();
    let _ = public.anyone().get("/metrics").expect(200);
    let off = Server::builder().set("PACKSHOT_METRICS__ACCESS", "off").start();
    let _ = off.admin().get("/metrics").expect(404);
}

#[test]
fn an_upload_is_counted_with_every_step_and_no_client_can_make_a_label() {
    let server = Server::builder().set("PACKSHOT_LIMITS__PER_USER_HOUR", "2").start().with_product(PRODUCT);
    let picture = fixture("sideways_1280x960.jpg");
    let form = || Form::upload(PRODUCT, &picture);
    let _ = server.admin().upload(form()).expect(201);
    let _ = server.admin().upload(form()).expect(201);
    let _ = server.admin().upload(form()).expect(429);
    let _ = server.anyone().get("/api/files/made-up-by-a-client").expect(404);
    let _ = server.anyone().get("/made-up-by-a-client").expect(404);
    let metrics = server.admin().get("/metrics").expect(200).text();

    let upload =
        |status: u16| format!(r#"packshot_http_requests_total{{route="/files",method="POST",status="{status}"}}"#);
    assert_eq!(value(&metrics, &upload(201)), 2.0);
    assert_eq!(value(&metrics, &upload(429)), 1.0);
    assert_eq!(value(&metrics, r#"packshot_rate_limited_total{scope="user"}"#), 1.0);
    for step in STEPS {
        let seconds = format!(r#"packshot_step_duration_seconds_sum{{step="{step}"}}"#);
        assert!(value(&metrics, &seconds) > 0.0, "{step}");
    }
    assert!(value(&metrics, "packshot_http_received_bytes_total") > 2.0 * picture.len() as f64);
    assert_eq!(value(&metrics, "packshot_http_requests_in_flight"), 1.0, "the one that reads them");
    assert_eq!(value(&metrics, "packshot_imaging_running"), 0.0);
    assert_eq!(value(&metrics, "packshot_imaging_waiting"), 0.0);
    assert!(value(&metrics, "packshot_imaging_budget_bytes") > 0.0);
    assert!(value(&metrics, r#"packshot_database_connections{state="idle"}"#) >= 1.0);
    assert!(value(&metrics, "process_resident_memory_bytes") > 0.0);
    assert!(!metrics.contains("made-up-by-a-client"), "{metrics}");
}

#[test]
fn a_request_is_one_json_line_with_its_id_its_bytes_and_its_steps() {
    let server = Server::builder().set("PACKSHOT_LOG__FORMAT", "json").start().with_product(PRODUCT);
    let picture = fixture("small_640x640.jpg");
    let headers = [("X-Request-Id", "seen-in-the-log")];
    let answer = server.admin().upload_with(Form::upload(PRODUCT, &picture), &headers).expect(201);
    let log = server.terminate().log;
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["span"]["request_id"] == "seen-in-the-log")
        .collect();
    let [line] = lines.as_slice() else { panic!("{} lines: {lines:?}", lines.len()) };
    assert_eq!(line["message"], "answered a request");
    assert_eq!((&line["span"]["method"], &line["span"]["path"]), (&"POST".into(), &"/api/files".into()));
    assert_eq!(line["status"], 201);
    assert!(line["received_bytes"].as_u64().unwrap() > picture.len() as u64);
    assert_eq!(line["sent_bytes"].as_u64().unwrap(), answer.text().len() as u64);
    for step in STEPS {
        assert!(line[format!("{step}_ms")].as_f64().is_some(), "{step}: {line}");
    }
}

#[test]
fn spans_go_to_the_collector_that_is_set() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (sent, received) = channel();
    std::thread::spawn(move || {
        for stream in collector.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            while let Some((head, body)) = read_request(&mut reader) {
                let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                let _ = sent.send((head, body));
            }
        }
    });
    let server = Server::builder().set("PACKSHOT_TELEMETRY__OTLP_ENDPOINT", &endpoint).start().with_product(PRODUCT);
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201);
    // The queue is emptied when the server ends, if not before.
    assert!(server.terminate().status.success());
    let mut spans = Vec::new();
    while let Ok((head, body)) = received.recv_timeout(Duration::from_millis(200)) {
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        spans.extend(body);
    }
    // Protocol buffers keep names as they are.
    for name in STEPS.into_iter().chain(["packshot", "request_id"]) {
        assert!(spans.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
}

/// The head and the body of the next request of a connection; `None` at its end.
fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

#[test]
fn a_collector_that_is_down_harms_nobody() {
    let server =
        Server::builder().set("PACKSHOT_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9").start().with_product(PRODUCT);
    let _ = server.admin().upload(Form::upload(PRODUCT, &fixture("small_640x640.jpg"))).expect(201);
    assert!(server.terminate().status.success());
}

#[test]
fn no_client_writes_lines_of_its_own_into_the_log() {
    // The header of a token: a line's end, and what a terminal obeys.
    let lies = [
        "x\n2020-01-01T00:00:00.000000Z  INFO forged: all is well",
        "x\u{1b}[2J\u{1b}]0;title\u{7}",
        "x\u{2028}\u{202e}y",
    ];
    for format in ["text", "json"] {
        let server = Server::builder().set("PACKSHOT_LOG__FORMAT", format).start();
        for lie in lies {
            let token = unsigned(&json!({ "alg": lie }), &json!({}));
            let client = server.anyone().with_token(&format!("{token}.AAAA"));
            let _ = client.delete("/products/x").expect(401);
        }
        let log = server.terminate().log;
        assert_eq!(log.matches("a token was refused").count(), lies.len(), "{log}");
        assert!(!log.lines().any(|line| line.starts_with("2020-")), "{log}");
        let hidden = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{202e}'));
        assert!(!log.contains(hidden), "{log:?}");
    }
}
