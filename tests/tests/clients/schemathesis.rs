//! Schemathesis makes thousands of requests from the OpenAPI document, good ones and bad ones, one alone
//! and chains of them, and holds each answer against the document.
//!
//! Owns its version; every check and every phase is on. `tests/schemathesis` has its settings, and what no
//! schema can say. Seeds are settings: `PACKSHOT_SCHEMATHESIS_SEED=7 PACKSHOT_SCHEMATHESIS_EXAMPLES=100`.

use packshot_contract::clients;
use packshot_tests::{Server, token};
use serde_json::json;
use std::path::Path;
use std::process::Command;

const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", "hypothesis==6.170.15"];

#[test]
fn no_request_that_can_be_made_from_the_document_gets_an_answer_outside_of_it() {
    let python = clients::python("schemathesis-4.32.5", &PACKAGES).unwrap_or_else(|reason| panic!("{reason}"));
    let server = Server::builder().start();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base = format!("http://{}", server.address());
    let token = token::sign(&json!({"sub": "schemathesis", "role": "admin", "exp": token::now() + 24 * 3600}));
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(here.join("schemathesis/schemathesis.toml"))
        .args(["run", &format!("{base}/openapi.json"), "--url", &format!("{base}/api"), "--checks", "all"])
        .args(["--header", &format!("Authorization: Bearer {token}"), "--no-color"])
        .current_dir(server.folder())
        .env("PYTHONPATH", here.join("schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PACKSHOT_API", format!("{base}/api"))
        .env("PACKSHOT_TOKEN", &token)
        .env("PACKSHOT_FIXTURES", here.join("fixtures"));
    for (setting, variable) in
        [("--seed", "PACKSHOT_SCHEMATHESIS_SEED"), ("--max-examples", "PACKSHOT_SCHEMATHESIS_EXAMPLES")]
    {
        if let Ok(value) = std::env::var(variable) {
            command.args([setting, &value]);
        }
    }
    let run = command.output().expect("python can be started");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));

    // Nothing is proved by requests that all end at the door.
    let metrics = server.admin().get("/metrics").expect(200).text();
    for (route, method, status) in
        [("/files", "POST", 201), ("/files/{id}", "PATCH", 200), ("/products/{id}", "DELETE", 204)]
    {
        let series = format!(r#"packshot_http_requests_total{{route="{route}",method="{method}",status="{status}"}}"#);
        assert!(metrics.contains(&series), "no {series} in\n{metrics}");
    }
}
