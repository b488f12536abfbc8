//! Wishes for another protocol (RFC 9110, 7.8), which a server may pass over.
//!
//! Owns how they are passed over: in a request's head, the value of `Upgrade` and the option `upgrade` of
//! `Connection` become blanks before anything else sees them. The framework would take the body for endless or
//! end the connection. Blanks change no line's length and no line's end, so the head cannot come to mean
//! something else.

/// Blanks the wishes in `head`: the lines of one request.
pub(super) fn pass_over(head: &mut [u8]) {
    for line in head.split_mut(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = line.split_at_mut(colon);
        let value = &mut value[1..];
        if name.eq_ignore_ascii_case(b"upgrade") {
            blank(value);
        } else if name.eq_ignore_ascii_case(b"connection") {
            let options = value.split_mut(|&byte| byte == b',');
            options.filter(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade")).for_each(blank);
        }
    }
}

/// All but the end of a line.
fn blank(text: &mut [u8]) {
    let visible = text.iter_mut().filter(|byte| **byte != b'\r');
    visible.for_each(|byte| *byte = b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_over(head: &str) -> String {
        let mut bytes = head.as_bytes().to_vec();
        pass_over(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn wishes_become_blanks_and_nothing_else_does() {
        let cases = [
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "GET / HTTP/1.1\r\nUpgrade:    \r\n\r\n"),
            ("GET / HTTP/1.1\nupGRADE:websocket\n\n", "GET / HTTP/1.1\nupGRADE:         \n\n"),
            (
                "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
                "GET / HTTP/1.1\r\nConnection:        , HTTP2-Settings\r\n\r\n",
            ),
            (
                "GET / HTTP/1.1\r\nconnection: close,upgrade\r\n\r\n",
                "GET / HTTP/1.1\r\nconnection: close,       \r\n\r\n",
            ),
        ];
        for (head, expected) in cases {
            assert_eq!(passed_over(head), expected);
        }
        for kept in [
            "GET /upgrade:x HTTP/1.1\r\nHost: upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: keep-alive\r\nX-Upgrade: h2c\r\nUpgrade-Insecure-Requests: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nUpgrade : h2c\r\nConnection : upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\n Upgrade: h2c\r\n\r\n",
            "upgrade\r\n",
        ] {
            assert_eq!(passed_over(kept), kept);
        }
    }
}
