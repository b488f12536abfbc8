//! A number, as it was written.

/// A JSON number: its text, which [`Json::parse`](super::Json::parse) has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(Box<str>);

/// What a number is worth: `digits` times ten to the power of `exponent`, the digits without zeros at either
/// end, so that equal numbers have equal parts.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Number {
    /// The number of this text, which fits the grammar.
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are worth the same, such as `1`, `1.0` and `10e-1`.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decimal() == other.decimal()
    }

    /// The integer that it is, however it was written; `None` where it is none or does not fit.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        let Decimal { is_negative, mut digits, exponent } = self.decimal();
        // More zeros than this fit into no i64.
        let zeros = usize::try_from(exponent).ok().filter(|&zeros| zeros <= 18)?;
        digits.extend(std::iter::repeat_n('0', zeros));
        let sign = if is_negative { "-" } else { "" };
        if digits.is_empty() { Some(0) } else { format!("{sign}{digits}").parse().ok() }
    }

    fn decimal(&self) -> Decimal {
        let (is_negative, text) = match self.0.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, &*self.0),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let dropped = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Decimal { is_negative: false, digits: String::new(), exponent: 0 };
        }
        // An exponent that fits into no i64 is as far away as the farthest that does.
        let farthest = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent.parse().unwrap_or(farthest);
        let shift = dropped as i64 - fraction.len() as i64;
        Decimal { is_negative, digits: significant.to_owned(), exponent: exponent.saturating_add(shift) }
    }
}
