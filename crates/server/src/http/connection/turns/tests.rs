//! Requests one behind the other, cut into any pieces, read by a framework that takes what it gets.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

/// Gives pieces, and says now and then that there is nothing yet.
struct Pieces(VecDeque<Option<Vec<u8>>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.0.pop_front() {
            Some(None) => Poll::Pending,
            Some(Some(mut piece)) => {
                let rest = piece.split_off(piece.len().min(buffer.remaining()));
                buffer.put_slice(&piece);
                if !rest.is_empty() {
                    self.0.push_front(Some(rest));
                }
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Ok(())),
        }
    }
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let line = (prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE"]), "[a-z/]{0,9}");
    let fields = prop::sample::subsequence(
        vec![
            "Upgrade: h2c",
            "Connection: upgrade, close",
            "X: y",
            "upgrade:websocket",
            "Accept: */*",
            "Expect: 100-continue",
        ],
        0..=6,
    );
    let body = prop_oneof![
        Just(None),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|body| Some((false, body))),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|body| Some((true, body))),
    ];
    let blank = prop::sample::select(vec!["", "\r\n", "\n"]);
    (line, fields, body, prop::sample::select(vec!["\r\n", "\n"]), blank).prop_map(
        |((method, path), fields, body, end, blank)| {
            let mut bytes = format!("{blank}{method} /{path} HTTP/1.1{end}Host: x{end}").into_bytes();
            bytes.extend(fields.iter().flat_map(|field| format!("{field}{end}").into_bytes()));
            match body {
                None => bytes.extend(end.bytes()),
                Some((false, body)) => {
                    bytes.extend(format!("Content-Length: {}{end}{end}", body.len()).bytes().chain(body));
                }
                Some((true, body)) => {
                    bytes.extend(format!("Transfer-Encoding: chunked{end}{end}").bytes());
                    for chunk in body.chunks(50) {
                        bytes.extend(
                            format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"),
                        );
                    }
                    bytes.extend(b"0\r\n\r\n");
                }
            }
            bytes
        },
    )
}

fn pieces(bytes: &[u8], lengths: &[usize]) -> Pieces {
    let (mut pieces, mut rest, mut lengths) = (VecDeque::new(), bytes, lengths.iter().cycle());
    while !rest.is_empty() {
        let length = *lengths.next().unwrap();
        if length == 0 {
            pieces.push_back(None);
        }
        let (piece, behind) = rest.split_at(rest.len().min(length.max(1)));
        pieces.push_back(Some(piece.to_vec()));
        rest = behind;
    }
    pieces.push_back(None);
    Pieces(pieces)
}

/// What is handed on at once; `None` when there is nothing yet.
fn read(turns: &mut Turns, socket: &mut Pieces, most: usize) -> Option<Vec<u8>> {
    let mut space = vec![0; most];
    let mut buffer = ReadBuf::new(&mut space);
    match turns.poll_read(Pin::new(socket), &mut Context::from_waker(Waker::noop()), &mut buffer) {
        Poll::Ready(outcome) => {
            outcome.unwrap();
            Some(buffer.filled().to_vec())
        }
        Poll::Pending => None,
    }
}

fn turns() -> Turns {
    // Its dates are made by a task of the runtime.
    Turns::new(actix_web::rt::System::new().block_on(async { ServiceConfig::default() }))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_is_handed_on_when_the_one_before_it_is_answered(
        requests in prop::collection::vec(request(), 1..6),
        lengths in prop::collection::vec(0_usize..200, 1..8),
        most in 1_usize..300,
    ) {
        let whole: Vec<u8> = requests.concat();
        let ends: Vec<usize> = requests.iter().scan(0, |end, request| { *end += request.len(); Some(*end) }).collect();
        let (mut turns, mut socket) = (turns(), pieces(&whole, &lengths));
        let (mut handed, mut answered, mut waits) = (Vec::new(), 0, 0);
        while handed.len() < whole.len() {
            match read(&mut turns, &mut socket, most) {
                Some(bytes) => {
                    prop_assert!(!bytes.is_empty(), "an end before {} of {} bytes", handed.len(), whole.len());
                    handed.extend(bytes);
                    waits = 0;
                    prop_assert!(handed.len() <= ends[answered], "of two requests at once");
                }
                None if handed.len() == ends[answered] => {
                    answered += 1;
                    turns.turn().set_answering(false);
                }
                None => waits += 1,
            }
            prop_assert!(waits <= lengths.len() * 2 + whole.len() + 2, "stuck after {} of {}", handed.len(), whole.len());
        }
        let mut expected = whole.clone();
        let mut from = 0;
        for (request, end) in requests.iter().zip(&ends) {
            let head = memchr::memmem::find(request, b"\n\r\n").map(|at| at + 3);
            let bare = memchr::memmem::find(request, b"\n\n").map(|at| at + 2);
            // The first that is no empty line before the request.
            let head = [head, bare].into_iter().flatten().filter(|&at| at > 4).min().unwrap();
            upgrade::pass_over(&mut expected[from..from + head]);
            from = *end;
        }
        prop_assert_eq!(handed, expected);
    }

    #[test]
    fn whatever_comes_is_handed_on_whole(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            prop::sample::select(vec!["GET / HTTP/1.1\r\n", "Host: x\r\n", "\r\n", "\n", "Content-Length: 5\r\n", "0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n", "CONNECT x:1 HTTP/1.1\r\n"]).prop_map(|text| text.as_bytes().to_vec()),
        ], 0..30),
        lengths in prop::collection::vec(0_usize..40, 1..8),
    ) {
        let bytes = bytes.concat();
        let (mut turns, mut socket) = (turns(), pieces(&bytes, &lengths));
        let (mut handed, mut waits) = (Vec::new(), 0);
        while waits < 2 * bytes.len() + 10 {
            match read(&mut turns, &mut socket, 64) {
                Some(piece) if piece.is_empty() => break,
                Some(piece) => handed.extend(piece),
                None => {
                    turns.turn().set_answering(false);
                    waits += 1;
                }
            }
        }
        // Of a head that never ends, nothing is handed on.
        prop_assert!(bytes.starts_with(&handed));
    }
}

#[test]
fn a_head_without_end_is_handed_on_for_the_framework_to_refuse() {
    let bytes = [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'a'; MAX_HEAD_BYTES]].concat();
    let (mut turns, mut socket) = (turns(), pieces(&bytes, &[1000]));
    let mut handed = Vec::new();
    while handed.len() < bytes.len() {
        handed.extend(read(&mut turns, &mut socket, 4096).unwrap_or_default());
    }
    assert!(handed == bytes);
    assert!(turns.held.is_empty());
}

#[test]
fn a_body_ends_where_its_length_says_and_a_client_that_is_gone_is_seen() {
    let (mut turns, mut socket) = (turns(), Pieces(VecDeque::new()));
    socket.0.push_back(Some(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()));
    assert!(read(&mut turns, &mut socket, 4096).is_some_and(|bytes| bytes.len() == 27));
    // The answer is being made, and the client has said all.
    assert_eq!(read(&mut turns, &mut socket, 4096), Some(Vec::new()));
}

#[test]
fn no_request_is_begun_while_answers_are_not_taken() {
    let (mut turns, request) = (turns(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut socket = pieces(&request.repeat(2), &[1000]);
    assert!(read(&mut turns, &mut socket, 4096).is_some());
    turns.turn().set_stuck(true);
    turns.turn().set_answering(false);
    assert_eq!(read(&mut turns, &mut socket, 4096), None);
    turns.turn().set_stuck(false);
    assert!(read(&mut turns, &mut socket, 4096).is_some());
}
