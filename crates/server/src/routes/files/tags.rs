//! The parameter `tags` of `GET /files`.
//!
//! Owns its spelling: tags separated by commas, in one parameter or several; `\,` is a comma of a tag and `\\` a
//! backslash before one or another. The surprising rule: whatever tag an image carries can also be asked for as it
//! is. So a value with a comma is a choice: an image matches that carries the value itself as a tag, or all tags
//! that it lists.

use crate::routes::paging::Parameters;
use packshot_domain::ports::image_repo::TagChoice;
use packshot_domain::text::Tags;
use packshot_domain::unicode::composed;

/// The tags asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TagsQuery {
    /// Every tag listed, each once, in the order given.
    pub(super) listed: Vec<String>,
    /// Those that an image must carry.
    pub(super) tags: Vec<String>,
    /// The values that may be one tag or a list.
    pub(super) choices: Vec<TagChoice>,
}

impl TagsQuery {
    /// Reads the parameter; more tags than an image can carry are a fault, and so are more lists.
    pub(super) fn read(parameters: &mut Parameters) -> Self {
        let mut query = Self::default();
        for value in parameters.all("tags") {
            query.add(&value);
            if query.listed.len() > Tags::MAX_COUNT || query.choices.len() > Tags::MAX_COUNT {
                parameters.fault("tags", &format!("must be at most {} tags", Tags::MAX_COUNT));
                return Self::default();
            }
        }
        query
    }

    fn add(&mut self, value: &str) {
        let mut parts = Vec::new();
        for part in list(value) {
            add_once(&mut parts, part);
            // A value of thousands is no good, whatever else is in it.
            if parts.len() > Tags::MAX_COUNT {
                break;
            }
        }
        for part in &parts {
            add_once(&mut self.listed, part.clone());
        }
        let whole = composed(value.trim()).into_owned();
        let could_be_one = parts != [whole.as_str()] && whole.chars().count() <= Tags::MAX_CHARS;
        if could_be_one && !parts.is_empty() {
            let choice = TagChoice { whole, parts };
            if !self.choices.contains(&choice) {
                self.choices.push(choice);
            }
        } else {
            for part in parts {
                add_once(&mut self.tags, part);
            }
        }
    }
}

fn add_once(tags: &mut Vec<String>, tag: String) {
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}

/// The tags of a list, trimmed and composed, without the empty ones.
fn list(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = value.chars().peekable();
    while let Some(character) = rest.next() {
        let escaped = if character == '\\' { rest.next_if(|next| matches!(next, ',' | '\\')) } else { None };
        match (character, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            (_, Some(part)) => part.push(escaped.unwrap_or(character)),
            (_, None) => {}
        }
    }
    let tags = parts.iter().map(|part| composed(part.trim()).into_owned());
    tags.filter(|tag| !tag.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> Option<TagsQuery> {
        let mut parameters =
            Parameters::new(values.iter().map(|&value| ("tags".to_owned(), value.to_owned())).collect());
        let query = TagsQuery::read(&mut parameters);
        parameters.finish().is_ok().then_some(query)
    }

    fn choice(whole: &str, parts: &[&str]) -> TagChoice {
        TagChoice { whole: whole.to_owned(), parts: parts.iter().map(|&part| part.to_owned()).collect() }
    }

    #[test]
    fn tags_are_repeated_or_listed() {
        let query = read(&["a, b", "c", "", " a "]).unwrap();
        assert_eq!(query.listed, ["a", "b", "c"]);
        assert_eq!(query.tags, ["c", "a"]);
        assert_eq!(query.choices, [choice("a, b", &["a", "b"])]);
        assert_eq!(read(&[]), Some(TagsQuery::default()));
        assert_eq!(read(&[",", " , ,"]), Some(TagsQuery::default()));
    }

    #[test]
    fn a_comma_or_a_backslash_of_a_tag_is_escaped() {
        for (value, expected) in [
            (r"red\, blue", &["red, blue"][..]),
            (r"red\, blue,green", &["red, blue", "green"]),
            (r"a\\,b", &[r"a\", "b"]),
            (r"a\b", &[r"a\b"]),
            (r"a\", &[r"a\"]),
        ] {
            assert_eq!(read(&[value]).unwrap().listed, expected, "{value}");
        }
    }

    #[test]
    fn tags_are_composed() {
        assert_eq!(read(&["cafe\u{301}", "café"]).unwrap().tags, ["café"]);
    }

    #[test]
    fn more_than_ten_are_a_fault() {
        let listed = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(read(&[&listed(10), "0,1, 2 ,"]).unwrap().listed.len(), 10);
        assert_eq!(read(&[&listed(11)]), None);
        assert_eq!(read(&[&listed(5000)]), None);
        assert_eq!(read(&[&listed(10), "ten"]), None);
        // Ever new lists of the same tags.
        let lists: Vec<String> = (1..=11).map(|commas| format!("a{}b", ",".repeat(commas))).collect();
        let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
        assert!(read(&lists[..10]).is_some());
        assert_eq!(read(&lists), None);
    }

    proptest! {
        #[test]
        fn every_tag_can_be_asked_for_plainly_and_exactly(tag in "[a-c,\\\\ é\u{301}%_]{1,12}|.{1,50}") {
            let Ok(tags) = Tags::parse([&tag]) else { return Ok(()) };
            let Some(tag) = tags.as_slice().first() else { return Ok(()) };
            if let Some(plain) = read(&[tag.as_str()]) {
                let choices = plain.choices.iter().all(|choice| choice.whole == *tag);
                prop_assert!(choices && plain.tags.iter().all(|listed| listed == tag), "{:?}", plain);
            }
            let escaped = tag.replace('\\', r"\\").replace(',', r"\,");
            let exact = read(&[escaped.as_str()]).ok_or_else(|| TestCaseError::fail("refused"))?;
            prop_assert_eq!(exact.listed, [tag.as_str()]);
        }
    }
}
