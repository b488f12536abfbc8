//! Text of others on a terminal: shown, and harmless.
//!
//! Owns which characters are not shown as they are: those that a terminal obeys (ESC and the like), those that
//! begin new lines, and those that turn the direction of what follows or are not seen at all, with which one name
//! passes for another. <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>

use std::fmt::Write as _;

/// `text` on one line, with such characters as `\u{202e}`.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_shown(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

/// A line of JSON with such characters as JSON's own escapes, so that it says the same.
pub(super) fn shown_json(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if is_shown(c) {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

fn is_shown(c: char) -> bool {
    let is_hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_stays_as_it_is() {
        for text in ["", "Käthe Ωmega 山田 \u{5e9}\u{5dc}\u{5d5}\u{5dd} e\u{301} 📷", "a\\b \"c\" 'd'"] {
            assert_eq!(shown(text), text);
            assert_eq!(shown_json(text), text);
        }
    }

    #[test]
    fn no_control_or_direction_character_reaches_the_terminal_and_json_says_the_same() {
        let directions =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        let controls = ('\0'..='\u{9f}').filter(|c| c.is_control());
        for c in controls.chain(directions.chars()).chain("\u{2028}\u{2029}\u{200b}\u{feff}\u{e0041}".chars()) {
            let text = format!("a{c}b");
            let line = shown(&text);
            assert!(!line.contains(c) && line.starts_with("a\\") && line.ends_with('b'), "{line:?}");
            let json = shown_json(&serde_json::json!({ "name": text }).to_string());
            assert!(!json.contains(c), "{json:?}");
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(read["name"], text);
        }
        assert_eq!(shown("x\u{202e}gpj.exe\u{1b}[2J\n"), "x\\u{202e}gpj.exe\\u{1b}[2J\\n");
    }
}
