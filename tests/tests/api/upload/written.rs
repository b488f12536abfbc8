//! Forms and bodies as clients write them, on the wire.

use packshot_tests::client::send;
use packshot_tests::form::BOUNDARY;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Form, Server, fixture};

/// A form with this disposition of its picture, other header fields in each part, and padded delimiters.
fn upload(server: &Server, filename: &[u8], others: &str, padding: &str) -> Answer {
    let mut body = Vec::new();
    let disposition = [b"form-data; name=\"file\"; ", filename].concat();
    let parts: [(&[u8], &[u8]); 3] = [
        (&disposition, &fixture("tiny_300x300.jpg")),
        (b"form-data; name=\"productId\"", PRODUCT.as_bytes()),
        (b"form-data; name=\"alt_text\"", b"abcdef"),
    ];
    for (disposition, content) in parts {
        body.extend(format!("--{BOUNDARY}{padding}\r\n{others}Content-Disposition: ").bytes());
        body.extend([disposition, b"\r\n\r\n", content, b"\r\n"].concat());
    }
    body.extend(format!("--{BOUNDARY}--{padding}\r\n").bytes());
    send(server.admin().request("POST", "/api/files").header("content-type", Form::content_type()).body(body))
}

#[test]
fn a_form_is_taken_as_clients_write_it() {
    let server = Server::start();
    let cases: [(&[u8], &str, &str, &str); 8] = [
        (b"filename=\"a.jpg\"", "Content-Length: 3\r\nContent-ID: <1>\r\n", "", "a.jpg"),
        (b"filename=\"a.jpg\"", "", " \t", "a.jpg"),
        (b"filename=\"27%22 monitor.jpg\"", "", "", "27\" monitor.jpg"),
        (b"filename=\"a%0D%0Ab.jpg\"", "", "", "ab.jpg"),
        (b"filename=\"Gr\xf6\xdfe.jpg\"", "", "", "Größe.jpg"),
        (b"filename=\"foto\\\"", "", "", "foto"),
        (b"filename=a.jpg; filename*=UTF-8''%e6%bc%a2.jpg", "X-Folded: a\r\n b\r\n", "", "漢.jpg"),
        (b"filename=\"\"", "Content-Type: ü\r\n", "", "unnamed"),
    ];
    for (filename, others, padding, expected) in cases {
        let image = upload(&server, filename, others, padding).expect(201).json();
        assert_eq!(image["originalName"], expected);
        assert_eq!(image["altText"], "abcdef");
    }
}

#[test]
fn a_body_in_an_unknown_coding_is_refused_with_the_known_ones() {
    let server = Server::start();
    let body = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).into_body();
    for coding in ["br", "zstd", "compress", "nonsense", "gzip, gzip"] {
        let upload = server.admin().request("POST", "/api/files").header("content-type", Form::content_type());
        let put = server.admin().request("PUT", "/api/products/p").header("content-type", "application/json");
        for request in [upload.body(body.clone()), put.body("{\"name\":\"a\"}")] {
            let answer = send(request.header("content-encoding", coding)).expect(415);
            assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate, identity"), "{coding}");
        }
        // Callers are judged first.
        let stranger = server.anyone().request("POST", "/api/files").header("content-encoding", coding);
        let _ = send(stranger.body(body.clone())).expect(401);
    }
    let plain = server.admin().request("POST", "/api/files").header("content-type", Form::content_type());
    let _ = send(plain.header("content-encoding", "identity").body(body)).expect(201);
}
