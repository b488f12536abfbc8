//! Forms as clients write them: a model of each client writes, and what is read must be what was meant, however
//! the body is cut into pieces.

use super::*;
use futures_util::stream;
use proptest::prelude::*;
use std::future::Future;
use std::task::{Context, Poll, Waker};

const BOUNDARY: &str = "----=_Part_7:4.2";

/// How a client writes a part's disposition.
#[derive(Debug, Clone, Copy)]
enum Client {
    /// Chromium, Firefox, Safari; curl since 7.81; Go since 1.24; urllib3 2 (HTML, multipart/form-data encoding).
    Browser,
    /// curl before that with `--form-escape`, Apache's HttpClient, Go: a backslash before quotes and backslashes.
    Backslash,
    /// urllib3 1.25: as browsers, but for doubled backslashes.
    Requests,
    /// urllib3 1.24 for what is not ASCII; .NET's `FileNameStar` beside a coded word.
    Extended,
    /// .NET: no quotes where none are needed.
    Tokens,
    /// PHP's Guzzle: quotes around the name as it is.
    Guzzle,
    /// A form in Latin-1.
    Latin1,
}

const CLIENTS: [Client; 7] = [
    Client::Browser,
    Client::Backslash,
    Client::Requests,
    Client::Extended,
    Client::Tokens,
    Client::Guzzle,
    Client::Latin1,
];

impl Client {
    /// The names that it can say.
    fn names(self) -> BoxedStrategy<String> {
        match self {
            // Neither says what a percent sign before these digits was.
            Self::Browser | Self::Requests => r#"[a-zA-Z0-9ü漢😀 ."\\;=\r\n'-]{1,40}"#.boxed(),
            Self::Backslash => r#"[a-zA-Z0-9ü漢😀 ."\\;='-]{1,40}"#.boxed(),
            Self::Extended => r#"[a-zA-Z0-9ü漢😀 ."\\;=%'-]{1,40}"#.boxed(),
            Self::Tokens => "[a-zA-Z0-9.-]{1,40}".boxed(),
            Self::Guzzle => r#"[a-zA-Z0-9ü漢 .;='-]{1,20}("[a-zA-Z .-]{1,20})?[a-z]"#.boxed(),
            Self::Latin1 => "[a-zA-Zäöüßéñ .-]{0,20}[äöüßéñ][a-z]{1,3}".boxed(),
        }
    }

    fn disposition(self, name: &str, filename: &str) -> Vec<u8> {
        let browser = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let value = match self {
            Self::Browser => format!("form-data; name=\"{name}\"; filename=\"{}\"", browser(filename)),
            Self::Requests => {
                format!("form-data; name=\"{name}\"; filename=\"{}\"", browser(&filename.replace('\\', r"\\")))
            }
            Self::Backslash => {
                let escaped = filename.replace('\\', r"\\").replace('"', "\\\"");
                format!("form-data; name=\"{name}\"; filename=\"{escaped}\"")
            }
            Self::Extended => {
                let coded: String = filename.bytes().map(|byte| format!("%{byte:02x}")).collect();
                format!("form-data; name={name}; filename=\"=?utf-8?B?w7w=?=\"; filename*=utf-8''{coded}")
            }
            Self::Tokens => format!("form-data; name={name}; filename={filename}"),
            Self::Guzzle => format!("form-data; name=\"{name}\"; filename=\"{filename}\""),
            Self::Latin1 => {
                let value = format!("form-data; name=\"{name}\"; filename=\"{filename}\"");
                return value.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
            }
        };
        value.into_bytes()
    }

    /// What may be lost of a name: a client that does not escape backslashes leaves open what two of them are.
    fn said(self, filename: &str) -> String {
        match self {
            Self::Browser => filename.replace(r"\\", r"\"),
            _ => filename.to_owned(),
        }
    }
}

/// What is chosen besides: padding behind delimiters, other header fields, their case, lines before and behind.
#[derive(Debug, Clone)]
struct Manner {
    padding: &'static str,
    length: bool,
    others: Vec<&'static str>,
    lower_case: bool,
    preamble: &'static str,
    end: &'static str,
}

fn manner() -> impl Strategy<Value = Manner> {
    let others = prop::sample::subsequence(
        vec!["Content-Transfer-Encoding: binary", "X-Sent-By: a\u{fc}", "Content-Length: 3", "Content-ID: <1>", "Odd"],
        0..=5,
    );
    let texts = (
        prop::sample::select(vec!["", " ", "\t", " \t  "]),
        prop::sample::select(vec!["", "\r\n", "This is a form.\r\n", "--\r\n"]),
        prop::sample::select(vec!["\r\n", "", " \r\n", "\r\nbehind it"]),
    );
    (texts, any::<bool>(), any::<bool>(), others).prop_map(|((padding, preamble, end), length, lower_case, others)| {
        Manner { padding, length, others, lower_case, preamble, end }
    })
}

fn write(manner: &Manner, parts: &[(Vec<u8>, Option<&str>, Vec<u8>)]) -> Vec<u8> {
    let mut body = manner.preamble.as_bytes().to_vec();
    for (disposition, media_type, content) in parts {
        body.extend(format!("--{BOUNDARY}{}\r\n", manner.padding).bytes());
        let case = |name: &str| if manner.lower_case { name.to_lowercase() } else { name.to_owned() };
        body.extend(manner.others.iter().flat_map(|line| format!("{line}\r\n").into_bytes()));
        body.extend(case("Content-Disposition: ").bytes().chain(disposition.iter().copied()).chain(*b"\r\n"));
        if let Some(media_type) = media_type {
            body.extend(format!("{}{media_type}\r\n", case("Content-Type: ")).bytes());
        }
        if manner.length {
            body.extend(format!("Content-Length: {}\r\n", content.len()).bytes());
        }
        body.extend(b"\r\n");
        body.extend(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--{}", manner.end).bytes());
    body
}

/// Cut where the lengths say, over and over.
fn cut(body: &[u8], lengths: &[usize]) -> Vec<Bytes> {
    let (mut pieces, mut rest, mut lengths) = (Vec::new(), body, lengths.iter().cycle());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = behind;
    }
    pieces
}

fn read_pieces(pieces: Vec<Bytes>) -> Result<Form, String> {
    let mut headers = HeaderMap::new();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&kind).unwrap());
    let body = stream::iter(pieces.into_iter().map(Ok::<_, PayloadError>));
    let mut reading = Box::pin(read(&headers, body, 100_000));
    // Nothing that is read makes it wait.
    loop {
        if let Poll::Ready(form) = reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return form.map_err(|refused| match refused {
                NoForm::Bad(text) => text,
                NoForm::Malformed(error) => error.to_string(),
                NoForm::FileTooLarge(_) | NoForm::Endless(..) => "too large".to_owned(),
            });
        }
    }
}

/// Contents that look like what stands around them.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(vec![
            "\r\n",
            "\r",
            "\n",
            "--",
            "\r\n--",
            "\r\n----=_Part_7",
            "----=_Part_7:4.2",
            "\r\n\r\n"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()).prop_filter("delimiters", |content| {
        let text = [b"\r\n", &content[..], b"\r\n"].concat();
        // The parser takes a lone carriage return before a delimiter for a line's end.
        [format!("\r\n--{BOUNDARY}"), format!("\r--{BOUNDARY}")]
            .iter()
            .all(|delimiter| memchr::memmem::find(&text, delimiter.as_bytes()).is_none())
    })
}

fn upload() -> impl Strategy<Value = (Client, String)> {
    prop::sample::select(CLIENTS.to_vec()).prop_flat_map(|client| (Just(client), client.names()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_form_is_read_as_its_client_meant_it(
        (client, filename) in upload(),
        manner in manner(),
        file in content(),
        caption in "[ -~äß\r\n]{0,60}",
        lengths in prop::collection::vec(1_usize..60, 1..8),
    ) {
        let caption = caption.replace("\r\n--", "");
        let parts = [
            (client.disposition("file", &filename), Some("image/jpeg"), file.clone()),
            (b"form-data; name=\"productId\"".to_vec(), None, b"p".to_vec()),
            (b"form-data; name=\"caption\"".to_vec(), Some("text/plain; charset=UTF-8"), caption.clone().into_bytes()),
        ];
        let body = write(&manner, &parts);
        let form = read_pieces(cut(&body, &lengths));
        let form = form.map_err(|error| TestCaseError::fail(format!("{error}: {:?}", String::from_utf8_lossy(&body))))?;
        prop_assert_eq!(&form.file[..], &file[..]);
        let expected = original_name(&client.said(&filename));
        prop_assert_eq!(form.original_name.as_str(), expected.as_str());
        prop_assert_eq!(form.declared_type.as_deref(), Some("image/jpeg"));
        prop_assert_eq!(form.product_id, "p");
        prop_assert_eq!(form.details.caption, Some(caption));
    }

    #[test]
    fn whatever_comes_is_read_alike_in_any_pieces(
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "--", BOUNDARY, "\r\n", " ", "\t", "-", "\r", "\n", "Content-Disposition: form-data; name=\"file\"",
                "; filename=\"a", "\"", "\\", "Content-Type: image/png", "Content-Length: 2", "\r\n\r\n",
                "Content-Disposition: form-data; name=\"productId\"\r\n\r\np",
            ]).prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..5),
        ], 0..30),
        lengths in prop::collection::vec(1_usize..20, 1..6),
    ) {
        let body = pieces.concat();
        let known = |form: Result<Form, String>| form.map(|form| format!("{form:?}")).ok();
        prop_assert_eq!(known(read_pieces(vec![Bytes::copy_from_slice(&body)])), known(read_pieces(cut(&body, &lengths))));
    }
}

#[test]
fn boundaries_are_read_as_clients_write_them() {
    let cases = [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b=c\"", Some("a b=c")),
        ("multipart/form-data; boundary=----=_Part_1_2.3; charset=UTF-8", Some("----=_Part_1_2.3")),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=\"\"", None),
        ("multipart/form-data; boundary=a\"b", None),
        ("multipart/form-data", None),
    ];
    for (kind, expected) in cases {
        assert_eq!(boundary(kind), expected, "{kind}");
    }
}

#[test]
fn no_head_is_kept_beyond_its_bound() {
    let head = format!("--{BOUNDARY}\r\nX: {}", "a".repeat(200_000));
    assert!(read_pieces(cut(head.as_bytes(), &[1000])).is_err());
}
