//! JSON as text: no space between the parts, numbers as they were read.

use super::{Json, Object};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number.as_str()),
            Self::String(text) => string(f, text),
            Self::Array(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    separate(f, at)?;
                    write!(f, "{item}")?;
                }
                f.write_char(']')
            }
            Self::Object(object) => write!(f, "{object}"),
        }
    }
}

impl Display for Object {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (at, (name, value)) in self.iter().enumerate() {
            separate(f, at)?;
            string(f, name)?;
            write!(f, ":{value}")?;
        }
        f.write_char('}')
    }
}

fn separate(f: &mut Formatter<'_>, at: usize) -> fmt::Result {
    if at > 0 { f.write_char(',') } else { Ok(()) }
}

/// Quotation mark, backslash and control characters are escaped, as RFC 8259, 7 asks for, and nothing else.
fn string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        let (plain, special) = rest.split_at(at);
        f.write_str(plain)?;
        let mut characters = special.chars();
        match characters.next().unwrap_or_default() {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "\\{c}")?,
        }
        rest = characters.as_str();
    }
    f.write_str(rest)?;
    f.write_char('"')
}
