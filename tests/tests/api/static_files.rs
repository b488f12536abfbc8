//! `GET` and `HEAD /static/img/...`: the bytes, for browsers and caches.

use crate::pictures::png;
use packshot_tests::client::send;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Form, Server, fixture, on_every_backend, raw};

/// A server with one picture, and the URL of its original.
fn served(backends: Backends) -> (Server, String, Vec<u8>) {
    let server = Server::start_on(backends);
    let picture = fixture("tiny_300x300.jpg");
    let image = server.admin().upload(Form::upload(PRODUCT, &picture)).expect(201).json();
    let url = image["variants"]["original"].as_str().unwrap().to_owned();
    (server, url, picture)
}

#[on_every_backend]
fn a_picture_is_served_for_ever_and_as_nothing_else(backends: Backends) {
    let (server, url, picture) = served(backends);
    for path in [url.clone(), format!("/api{url}")] {
        let answer = server.anyone().get(&path).expect(200);
        assert_eq!(answer.header("content-type"), Some("image/jpeg"));
        assert_eq!(answer.header("content-length"), Some(picture.len().to_string().as_str()));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert!(answer.header("last-modified").is_some_and(|date| date.ends_with(" GMT")), "{}", answer.shown());
        let etag = answer.header("etag").expect("ETag");
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "a strong one: {etag}");
        assert!(answer.body == picture);
    }
}

#[on_every_backend]
fn a_picture_is_not_compressed_again(backends: Backends) {
    let (server, url, picture) = served(backends);
    let answer = server.anyone().get_with(&url, &[("accept-encoding", "gzip, br, zstd")]).expect(200);
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.body == picture);
}

#[on_every_backend]
fn head_says_what_get_would(backends: Backends) {
    let (server, url, picture) = served(backends);
    let head = send(server.anyone().request("HEAD", &url)).expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), Some(picture.len().to_string().as_str()));
    let get = server.anyone().get(&url);
    for name in ["content-type", "etag", "cache-control", "last-modified"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(send(server.anyone().request("HEAD", "/static/img/products/x/y.jpg")).status, 404);
}

#[on_every_backend]
fn whoever_has_the_picture_gets_304(backends: Backends) {
    let (server, url, _) = served(backends);
    let etag = server.anyone().get(&url).header("etag").unwrap().to_owned();
    let lists = [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()];
    for value in lists {
        let answer = server.anyone().get_with(&url, &[("if-none-match", &value)]).expect(304);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some(etag.as_str()), "{value}");
        assert!(answer.header("cache-control").is_some());
    }
    let _ = server.anyone().get_with(&url, &[("if-none-match", "\"other\"")]).expect(200);
}

#[on_every_backend]
fn a_date_is_asked_when_there_is_no_tag(backends: Backends) {
    let (server, url, _) = served(backends);
    let date = server.anyone().get(&url).header("last-modified").unwrap().to_owned();
    let _ = server.anyone().get_with(&url, &[("if-modified-since", &date)]).expect(304);
    let _ = server.anyone().get_with(&url, &[("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT")]).expect(200);
    // The tag decides when both are sent (RFC 9110, 13.2.2).
    let both = [("if-none-match", "\"other\""), ("if-modified-since", date.as_str())];
    let _ = server.anyone().get_with(&url, &both).expect(200);
}

/// What RFC 9110, 13.2.2 says of a read: 412, 304 or 200.
fn by_the_book(matches: &str, unmodified: &str, none_match: &str, modified: &str) -> u16 {
    let holds = match (matches, unmodified) {
        ("", "") => true,
        ("", date) => ["same", "later", "junk"].contains(&date),
        (tag, _) => ["any", "same"].contains(&tag),
    };
    let has_it = match (none_match, modified) {
        ("", date) => ["same", "later"].contains(&date),
        (tag, _) => ["any", "same", "weak"].contains(&tag),
    };
    match (holds, has_it) {
        (false, _) => 412,
        (true, true) => 304,
        (true, false) => 200,
    }
}

#[test]
fn every_combination_of_preconditions_is_judged_in_the_order_of_rfc_9110() {
    let (server, url, _) = served(Backends::SQLITE_AND_DISK);
    let answer = server.anyone().get(&url).expect(200);
    let (etag, date) = (answer.header("etag").unwrap(), answer.header("last-modified").unwrap());
    let weak = format!("W/{etag}");
    let tags = [("", ""), ("any", "*"), ("same", etag), ("weak", weak.as_str()), ("other", "\"other\"")];
    let (earlier, later) = ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 23:59:59 GMT");
    let dates = [("", ""), ("earlier", earlier), ("same", date), ("later", later), ("junk", "yesterday")];
    for (matches, unmodified) in tags.iter().flat_map(|tag| dates.iter().map(move |date| (tag, date))) {
        for (none_match, modified) in tags.iter().flat_map(|tag| dates.iter().map(move |date| (tag, date))) {
            let fields = [
                ("if-match", matches.1),
                ("if-unmodified-since", unmodified.1),
                ("if-none-match", none_match.1),
                ("if-modified-since", modified.1),
            ];
            let sent: Vec<(&str, &str)> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let expected = by_the_book(matches.0, unmodified.0, none_match.0, modified.0);
            let answer = server.anyone().get_with(&url, &sent);
            assert_eq!(answer.status, expected, "{sent:?}: {}", answer.shown());
        }
    }
}

#[on_every_backend]
fn tags_differ_from_picture_to_picture(backends: Backends) {
    let server = Server::start_on(backends);
    let image = server.admin().upload(Form::upload(PRODUCT, &png(1600, 1600))).expect(201).json();
    let mut tags: Vec<String> = image["variants"]
        .as_object()
        .unwrap()
        .values()
        .map(|url| server.anyone().get(url.as_str().unwrap()).header("etag").unwrap().to_owned())
        .collect();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 5);
}

#[on_every_backend]
fn a_range_is_served_alone(backends: Backends) {
    let (server, url, picture) = served(backends);
    let total = picture.len();
    let range = |value: &str| server.anyone().get_with(&url, &[("range", value)]);
    for (value, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=100-100", 100, 100),
        ("bytes=1000-", 1000, total - 1),
        ("bytes=-500", total - 500, total - 1),
        ("bytes=0-99999999", 0, total - 1),
        ("bytes=-99999999", 0, total - 1),
    ] {
        let answer = range(value).expect(206);
        assert_eq!(answer.header("content-range"), Some(format!("bytes {first}-{last}/{total}").as_str()), "{value}");
        assert_eq!(answer.header("content-length"), Some((last - first + 1).to_string().as_str()));
        assert_eq!(answer.header("content-type"), Some("image/jpeg"));
        assert!(answer.body == picture[first..=last], "{value}");
    }
}

#[on_every_backend]
fn a_range_beyond_the_end_is_416(backends: Backends) {
    let (server, url, picture) = served(backends);
    for value in [format!("bytes={}-", picture.len()), "bytes=99999999-".to_owned(), "bytes=-0".to_owned()] {
        let answer = server.anyone().get_with(&url, &[("range", &value)]).expect(416);
        assert_eq!(answer.header("content-range"), Some(format!("bytes */{}", picture.len()).as_str()), "{value}");
        let _ = answer.any_problem(&url);
    }
}

#[on_every_backend]
fn a_range_that_is_none_is_ignored(backends: Backends) {
    let (server, url, picture) = served(backends);
    for value in ["bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=", "0-5"] {
        let answer = server.anyone().get_with(&url, &[("range", value)]);
        assert_eq!(answer.status, 200, "{value}: {:?}", answer.headers);
        assert!(answer.body == picture);
    }
}

#[on_every_backend]
fn a_range_counts_only_for_the_picture_that_the_client_has(backends: Backends) {
    let (server, url, _) = served(backends);
    let etag = server.anyone().get(&url).header("etag").unwrap().to_owned();
    let part = |tag: &str| server.anyone().get_with(&url, &[("range", "bytes=0-9"), ("if-range", tag)]).status;
    assert_eq!(part(&etag), 206);
    assert_eq!(part("\"other\""), 200);
    assert_eq!(part(&format!("W/{etag}")), 200);
    // A date says it too, exactly the one that the client was told (RFC 9110, 13.1.5).
    let date = server.anyone().get(&url).header("last-modified").unwrap().to_owned();
    assert_eq!(part(&date), 206);
    assert_eq!(part("Sat, 01 Jan 2000 00:00:00 GMT"), 200);
    assert_eq!(part("Fri, 01 Jan 2100 00:00:00 GMT"), 200);
    assert_eq!(part("yesterday"), 200);
}

#[on_every_backend]
fn head_has_no_ranges(backends: Backends) {
    let (server, url, picture) = served(backends);
    for range in ["bytes=0-9", "bytes=-5", "bytes=99999999-"] {
        let head = send(server.anyone().request("HEAD", &url).header("range", range)).expect(200);
        assert_eq!(head.header("content-length"), Some(picture.len().to_string().as_str()), "{range}");
        assert_eq!(head.header("content-range"), None, "{range}");
    }
}

#[on_every_backend]
fn what_is_not_there_is_a_404_problem(backends: Backends) {
    let (server, url, _) = served(backends);
    let paths = [
        "/static/img/products/prod_789/prod_789_000000000000.jpg",
        "/static/img/products/prod_789/nope/prod_789_000000000000.jpg",
        "/static/img/products/prod_789/",
        "/static/img/products/prod_789",
        "/static/img/products/",
        "/static/img/",
        "/static/",
        "/static/img/products/prod_789/large",
        "/static/img/x.jpg",
    ];
    for path in paths {
        let answer = server.anyone().get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.shown());
        let _ = answer.problem(404, "not-found", path, &[]);
        assert_ne!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    let upper = url.replace("prod_789/prod_789", "PROD_789/prod_789");
    assert_eq!(server.anyone().get(&upper).status, 404);
}

#[on_every_backend]
fn nothing_outside_of_the_pictures_can_be_reached(backends: Backends) {
    let (server, url, _) = served(backends);
    std::fs::create_dir_all(server.folder().join("data")).unwrap();
    std::fs::write(server.folder().join("data/secret.jpg"), "secret").unwrap();
    let base = "/static/img/products";
    let targets = [
        format!("{base}/../../packshot.db"),
        format!("{base}/../secret.jpg"),
        format!("{base}/%2e%2e/secret.jpg"),
        format!("{base}/%2e%2e%2fsecret.jpg"),
        format!("{base}/..%2f..%2fpackshot.db"),
        format!("{base}/..%5c..%5cpackshot.db"),
        format!("{base}/%252e%252e/secret.jpg"),
        format!("{base}/prod_789/../../secret.jpg"),
        format!("{base}/prod_789/%2e%2e/%2e%2e/secret.jpg"),
        format!("{base}//etc/passwd"),
        format!("{base}/%2fetc%2fpasswd"),
        "/static/img/../../../etc/passwd".to_owned(),
        "/static/img/%2e%2e/%2e%2e/data/hs256.secret".to_owned(),
        "/static/../packshot.toml".to_owned(),
        format!("{base}/prod_789/.%00.jpg"),
        format!("{url}%00"),
        format!("{url}/"),
    ];
    for target in targets {
        let answer = raw::get(server.address(), &target).expect("an answer");
        assert!([400, 404].contains(&answer.status), "{target}: {}", answer.shown());
        assert!(!answer.text().contains("secret") || answer.text().contains("instance"), "{}", answer.shown());
    }
}

#[on_every_backend]
fn pictures_are_only_read(backends: Backends) {
    let (server, url, _) = served(backends);
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        let answer: Answer = send(server.admin().request(method, &url));
        assert_eq!(answer.status, 405, "{method}: {}", answer.shown());
        let allowed = answer.header("allow").unwrap();
        assert!(allowed.contains("GET") && allowed.contains("HEAD"), "{allowed}");
        let _ = answer.any_problem(&url);
    }
    let _ = server.anyone().get(&url).expect(200);
}

#[on_every_backend]
fn with_a_public_base_url_the_answers_point_there(backends: Backends) {
    let server = Server::builder_on(backends)
        .set("PACKSHOT_SERVER__PUBLIC_BASE_URL", "https://cdn.example.com/shop")
        .start()
        .with_product(PRODUCT);
    let image = server.admin().upload(Form::upload(PRODUCT, &png(400, 400))).expect(201).json();
    let filename = image["filename"].as_str().unwrap();
    let base = "https://cdn.example.com/shop/products/prod_789";
    assert_eq!(image["variants"]["original"], format!("{base}/{filename}"));
    assert_eq!(image["variants"]["thumbnail"], format!("{base}/thumb/{filename}"));
    // The CDN fetches from here.
    let _ = server.anyone().get(&format!("/static/img/products/prod_789/{filename}")).expect(200);
}
