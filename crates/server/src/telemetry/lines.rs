//! A log line is one line, whoever wrote the texts in it.
//!
//! Owns the last step before a line is written: of a whole event, fields and spans included, every character that
//! could end the line, command a terminal or turn the direction of the text is shown by its code. Names of files
//! and users, paths and tokens need no care where they are logged. Refuses to be undone in the text format, where
//! a backslash may also be the client's own; a line of JSON says exactly what was logged.

use std::fmt::{self, Write};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How a character is shown that must not be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Escape {
    /// `\n`, `\u{1b}`
    Text,
    /// `\u001b`
    Json,
}

/// The lines of `format`, made safe.
pub(super) struct SafeLines<F> {
    pub(super) format: F,
    pub(super) escape: Escape,
    /// Whether levels are coloured, by this alone.
    pub(super) colours: bool,
}

impl<S, N, F> FormatEvent<S, N> for SafeLines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        let line = one_line(line.strip_suffix('\n').unwrap_or(&line), self.escape);
        let level = *event.metadata().level();
        match line.split_once(level.as_str()).filter(|_| self.colours) {
            Some((before, behind)) => writeln!(writer, "{before}{}{level}\u{1b}[0m{behind}", colour(level)),
            None => writeln!(writer, "{line}"),
        }
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}

/// `text` with a code for every character that is not shown as itself.
fn one_line(text: &str, escape: Escape) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match escape {
            _ if !is_hidden(character) => line.push(character),
            Escape::Text => line.extend(character.escape_default()),
            Escape::Json => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
        }
    }
    line
}

/// Whether a character acts instead of being shown: controls, ends of lines and paragraphs, marks of direction,
/// what has no width, and tags (Unicode 17, general categories Cc, Zl, Zp and what of Cf is not part of a script).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{LogFormat, LogSettings};
    use crate::telemetry::lines_to;
    use proptest::prelude::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when `texts` are logged in every way that there is.
    fn logged(format: LogFormat, texts: &[String; 3]) -> String {
        let log = Log::default();
        let settings = LogSettings { format, level: "info".to_owned() };
        let writer = log.clone();
        let layer = lines_to(&settings, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let [a, b, c] = texts;
            let span = tracing::error_span!("request", path = a.as_str(), shown = %b);
            span.in_scope(|| {
                let error = io::Error::other(a.clone());
                let error: &dyn std::error::Error = &error;
                tracing::info!(text = a.as_str(), shown = %b, debug = ?c, error, "{c}");
            });
        });
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Texts with what could harm.
    fn text() -> impl Strategy<Value = String> {
        let dangerous = prop::sample::select(vec![
            "\n",
            "\r",
            "\r\n",
            "\u{1b}[2J",
            "\u{1b}]0;title\u{7}",
            "\u{85}",
            "\u{9b}31m",
            "\u{2028}",
            "\u{2029}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{e0041}",
            "\0",
            "\u{7f}",
            "\t",
            "\n2020-01-01T00:00:00.000000Z  INFO forged",
            "\"",
            "\\",
            "{",
            "}",
        ]);
        let piece =
            prop_oneof![dangerous.prop_map(str::to_owned), any::<String>(), any::<char>().prop_map(String::from)];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn one_event_is_one_line_without_hidden_characters(texts in [text(), text(), text()]) {
            for format in [LogFormat::Text, LogFormat::Json] {
                let log = logged(format, &texts);
                let line = log.strip_suffix('\n').unwrap();
                prop_assert!(!line.chars().any(is_hidden), "{:?}", line);
            }
        }

        #[test]
        fn json_says_exactly_what_was_logged(texts in [text(), text(), text()]) {
            let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json, &texts)).unwrap();
            let [a, b, c] = texts;
            prop_assert_eq!(&line["text"], &a);
            prop_assert_eq!(&line["shown"], &b);
            prop_assert_eq!(&line["debug"], &format!("{c:?}"));
            prop_assert_eq!(&line["message"], &c);
            prop_assert_eq!(&line["error"], &a);
            prop_assert_eq!(&line["span"]["path"], &a);
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let plain = "Größe „ä“ 漢字 😀 C:\\fotos \\\" مرحبا".to_owned();
        assert!(logged(LogFormat::Text, &[plain.clone(), plain.clone(), plain.clone()]).contains(&plain));
    }
}
