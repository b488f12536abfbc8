//! An ICC profile, and the way from its colours to sRGB.
//!
//! Owns how much of a profile is read, and asking the colour management, whose panics it keeps in; refuses to know
//! where a profile was embedded. The surprising rule: a table of tags may name the same bytes any number of times, and
//! whoever parses what it names can be kept busy for as long as it is long. So the table is measured first.

use super::Sample;
use crate::failure::Result;
use crate::panics::caught;
use moxcms::{ColorProfile, Layout, MatrixCoefficients, ProfileText};
use packshot_domain::ports::image_processor::ProcessError;
use std::borrow::Cow;

/// Tags that a profile may have; the standard has 70 names for them, and profiles use 9 to 30.
const MOST_TAGS: usize = 256;

/// How many times its own length a profile may name in all: its two kinds of tables for three intents each may be
/// the same two, and its three curves one.
const MOST_NAMED: usize = 4;

/// The longest description that is handed on, in characters.
const LONGEST_DESCRIPTION: usize = 255;

/// Where the table begins, with the number of its entries.
const TABLE: usize = 128;

/// Bytes of an entry: signature, offset, length (ICC.1:2022, 7.3).
const ENTRY: usize = 12;

/// The profile of these bytes; `None` where they are broken.
///
/// # Errors
/// `TooCostly` where reading its table could take any time.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<ColorProfile>> {
    let Some(bytes) = measured(bytes)? else { return Ok(None) };
    Ok(guarded(|| ColorProfile::new_from_slice(&bytes).ok()))
}

/// `bytes` with a table that costs no more to read than the profile is long; `None` where it has no table. Of tags
/// of the same name, which the standard forbids, the first counts, as in browsers.
fn measured(bytes: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
    let costly = |text: String| Err(ProcessError::TooCostly(text));
    let Some((count, entries)) = bytes.get(TABLE..).and_then(<[u8]>::split_first_chunk) else { return Ok(None) };
    let count = usize::try_from(u32::from_be_bytes(*count)).unwrap_or(usize::MAX);
    let Some(entries) = entries.get(..count.saturating_mul(ENTRY)) else { return Ok(None) };
    if count > MOST_TAGS {
        return costly(format!("its colour profile has {count} tags"));
    }
    let mut known: Vec<[u8; 4]> = Vec::with_capacity(count);
    let mut named = 0_usize;
    let mut kept = Cow::Borrowed(bytes);
    for (number, entry) in entries.as_chunks::<ENTRY>().0.iter().enumerate() {
        let &[s0, s1, s2, s3, _, _, _, _, l0, l1, l2, l3] = entry;
        if known.contains(&[s0, s1, s2, s3]) {
            let at = TABLE + 4 + number * ENTRY;
            kept.to_mut()[at..at + 4].fill(0);
            continue;
        }
        known.push([s0, s1, s2, s3]);
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        named = named.saturating_add(length.min(bytes.len()));
    }
    if named > bytes.len().saturating_mul(MOST_NAMED) {
        return costly(format!("the tags of its colour profile name {named} bytes, of {}", bytes.len()));
    }
    Ok(Some(kept))
}

/// Runs `work` on data that others made: a panic counts as nothing.
pub(super) fn guarded<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    caught(work).ok().flatten()
}

/// The code points of a profile, which say more than its curves: primaries, transfer (ICC.1:2022, 9.2.17). `None`
/// where they are not of red, green and blue in the full range; browsers pass those over.
pub(super) fn code_points(profile: &ColorProfile) -> Option<(u8, u8)> {
    let cicp = profile.cicp.as_ref()?;
    let rgb = cicp.full_range && cicp.matrix_coefficients == MatrixCoefficients::Identity;
    rgb.then_some((cicp.color_primaries as u8, cicp.transfer_characteristics as u8))
}

/// What becomes of every level of grey; the neutral colours of sRGB have three equal samples.
pub(super) fn gray_levels<S: Sample>(profile: &ColorProfile, layout: Layout) -> Option<Vec<S>> {
    guarded(|| {
        let levels = (0..S::LEVELS).map(S::level);
        let source: Vec<S> = match layout {
            Layout::Gray => levels.collect(),
            _ => levels.flat_map(|level| [level; 3]).collect(),
        };
        let mut rgb = vec![S::default(); S::LEVELS * 3];
        S::transform(profile, layout, Layout::Rgb)?.transform(&source, &mut rgb).ok()?;
        Some(rgb.chunks_exact(3).map(|pixel| pixel[1]).collect())
    })
}

/// The profile's own description of itself.
pub(super) fn describe(profile: &ColorProfile) -> Option<String> {
    let text = match profile.description.as_ref()? {
        ProfileText::PlainString(text) => text,
        ProfileText::Localizable(texts) => {
            let english = texts.iter().find(|text| text.language.eq_ignore_ascii_case("en"));
            &english.or_else(|| texts.first())?.value
        }
        ProfileText::Description(text) if !text.ascii_string.is_empty() => &text.ascii_string,
        ProfileText::Description(text) => &text.unicode_string,
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_DESCRIPTION).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A display profile of these tags: name, offset, length.
    fn profile(tags: &[([u8; 4], u32, u32)], bytes: usize) -> Vec<u8> {
        let mut profile = ColorProfile::new_srgb().encode().unwrap()[..TABLE].to_vec();
        profile.extend(u32::try_from(tags.len()).unwrap().to_be_bytes());
        for (name, offset, length) in tags {
            profile.extend(*name);
            profile.extend(offset.to_be_bytes());
            profile.extend(length.to_be_bytes());
        }
        profile.resize(bytes.max(profile.len()), 0);
        profile
    }

    fn is_costly(bytes: &[u8]) -> bool {
        matches!(parse(bytes), Err(ProcessError::TooCostly(_)))
    }

    #[test]
    fn a_table_of_too_many_tags_is_not_read() {
        let tags = |count: u32| (0..count).map(|number| (number.to_be_bytes(), 200, 4)).collect::<Vec<_>>();
        assert!(!is_costly(&profile(&tags(256), 10_000)));
        assert!(is_costly(&profile(&tags(257), 10_000)));
    }

    #[test]
    fn tags_may_share_but_not_name_the_same_again_and_again() {
        let tags = |count: u32| (0..count).map(|number| (number.to_be_bytes(), 0, 10_000)).collect::<Vec<_>>();
        assert!(!is_costly(&profile(&tags(4), 10_000)));
        assert!(is_costly(&profile(&tags(5), 10_000)));
        // A length that is more than there is counts as all there is.
        let beyond: Vec<_> = tags(5).into_iter().map(|(name, offset, _)| (name, offset, u32::MAX)).collect();
        assert!(is_costly(&profile(&beyond, 10_000)));
    }

    #[test]
    fn of_tags_of_the_same_name_the_first_counts() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let parsed = parse(&p3).unwrap().unwrap();
        let twice = {
            let (head, rest) = p3.split_at(TABLE);
            let count = u32::from_be_bytes(rest[..4].try_into().unwrap());
            let (table, data) = rest[4..].split_at(count as usize * ENTRY);
            // Offsets count from the beginning, and the data moves by the entries that are added.
            let moved = |entry: &[u8; ENTRY]| {
                let mut entry = *entry;
                let offset = u32::from_be_bytes(entry[4..8].try_into().unwrap()) + count * 12;
                entry[4..8].copy_from_slice(&offset.to_be_bytes());
                entry
            };
            let entries: Vec<u8> = table.as_chunks().0.iter().flat_map(moved).collect();
            // All of them once more, naming what is none.
            let void: Vec<u8> = table
                .as_chunks::<ENTRY>()
                .0
                .iter()
                .flat_map(|e| [&e[..4], &[0, 0, 0, 0, 0, 0, 0, 4]].concat())
                .collect();
            [head, &(count * 2).to_be_bytes(), &entries, &void, data].concat()
        };
        let read = parse(&twice).unwrap().unwrap();
        assert_eq!(read.red_colorant, parsed.red_colorant);
        assert_eq!(describe(&read), describe(&parsed));
    }

    #[test]
    fn what_has_no_table_is_broken() {
        let mut endless = profile(&[], 200);
        endless[TABLE..TABLE + 4].fill(0xff);
        for bytes in [&[][..], &[0; 131], &profile(&[], 0)[..131], &profile(&[(*b"rXYZ", 0, 0)], 0)[..140], &endless] {
            assert!(parse(bytes).unwrap().is_none());
        }
    }
}
