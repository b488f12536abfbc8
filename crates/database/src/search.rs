//! Search texts: folded in Rust, so that both databases find the same.
//!
//! Owns the folding (about Unicode's full case folding: upper case, then lower, character by
//! character) and the pattern; refuses to know collations and `ILIKE`, which differ.

/// Stands between the fields of one search text; no field can contain it.
const SEPARATOR: char = '\n';

/// `text` without regard to case.
fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// What is stored for a row with these fields.
pub(crate) fn text<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for field in fields {
        text.extend(fold(field));
        text.push(SEPARATOR);
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
    for character in fold(search) {
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
        for (one, other) in [("ÉTÉ", "été"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Straße", "STRASSE")] {
            assert_eq!(text([one]), text([other]));
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
