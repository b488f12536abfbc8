//! JSON that keeps what was sent: numbers to their last digit, members in their order.
//!
//! Owns the reading and the writing of JSON whose content is a client's own. Its surprising rule: a number is
//! its text, since every type of the machine would change some of them, and a name that stands twice in an
//! object is refused, since one of its values would be lost (RFC 8259, 4).

mod number;
mod object;
mod parse;
mod write;

pub use number::Number;
pub use object::Object;
pub use parse::JsonError;

/// A JSON value (RFC 8259). Equal when they are written the same, see [`Json::same`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Number),
    /// A string, its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

impl Json {
    /// The deepest nesting of arrays and objects that is read.
    pub const MAX_DEPTH: usize = 127;

    /// Reads a JSON text.
    ///
    /// # Errors
    /// [`JsonError`]: it is none, is nested too deep, or has an object with a name twice.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        parse::parse(text)
    }

    /// Whether both mean the same: numbers by value, objects whatever the order of their members.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.same(other),
            (Self::Array(one), Self::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Self::Object(one), Self::Object(other)) => one.same(other),
            (one, other) => one == other,
        }
    }

    /// Applies a merge patch (RFC 7396, 2): an object is merged member by member, `null` takes a member away,
    /// everything else takes the place of what was there.
    pub fn merge(&mut self, patch: &Self) {
        let Self::Object(members) = patch else { return self.clone_from(patch) };
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Object::default());
        }
        if let Self::Object(target) = self {
            target.merge(members);
        }
    }

    /// Whether arrays and objects are nested deeper than this, the value itself included.
    #[must_use]
    pub fn is_deeper_than(&self, levels: usize) -> bool {
        let deeper = |inner: &Self| levels == 0 || inner.is_deeper_than(levels - 1);
        match self {
            Self::Array(items) => levels == 0 || items.iter().any(deeper),
            Self::Object(members) => levels == 0 || members.iter().any(|(_, value)| deeper(value)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
