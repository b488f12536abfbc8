//! A part's `Content-Disposition`, as clients write it.
//!
//! Owns which text a name is. RFC 7578 leaves it open, and so browsers, curl, Python, Java, .NET, Go and PHP each
//! write quotes, backslashes, line ends and letters beyond ASCII in their own way. Whatever a file's name is made
//! of, the file is taken: the name alone is mended.

/// What a part says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Disposition {
    /// The field's name.
    pub(super) name: Option<String>,
    /// The file's name: the extended form (RFC 8187) first.
    pub(super) filename: Option<String>,
}

impl Disposition {
    /// Reads the value of the header field; `None` where the part is not one of a form.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let (kind, mut rest) = split_at(value, b';');
        if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
            return None;
        }
        let (mut name, mut filename, mut extended) = (None, None, None);
        while let Some(first) = rest.iter().position(|&byte| byte != b';' && !byte.is_ascii_whitespace()) {
            let (parameter, behind) = split_parameter(&rest[first..]);
            let (value, behind) = match behind {
                None => (None, skip(&rest[first..], parameter.len())),
                Some([b'"', quoted @ ..]) => {
                    let (value, behind) = read_quoted(quoted);
                    (Some(value), behind)
                }
                Some(token) => {
                    let (value, behind) = split_at(token, b';');
                    (Some(value.trim_ascii().to_vec()), behind)
                }
            };
            rest = behind;
            let Some(value) = value else { continue };
            let parameter = parameter.trim_ascii();
            if parameter.eq_ignore_ascii_case(b"name") {
                name.get_or_insert_with(|| text(&unescaped(&value)));
            } else if parameter.eq_ignore_ascii_case(b"filename") {
                filename.get_or_insert_with(|| text(&unescaped(&value)));
            } else if parameter.eq_ignore_ascii_case(b"filename*") && extended.is_none() {
                extended = read_extended(&value);
            }
        }
        Some(Self { name, filename: extended.or(filename) })
    }
}

/// What stands before `byte` and behind it.
fn split_at(bytes: &[u8], byte: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&other| other == byte) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

fn skip(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(count..).unwrap_or_default()
}

/// A parameter's name, and what stands behind its `=`, if it has one.
fn split_parameter(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = bytes.iter().position(|&byte| byte == b'=' || byte == b';').unwrap_or(bytes.len());
    let behind = (bytes.get(end) == Some(&b'=')).then(|| bytes[end + 1..].trim_ascii_start());
    (&bytes[..end], behind)
}

/// What stands up to the closing quote, and what behind it.
///
/// A quote closes where nothing or another parameter follows; PHP writes others as they are. Behind a backslash
/// it is one of the name's own for most clients, and closes for browsers, which escape no backslash: there it
/// closes where nothing follows, or one of the parameters that there are.
fn read_quoted(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let behind = skip(bytes, at + 1);
        match (byte, behind.first()) {
            (b'"', _) if behind.trim_ascii_start().first().is_none_or(|&next| next == b';') => return (value, behind),
            (b'\\', Some(b'"')) if !ends_a_value(&behind[1..]) => {
                value.push(b'"');
                at += 1;
            }
            (b'\\', Some(b'\\')) => {
                value.push(b'\\');
                at += 1;
            }
            _ => value.push(byte),
        }
        at += 1;
    }
    (value, &[])
}

fn ends_a_value(behind: &[u8]) -> bool {
    match behind.trim_ascii_start() {
        [] => true,
        [b';', rest @ ..] => {
            let (parameter, value) = split_parameter(rest.trim_ascii_start());
            let known: [&[u8]; 3] = [b"name", b"filename", b"filename*"];
            value.is_some() && known.iter().any(|known| parameter.trim_ascii().eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}

/// What browsers escape, and nothing else: `%22`, `%0D`, `%0A` (HTML, multipart/form-data encoding algorithm).
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        let escaped = match rest {
            [b'%', b'2', b'2', ..] => Some(b'"'),
            [b'%', b'0', b'D' | b'd', ..] => Some(b'\r'),
            [b'%', b'0', b'A' | b'a', ..] => Some(b'\n'),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { behind };
    }
    bytes
}

/// `UTF-8'de'%C3%BC.jpg` (RFC 8187).
fn read_extended(value: &[u8]) -> Option<String> {
    let (charset, rest) = split_at(value, b'\'');
    let (_, coded) = split_at(rest, b'\'');
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    if charset.eq_ignore_ascii_case(b"utf-8") {
        return String::from_utf8(bytes).ok().filter(|text| !text.is_empty());
    }
    let latin = [&b"iso-8859-1"[..], b"windows-1252", b"us-ascii"];
    let is_latin = latin.iter().any(|name| charset.eq_ignore_ascii_case(name));
    is_latin.then(|| latin_1(&bytes)).filter(|text| !text.is_empty())
}

/// UTF-8, else Latin-1 as browsers understand it.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin_1(bytes), str::to_owned)
}

/// Windows-1252, which is what browsers call Latin-1 (WHATWG, Encoding).
fn latin_1(bytes: &[u8]) -> String {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        byte => char::from(byte),
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_clients_write_them() {
        let cases: [(&[u8], &str, Option<&str>); 20] = [
            (br#"form-data; name="file"; filename="a b.jpg""#, "file", Some("a b.jpg")),
            (br#"form-data; name="file"; filename="C:\Users\ada\a.jpg""#, "file", Some(r"C:\Users\ada\a.jpg")),
            (br#"form-data; name="file"; filename="a\"b\\c.jpg""#, "file", Some(r#"a"b\c.jpg"#)),
            (br#"form-data; name="file"; filename="27%22 monitor.jpg""#, "file", Some("27\" monitor.jpg")),
            (br#"form-data; name="file"; filename="a%0D%0ab.jpg""#, "file", Some("a\r\nb.jpg")),
            (br#"form-data; name="file"; filename="100%25 %41.jpg""#, "file", Some("100%25 %41.jpg")),
            (br#"form-data; name="file"; filename="foto\""#, "file", Some(r"foto\")),
            (br#"form-data; filename="foto\"; name="file""#, "file", Some(r"foto\")),
            (br#"form-data; name="file"; filename="27\"""#, "file", Some("27\"")),
            (br#"form-data; name="file"; filename="foto\\""#, "file", Some(r"foto\")),
            (br#"form-data; name="file"; filename="27" monitor.jpg""#, "file", Some("27\" monitor.jpg")),
            (br#"form-data; name="file"; filename="a;b=c.jpg""#, "file", Some("a;b=c.jpg")),
            (br#"form-data; name="file"; filename="never closed"#, "file", Some("never closed")),
            (b"form-data; name=\"file\"; filename=\"Gr\xf6\xdfe \x80.jpg\"", "file", Some("Größe €.jpg")),
            ("form-data; name=\"file\"; filename=\"Größe.jpg\"".as_bytes(), "file", Some("Größe.jpg")),
            (br"Form-Data;name=file;filename=a.jpg;filename*=utf-8''%C3%BC.jpg", "file", Some("ü.jpg")),
            (br#"form-data; name="file"; filename*=ISO-8859-1'de'%FC.jpg; filename="x""#, "file", Some("ü.jpg")),
            (br#"form-data; name="file"; filename="x"; filename*=UTF-8''%C3"#, "file", Some("x")),
            (br#"form-data; name="file"; filename="""#, "file", Some("")),
            (br#"form-data; preview; name="file" ; size=3"#, "file", None),
        ];
        for (value, name, filename) in cases {
            let read = Disposition::read(value).unwrap();
            let shown = String::from_utf8_lossy(value);
            assert_eq!((read.name.as_deref(), read.filename.as_deref()), (Some(name), filename), "{shown}");
        }
        assert_eq!(Disposition::read(b"attachment; name=\"file\""), None);
        assert_eq!(Disposition::read(b"form-data"), Some(Disposition::default()));
    }
}
