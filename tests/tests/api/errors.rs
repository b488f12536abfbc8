//! Errors that no handler makes: unknown paths, wrong methods, odd requests. All are problems too.

use packshot_tests::client::send;
use packshot_tests::{Server, raw};

#[test]
fn an_unknown_path_is_404() {
    let server = Server::builder().start();
    for (path, instance) in [
        ("/nowhere", "/nowhere"),
        ("/api/nowhere", "/nowhere"),
        ("/api/nowhere?token=secret&x=1", "/nowhere"),
        ("/", "/"),
        ("/api/files/x/y/z", "/files/x/y/z"),
        ("/apifiles", "/apifiles"),
        ("/api/api/files", "/api/files"),
    ] {
        let problem = server.anyone().get(path).problem(404, "not-found", instance, &[]);
        assert_eq!(problem["title"], "Not Found");
    }
    // `/api` itself has nothing but the prefix.
    assert_eq!(server.anyone().get("/api").status, 404);
}

#[test]
fn a_wrong_method_is_405_and_hears_the_right_ones() {
    let server = Server::builder().start();
    for (method, path, instance, right) in [
        ("DELETE", "/api/files", "/files", "POST"),
        ("PUT", "/files", "/files", "POST"),
        ("POST", "/healthz", "/healthz", "GET"),
        ("DELETE", "/readyz", "/readyz", "GET"),
        ("POST", "/api/products/p", "/products/p", "PUT"),
        ("POST", "/openapi.json", "/openapi.json", "GET"),
    ] {
        let answer = send(server.admin().request(method, path));
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.shown());
        let allowed = answer.header("allow").expect("Allow");
        assert!(allowed.split(',').any(|method| method.trim() == right), "{method} {path}: {allowed}");
        let _ = answer.any_problem(instance);
    }
}

#[test]
fn each_kind_of_problem_has_a_page_where_its_type_points() {
    let server = Server::builder().set("PACKSHOT_ERRORS__TYPE_BASE", "https://shop.example/help").start();
    let problem = server.anyone().get("/nowhere").expect(404).any_problem("/nowhere");
    let slug =
        problem["type"].as_str().unwrap().strip_prefix("https://shop.example/help/").expect("the base is a setting");
    let _ = server.anyone().get(&format!("/errors/{slug}")).expect(200);
    let wrong_method = send(server.anyone().request("DELETE", "/healthz")).any_problem("/healthz");
    let slug = wrong_method["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let _ = server.anyone().get(&format!("/errors/{slug}")).expect(200);
}

#[test]
fn requests_that_are_no_http_do_not_stop_the_server() {
    let server = Server::builder().start();
    let requests: [&[u8]; 8] = [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /files HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\0\0\0\0\r\n\r\n",
    ];
    for request in requests {
        if let Some(answer) = raw::exchange(server.address(), request) {
            assert!((400..500).contains(&answer.status), "{}: {}", request.escape_ascii(), answer.shown());
        }
    }
    let many: String = (0..500).map(|n| format!("X-Header-{n}: {}\r\n", "v".repeat(1000))).collect();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    if let Some(answer) = raw::exchange(server.address(), request.as_bytes()) {
        assert!((400..500).contains(&answer.status), "{}", answer.shown());
    }
    let _ = server.anyone().get("/healthz").expect(200);
}

#[test]
fn odd_targets_are_answered_as_problems() {
    let server = Server::builder().start();
    for target in ["/%", "/%zz", "/api/products/%ff", "/files/%00", "//", "/api//files", "/ü"] {
        if let Some(answer) = raw::get(server.address(), target) {
            assert!((400..500).contains(&answer.status), "{target}: {}", answer.shown());
        }
    }
    let _ = server.anyone().get("/healthz").expect(200);
}

#[test]
fn every_answer_is_marked_against_sniffing() {
    let server = Server::start();
    for path in ["/nowhere", "/healthz", "/products/prod_789", "/openapi.json", "/errors/not-found"] {
        let answer = server.anyone().get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}: {}", answer.shown());
    }
}
