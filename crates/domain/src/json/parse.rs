//! The grammar of RFC 8259.

use super::{Json, Number, Object};
use std::collections::HashSet;

/// Why some text is no JSON that can be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It does not fit the grammar.
    #[error("expected {expected} at line {line} column {column}")]
    Syntax {
        /// What could have stood there.
        expected: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// Arrays and objects are nested deeper than [`Json::MAX_DEPTH`].
    #[error("nested more than {} levels deep", Json::MAX_DEPTH)]
    TooDeep,
    /// An object has this name twice, and could keep one of the values only.
    #[error("the name {0:?} stands twice in one object")]
    Duplicate(String),
}

pub(super) fn parse(text: &str) -> Result<Json, JsonError> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(Json::MAX_DEPTH)?;
    parser.skip_space();
    if parser.at < text.len() { Err(parser.expected("nothing more")) } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    /// A value with at most `levels` of nesting.
    fn value(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(levels.checked_sub(1).ok_or(JsonError::TooDeep)?),
            Some(b'[') => self.array(levels.checked_sub(1).ok_or(JsonError::TooDeep)?),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(Object::default()));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a name in quotation marks"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.expected("`:`"));
            }
            let value = self.value(levels)?;
            if !names.insert(name.clone()) {
                return Err(JsonError::Duplicate(name));
            }
            members.push((name, value));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(Object::new(members)));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(levels)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        self.at += 1;
        let mut is_plain = true;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    self.at += 2;
                }
                Some(0..0x20) => return Err(self.expected("an escape, as control characters are written")),
                Some(_) => self.at += 1,
                None => {
                    self.at = self.text.len();
                    return Err(self.expected("a closing quotation mark"));
                }
            }
        }
        self.at += 1;
        // What was stepped over byte by byte ends at a quotation mark, so both ends lie between characters.
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        if is_plain {
            return Ok(quoted.trim_matches('"').to_owned());
        }
        serde_json::from_str(quoted).map_err(|_| {
            self.at = start;
            self.expected("a string whose escapes are characters")
        })
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.expected("a digit"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.expected("a digit"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.expected("a digit"));
            }
        }
        Ok(Json::Number(Number::new(self.text.get(start..self.at).unwrap_or_default())))
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
            return Err(self.expected("a value"));
        };
        self.at += word.len();
        Ok(value)
    }

    /// Steps over digits, and says how many.
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n');
        let (lines, column) = line.fold((0, 0), |(lines, _), line| (lines + 1, line.len() + 1));
        JsonError::Syntax { expected, line: lines, column }
    }
}
