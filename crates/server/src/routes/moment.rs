//! Moments in query strings: ISO 8601 as people and programs write it.
//!
//! Owns the forms and the range. A date is given by month and day, by week (`2024-W03-1`) or by the day of
//! its year (`2024-015`), with dashes or without; a time to the hour, minute or second, with colons or
//! without, behind `T`, `t` or a space; a fraction of the second behind a point or a comma, cut to
//! microseconds; an offset as `Z`, `z`, `+02`, `+0200` or `+02:00`. Refuses what leaves the day open
//! (`2024-01`), since nobody could tell which of its moments is meant.
//!
//! The surprising rule: an offset may stand behind a space instead of a plus, since that is what a plus
//! becomes in a query string that was not escaped.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// What a moment must be, for the client.
pub(crate) const FORMS: &str = "must be an ISO 8601 date or date-time of the years 0001 to 9999, such as 2024-01-15, \
     2024-01-15T10:30, 2024-01-15T10:30:00.5+02:00 or 20240115T103000Z; without an offset it is UTC";

/// A date (its first moment) or a date-time, in whole microseconds; without an offset it is UTC.
///
/// `24:00` is the midnight that ends its day, a leap second (`:60`) the first moment of the next minute.
/// `None` for any other text, and for what is in UTC before the year 1 or after the year 9999: both
/// databases keep those years, and answers can show them (RFC 3339, 1).
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let mut rest = text;
    let date = date(&mut rest)?;
    let mut local = date.and_time(NaiveTime::MIN);
    if !rest.is_empty() {
        separator(&mut rest)?;
        local = local.checked_add_signed(time(&mut rest)?)?;
    }
    let utc = local.checked_sub_signed(offset(rest)?)?.and_utc();
    (1..=9999).contains(&utc.year()).then_some(utc)
}

fn date(rest: &mut &str) -> Option<NaiveDate> {
    let year = i32::try_from(digits(rest, 4)?).ok()?;
    let is_extended = take(rest, &['-']);
    let dash = |rest: &mut &str| (take(rest, &['-']) == is_extended).then_some(());
    if take(rest, &['W', 'w']) {
        let week = digits(rest, 2)?;
        dash(rest)?;
        let day = u8::try_from(digits(rest, 1)?).ok()?.checked_sub(1)?;
        return NaiveDate::from_isoywd_opt(year, week, Weekday::try_from(day).ok()?);
    }
    match (run(rest), is_extended) {
        (3, _) => NaiveDate::from_yo_opt(year, digits(rest, 3)?),
        (2, true) | (4, false) => {
            let month = digits(rest, 2)?;
            dash(rest)?;
            NaiveDate::from_ymd_opt(year, month, digits(rest, 2)?)
        }
        _ => None,
    }
}

fn separator(rest: &mut &str) -> Option<()> {
    if take(rest, &['T', 't']) {
        return Some(());
    }
    spaces(rest).then_some(())
}

/// The time since midnight: at most 24 hours, and a second beyond them where it is a leap second.
fn time(rest: &mut &str) -> Option<TimeDelta> {
    let hour = digits(rest, 2)?;
    let (mut minute, mut second, mut micros) = (0, 0, 0);
    let is_extended = rest.starts_with(':');
    let follows = |rest: &mut &str| if is_extended { take(rest, &[':']) } else { run(rest) > 0 };
    if follows(rest) {
        minute = digits(rest, 2)?;
        if follows(rest) {
            second = digits(rest, 2)?;
            if take(rest, &['.', ',']) {
                micros = fraction(rest)?;
            }
        }
    }
    let is_midnight = hour == 24 && (minute, second, micros) == (0, 0, 0);
    let is_time = hour <= 23 && minute <= 59 && second <= 60;
    let seconds = (hour * 60 + minute) * 60 + second;
    let since = TimeDelta::seconds(seconds.into()) + TimeDelta::microseconds(micros.into());
    (is_midnight || is_time).then_some(since)
}

/// The microseconds of a fraction's digits, of which there is at least one.
fn fraction(rest: &mut &str) -> Option<u32> {
    let length = run(rest);
    let (all, behind) = rest.split_at(length);
    *rest = behind;
    let micros: String = all.chars().chain("000000".chars()).take(6).collect();
    (length > 0).then(|| micros.parse().ok()).flatten()
}

/// The offset from UTC, which is all that is left.
fn offset(mut rest: &str) -> Option<TimeDelta> {
    let is_spaced = spaces(&mut rest);
    if rest.is_empty() || matches!(rest, "Z" | "z") {
        return Some(TimeDelta::zero());
    }
    // ISO 8601 means the sign of arithmetic; most write a hyphen.
    let is_west = take(&mut rest, &['-', '\u{2212}']);
    let has_sign = is_west || take(&mut rest, &['+']) || is_spaced;
    let hours = digits(&mut rest, 2)?;
    let has_colon = take(&mut rest, &[':']);
    let minutes = if has_colon || !rest.is_empty() { digits(&mut rest, 2)? } else { 0 };
    let is_offset = has_sign && hours <= 23 && minutes <= 59 && rest.is_empty();
    let offset = TimeDelta::minutes((hours * 60 + minutes).into());
    is_offset.then_some(if is_west { -offset } else { offset })
}

/// Takes spaces; whether there were any.
fn spaces(rest: &mut &str) -> bool {
    let behind = rest.trim_start_matches(' ');
    let were_any = behind.len() < rest.len();
    *rest = behind;
    were_any
}

/// Takes one of `symbols`; whether one was there.
fn take(rest: &mut &str, symbols: &[char]) -> bool {
    let behind = rest.strip_prefix(symbols);
    *rest = behind.unwrap_or(*rest);
    behind.is_some()
}

/// How many ASCII digits come next.
fn run(rest: &str) -> usize {
    rest.bytes().take_while(u8::is_ascii_digit).count()
}

/// Takes exactly `count` ASCII digits.
fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (number, behind) = rest.split_at_checked(count)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = behind;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveDateTime, SubsecRound};
    use proptest::prelude::*;
    use proptest::sample::select;

    fn shown(text: &str) -> Option<String> {
        moment(text).map(|time| time.format("%FT%T%.f").to_string())
    }

    #[test]
    fn a_moment_is_taken_however_it_is_written() {
        for text in [
            "2024-01-15T10:30:00Z",
            "2024-01-15t10:30:00z",
            "2024-01-15T10:30:00",
            "2024-01-15 10:30:00",
            "2024-01-15T10:30",
            "2024-01-15T10:30Z",
            "20240115T103000Z",
            "20240115T1030",
            "2024-01-15T103000Z",
            "2024-W03-1T10:30Z",
            "2024W031T1030Z",
            "2024-015T10:30Z",
            "2024015T1030Z",
            "2024-01-15T12:30:00+02:00",
            "2024-01-15T12:30:00+0200",
            "2024-01-15T12:30:00+02",
            "2024-01-15T12:30+02:00",
            "2024-01-15 12:30:00 +0200",
            // What is left of a plus in a query string.
            "2024-01-15T12:30:00 02:00",
            "2024-01-15 12:30:00  0200",
            "2024-01-15T12:30 02",
            "2024-01-15T09:30:00-01:00",
            "2024-01-15T09:30:00\u{2212}01:00",
            "2024-01-15T10:30:00-00:00",
            "2024-01-15T10:30:00.000000000Z",
        ] {
            assert_eq!(shown(text).as_deref(), Some("2024-01-15T10:30:00"), "{text}");
        }
    }

    #[test]
    fn a_date_is_its_first_moment() {
        for text in ["2024-01-15", "20240115", "2024-W03-1", "2024w031", "2024-015", "2024015", "2024-01-15T00"] {
            assert_eq!(shown(text).as_deref(), Some("2024-01-15T00:00:00"), "{text}");
        }
    }

    #[test]
    fn the_ends_of_days_minutes_and_microseconds_are_moments() {
        for (text, expected) in [
            ("2024-12-31T24:00", "2025-01-01T00:00:00"),
            ("2024-12-31T240000Z", "2025-01-01T00:00:00"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
            ("2016-12-31T15:59:60,5-08:00", "2017-01-01T00:00:00.500"),
            ("2024-01-15T10:30:00,123456789Z", "2024-01-15T10:30:00.123456"),
            ("2024-02-29", "2024-02-29T00:00:00"),
            ("0001-01-01", "0001-01-01T00:00:00"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn any_other_text_is_none() {
        for text in [
            "",
            " ",
            "yesterday",
            "15.01.2024",
            "01/15/2024",
            "2024",
            "2024-01",
            "202401",
            "2024-0115",
            "202401-15",
            "2024-W03",
            "2024-W031",
            "2024-W54-1",
            "2024-W03-8",
            "2024-000",
            "2023-366",
            "2024-13-01",
            "2023-02-29",
            "2024-01-15T",
            "2024-01-15Z",
            "2024-01-15TZ",
            "2024-01-15T1",
            "2024-01-15T10:3",
            "2024-01-15T10:30:",
            "2024-01-15T10:30:00.",
            "2024-01-15T10:30.5",
            "2024-01-15T25:00",
            "2024-01-15T24:00:01",
            "2024-01-15T24:00:00.1",
            "2024-01-15T10:60",
            "2024-01-15T10:30:61",
            "2024-01-15T10:30:00+2",
            "2024-01-15T10:30:00+24:00",
            "2024-01-15T10:30:00+02:60",
            "2024-01-15T10:30:00+02:",
            "2024-01-15T10:30:00+02:00 ",
            "2024-01-15T10:30:00ZZ",
            "2024-01-15T10:30:00 UTC",
            "２０２４-01-15",
            "-9999-01-01",
            "-4714-01-01",
            "-262143-01-01",
            "+12024-01-01",
            "12024-01-01",
            // Years that are out of range in UTC, if not where they were written.
            "0000-12-31",
            "0001-01-01T00:00+00:01",
            "9999-12-31T24:00",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    prop_compose! {
        /// A moment on somebody's clock, that clock's offset, and the one written in some form.
        fn written()(
            micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
            date in select(vec!["%Y-%m-%d", "%Y%m%d", "%G-W%V-%u", "%GW%V%u", "%Gw%V%u", "%Y-%j", "%Y%j"]),
            separator in select(vec!["T", "t", " ", "  "]),
            time in select(vec!["%H", "%H:%M", "%H%M", "%H:%M:%S", "%H%M%S"]),
            fraction in select(vec!["", "%.3f", "%.6f", "%.9f"]),
            comma in any::<bool>(),
            minutes in -1439_i64..=1439,
            zone in select(vec!["", "Z", "z", "hh:mm", "hhmm", "hh"]),
            gap in select(vec!["", " "]),
        ) -> Option<(DateTime<Utc>, String)> {
            let local = DateTime::from_timestamp_micros(micros)?.naive_utc();
            let minutes = match zone { "hh:mm" | "hhmm" => minutes, "hh" => minutes / 60 * 60, _ => 0 };
            let fraction = if time.ends_with("%S") { fraction } else { "" };
            let fraction = local.format(fraction).to_string();
            // Both week-years and what is left of the time must be what the text can say.
            let cut = match time {
                "%H" => NaiveDateTime::parse_from_str(&local.format("%F %H:00").to_string(), "%F %H:%M").ok()?,
                "%H:%M" | "%H%M" => NaiveDateTime::parse_from_str(&local.format("%F %R").to_string(), "%F %R").ok()?,
                _ => local.trunc_subsecs(fraction.len().saturating_sub(1) as u16),
            };
            let fraction = if comma { fraction.replace('.', ",") } else { fraction };
            let sign = if minutes < 0 { "-" } else { "+" };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            let zone = match zone {
                "hh:mm" => format!("{gap}{sign}{hours:02}:{rest:02}"),
                "hhmm" => format!("{gap}{sign}{hours:02}{rest:02}"),
                "hh" => format!("{gap}{sign}{hours:02}"),
                plain => plain.to_owned(),
            };
            let utc = (cut - TimeDelta::minutes(minutes)).and_utc();
            let text = format!("{}{separator}{}{fraction}{zone}", local.format(date), local.format(time));
            let year = |year: i32| (1..=9999).contains(&year);
            (year(utc.year()) && year(local.iso_week().year())).then_some((utc, text))
        }
    }

    proptest! {
        #[test]
        fn every_moment_written_in_any_form_is_read_back(written in written()) {
            if let Some((time, text)) = written {
                prop_assert_eq!(moment(&text), Some(time), "{}", text);
                // As it arrives where the plus was not escaped.
                prop_assert_eq!(moment(&text.replace('+', " ")), Some(time), "{}", text);
            }
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,40}|[0-9TtZzWw:.,+ \u{2212}-]{0,40}|[0-9]{4}-?[0-9]{2}-?[0-9]{2}T[0-9:+ -]{0,20}") {
            let read = moment(&text);
            prop_assert!(read.is_none_or(|time| (1..=9999).contains(&time.year())));
            // An independent reader of a part of the forms.
            if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
                let time = time.to_utc();
                let expected = DateTime::from_timestamp_micros(time.timestamp_micros());
                prop_assert_eq!(read, expected.filter(|time| (1..=9999).contains(&time.year())));
            }
        }
    }
}
