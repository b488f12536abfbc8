//! Search texts: folded in Rust, so that both databases find the same.
//!
//! Owns the stored form and the pattern; the folding is the domain's. Refuses to know collations and `ILIKE`, which
//! differ. The surprising rule: a text beyond ASCII begins with [`FORM`], so that a row tells by itself whether its
//! text has the form of today (`renewal` makes the others anew). Within ASCII no form has ever differed.

use packshot_domain::unicode::caseless;

/// Stands between the fields of one search text; no field can contain it.
const SEPARATOR: char = '\n';

/// The form of a text beyond ASCII, as a control character, which no field can contain and no search finds.
/// Another folding takes the next one, and a migration the indexes of what is outdated by it.
pub(crate) const FORM: char = '\u{2}';

/// What is stored for a row with these fields.
pub(crate) fn text<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for field in fields {
        text.push_str(&caseless(field));
        text.push(SEPARATOR);
    }
    if !text.is_ascii() {
        text.insert(0, FORM);
    }
    text
}

/// The `LIKE` pattern, with `\` as its escape, for rows that contain `search`; `None` when no row
/// can, because fields have no control characters (and PostgreSQL takes no NUL).
pub(crate) fn pattern(search: &str) -> Option<String> {
    if search.chars().any(char::is_control) {
        return None;
    }
    let mut pattern = String::from("%");
    for character in caseless(search).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_beyond_ascii() {
        for (one, other) in [("ÉTÉ", "été"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Straße", "STRASSE"), ("é", "e\u{301}")]
        {
            assert_eq!(text([one]), text([other]));
        }
    }

    #[test]
    fn a_text_tells_its_form_unless_every_form_agrees() {
        assert_eq!(text(["A", "b"]), "a\nb\n");
        assert_eq!(text(["É"]), "\u{2}é\n");
        // What the first form made of a character that it took into ASCII, this one does too.
        let first = |character: char| character.to_uppercase().flat_map(char::to_lowercase).collect::<String>();
        for character in ('\0'..=char::MAX).filter(|character| first(*character).is_ascii()) {
            assert_eq!(caseless(&character.to_string()), first(character), "{character}");
        }
    }

    #[test]
    fn wildcards_are_literal() {
        assert_eq!(pattern(r"50%_\").as_deref(), Some(r"%50\%\_\\%"));
    }

    #[test]
    fn a_search_cannot_reach_over_two_fields() {
        assert_eq!(pattern("a\nb"), None);
        assert_eq!(pattern("a\0"), None);
    }
}
