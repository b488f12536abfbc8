//! 429: so many uploads an hour of a user and of an address, so many a day of a product.
//!
//! Windows are fixed and begin with the hour or the day.

use crate::pictures::jpeg;
use packshot_tests::token::{admin, within_one_hour};
use packshot_tests::{Answer, Backends, Form, Server, on_every_backend};

const USER: &str = "PACKSHOT_LIMITS__PER_USER_HOUR";
const ADDRESS: &str = "PACKSHOT_LIMITS__PER_ADDRESS_HOUR";
const PRODUCT_DAY: &str = "PACKSHOT_LIMITS__PER_PRODUCT_DAY";

fn upload(server: &Server, user: &str, product: &str, headers: &[(&str, &str)]) -> Answer {
    let client = server.anyone().with_token(&admin(user));
    client.upload_with(Form::upload(product, &jpeg(300, 300)), headers)
}

#[track_caller]
fn limited(answer: &Answer, window_seconds: u64) {
    let problem = answer.problem(429, "rate-limited", "/files", &[]);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    let wait: u64 = answer.header("retry-after").expect("Retry-After").parse().expect("whole seconds");
    assert!((1..=window_seconds).contains(&wait), "{wait}");
}

#[on_every_backend]
fn a_user_has_so_many_uploads_an_hour(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(USER, "3").start().with_product("a").with_product("b");
        for product in ["a", "b", "a"] {
            let _ = upload(&server, "ada", product, &[]).expect(201);
        }
        limited(&upload(&server, "ada", "b", &[]), 3600);
        limited(&upload(&server, "ada", "a", &[]), 3600);
        let _ = upload(&server, "bob", "a", &[]).expect(201);
    });
}

#[test]
fn clients_behind_a_proxy_are_told_apart_however_it_writes_their_addresses() {
    let written = [
        ("x-forwarded-for", "198.51.100.1:40001"),
        ("x-forwarded-for", "6.6.6.6, 198.51.100.2:40002"),
        ("x-forwarded-for", "2001:db8:1::1"),
        ("x-forwarded-for", "[2001:db8:2::1]"),
        ("x-forwarded-for", "[2001:db8:3::1]:40003"),
        ("forwarded", "for=198.51.100.4"),
        ("forwarded", "For=\"[2001:db8:4::1]:40004\";proto=https;by=127.0.0.1"),
    ];
    within_one_hour(|| {
        let server = Server::builder()
            .set(ADDRESS, "1")
            .set("PACKSHOT_SERVER__TRUSTED_PROXIES", "127.0.0.1/32")
            .start()
            .with_product("a");
        for (name, value) in written {
            // No picture, so no work: what is refused is counted too.
            let upload = |port: &str| {
                let value = value.replace("4000", port);
                server.admin().upload_with(Form::new().text("productId", "a"), &[(name, value.as_str())])
            };
            assert_eq!(upload("4000").status, 400, "{value}");
            limited(&upload("5000"), 3600);
        }
    });
}

#[on_every_backend]
fn the_count_survives_a_restart(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(USER, "1").start().with_product("a");
        let _ = upload(&server, "ada", "a", &[]).expect(201);
        let server = server.terminate().start();
        limited(&upload(&server, "ada", "a", &[]), 3600);
    });
}

#[on_every_backend]
fn an_address_has_so_many_uploads_an_hour_whoever_calls(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(ADDRESS, "2").start().with_product("a");
        let _ = upload(&server, "ada", "a", &[]).expect(201);
        let _ = upload(&server, "bob", "a", &[]).expect(201);
        limited(&upload(&server, "eve", "a", &[]), 3600);
        // Nobody here is a proxy, so nobody's word is taken for it.
        limited(&upload(&server, "eve", "a", &[("x-forwarded-for", "203.0.113.9")]), 3600);
        limited(&upload(&server, "eve", "a", &[("forwarded", "for=203.0.113.9")]), 3600);
    });
}

#[on_every_backend]
fn a_trusted_proxy_is_believed(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends)
            .set(ADDRESS, "1")
            .file("[server]\ntrusted_proxies = [\"127.0.0.1/32\"]\n")
            .start()
            .with_product("a");
        let from = |addresses: &str| upload(&server, "ada", "a", &[("x-forwarded-for", addresses)]);
        let _ = from("203.0.113.1").expect(201);
        let _ = from("203.0.113.2").expect(201);
        limited(&from("203.0.113.1"), 3600);
        // What stands before the proxy's own entry was written by the client.
        limited(&from("198.51.100.7, 203.0.113.2"), 3600);
        let _ = from("2001:db8::1").expect(201);
    });
}

#[on_every_backend]
fn a_product_has_so_many_uploads_a_day(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(PRODUCT_DAY, "2").start().with_product("a").with_product("b");
        let _ = upload(&server, "ada", "a", &[]).expect(201);
        let _ = upload(&server, "bob", "a", &[]).expect(201);
        limited(&upload(&server, "eve", "a", &[]), 24 * 3600);
        let _ = upload(&server, "eve", "b", &[]).expect(201);
    });
}

#[on_every_backend]
fn many_at_once_are_counted_exactly(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(USER, "4").start().with_product("a");
        let codes: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(|| upload(&server, "ada", "a", &[]).status)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(codes.iter().filter(|code| **code == 201).count(), 4, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == 429).count(), 6, "{codes:?}");
    });
}

#[on_every_backend]
fn a_refusal_of_strangers_counts_for_nobody(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).set(ADDRESS, "1").set(USER, "1").start().with_product("a");
        for _ in 0..3 {
            assert_eq!(server.anyone().upload(Form::upload("a", &jpeg(300, 300))).status, 401);
        }
        let _ = upload(&server, "ada", "a", &[]).expect(201);
    });
}

#[on_every_backend]
fn the_limits_are_on_by_default(backends: Backends) {
    within_one_hour(|| {
        let server = Server::builder_on(backends).unset(USER).unset(ADDRESS).unset(PRODUCT_DAY).start();
        let codes: Vec<u16> = (0..51).map(|_| server.admin().upload(Form::new()).status).collect();
        assert_eq!(codes[..50], [400; 50]);
        assert_eq!(codes[50], 429);
    });
}
