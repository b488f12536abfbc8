//! Texts as people read them, whatever code points they were typed with.
//!
//! Owns the two forms in which texts are compared. Composed (NFC): what looks the same and means the same is
//! one text, so an `é` typed on a Mac (`e` and an accent) is the `é` of everybody else; tags are kept so.
//! Caseless: composed, and without regard to case; searches are made so.
//!
//! Refuses compatibility forms (NFKC): a search is literal, and `m²` is not `m2`.
//! The surprising rule: `i`, `ı`, `I` and `İ` are one letter to a search. Which two of them are a pair depends on
//! the language of the text, which packshot does not know.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The dot above a letter.
const DOT: char = '\u{307}';

/// `text` in Unicode's normalization form C (UAX #15): equal for canonically equivalent texts.
#[must_use]
pub fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// `text` without regard to case: equal for canonically equivalent texts and for what differs in case alone,
/// by full case folding (`ß`, `ẞ` and `SS` are equal, so are `Σ`, `σ` and `ς`).
///
/// It is canonical caseless matching (The Unicode Standard, 3.13, D145), composed, with one letter i.
#[must_use]
pub fn caseless(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Decomposed first, because a mark that folds to a letter (U+0345) must be where it belongs before that.
    let folded: String = text.nfd().flat_map(fold).collect();
    let mut plain = String::with_capacity(text.len());
    for character in folded.nfd() {
        match character {
            DOT if plain.ends_with('i') => {}
            other => plain.push(other),
        }
    }
    plain.nfc().collect()
}

/// The character without regard to case: the lower case of its upper case, and of its lower case's first, since the
/// capital `ẞ` has no upper case but itself.
fn fold(character: char) -> impl Iterator<Item = char> {
    character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use caseless::Caseless;
    use proptest::prelude::*;

    /// Beyond them no character has a case or is composed.
    const WITH_CASE_OR_PARTS: std::ops::RangeInclusive<char> = '\0'..='\u{2ffff}';

    fn decomposed(text: &str) -> String {
        text.nfd().collect()
    }

    /// Letters, marks, ligatures, scripts without case, emoji, and whatever else.
    fn texts() -> impl Strategy<Value = String> {
        let odd = "[a-zA-Zßẞſıİ\u{307}\u{301}\u{323}\u{345}ǅŉﬁﬃΣσςΐᾳᾼÅÅKéÉüΩΩǰẖͅꭰᎠა가각が東العربية👩🏽‍🚀%_\\\\ ]{0,12}";
        prop_oneof![odd, ".{0,12}", "\\PC{0,12}"]
    }

    #[test]
    fn canonically_equivalent_texts_are_one() {
        for (one, other) in
            [("café", "cafe\u{301}"), ("\u{212b}", "Å"), ("각", "\u{1100}\u{1161}\u{11a8}"), ("ệ", "e\u{302}\u{323}")]
        {
            assert_eq!(composed(one), composed(other));
            assert_eq!(caseless(one), caseless(other));
        }
        assert_eq!(caseless("ΐ"), caseless("\u{3ca}\u{301}"));
    }

    #[test]
    fn case_is_folded_in_full() {
        for (one, other) in [
            ("ÉTÉ", "été"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Straße", "STRASSE"),
            ("GROẞE STRAẞE", "grosse straße"),
            ("ﬃ", "FFI"),
            ("ŉ", "ʼN"),
            ("ᾳ", "ΑΙ"),
            ("İSTANBUL", "istanbul"),
            ("ısparta", "ISPARTA"),
            ("ꭰ", "Ꭰ"),
        ] {
            assert_eq!(caseless(one), caseless(other), "{one} {other}");
        }
    }

    #[test]
    fn what_looks_different_stays_different() {
        for (one, other) in [("grün", "grun"), ("m²", "m2"), ("ＡＢＣ", "abc"), ("a", "а"), ("カ", "ｶ")] {
            assert_ne!(caseless(one), caseless(other), "{one} {other}");
        }
    }

    #[test]
    fn every_character_is_found_by_its_upper_and_its_lower_case() {
        for character in WITH_CASE_OR_PARTS {
            let folded = caseless(&character.to_string());
            // The standard library's own tables.
            assert_eq!(caseless(&character.to_uppercase().to_string()), folded, "{character}");
            assert_eq!(caseless(&character.to_lowercase().to_string()), folded, "{character}");
            assert_eq!(caseless(&folded), folded, "{character}");
        }
    }

    #[test]
    fn it_is_the_canonical_caseless_matching_of_unicode_but_for_the_letter_i() {
        let full = |text: &str| text.nfd().default_case_fold().nfc().collect::<String>();
        // Letters that are newer than the judge's tables.
        let is_unknown = |character: &char| matches!(character, '\u{a7ce}'..='\u{a7d5}' | '\u{16ea0}'..='\u{16ed3}');
        for character in
            WITH_CASE_OR_PARTS.filter(|character| !matches!(character, 'ı' | 'İ') && !is_unknown(character))
        {
            let text = character.to_string();
            // As coarse as full case folding, and no coarser.
            assert_eq!(caseless(&full(&text)), caseless(&text), "{character}");
            assert_eq!(full(&caseless(&text)), full(&text), "{character}");
        }
    }

    proptest! {
        #[test]
        fn forms_are_of_the_text_and_not_of_its_spelling(text in texts()) {
            let (folded, decomposed) = (caseless(&text), decomposed(&text));
            prop_assert_eq!(&caseless(&folded), &folded);
            prop_assert_eq!(&caseless(&decomposed), &folded);
            prop_assert_eq!(&caseless(&composed(&text)), &folded);
            // Cases are of letters whose marks are in their places.
            prop_assert_eq!(&caseless(&decomposed.to_uppercase()), &folded);
            prop_assert_eq!(&caseless(&decomposed.to_lowercase()), &folded);
            prop_assert_eq!(composed(&decomposed), composed(&text));
            prop_assert_eq!(folded.chars().any(char::is_control), text.chars().any(char::is_control));
            prop_assert_eq!(folded.is_empty(), text.is_empty());
        }
    }
}
