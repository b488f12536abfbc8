//! The members of an object, in their order, each name once.

use super::{Json, parse};
use std::collections::HashMap;

/// A JSON object: members in the order in which they were written, no name twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// Reads a JSON text that is an object; `None` when it is another value.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn parse(text: &str) -> Result<Option<Self>, super::JsonError> {
        Ok(match parse::parse(text)? {
            Json::Object(object) => Some(object),
            _ => None,
        })
    }

    /// The object of these members, which have distinct names.
    pub(super) fn new(members: Vec<(String, Json)>) -> Self {
        Self(members)
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The same with a member more, unless it has one of that name.
    #[must_use]
    pub fn or_with(mut self, name: &str, value: Json) -> Self {
        if self.get(name).is_none() {
            self.0.push((name.to_owned(), value));
        }
        self
    }

    /// Keeps the members that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Json) -> bool) {
        self.0.retain(|(name, value)| keep(name, value));
    }

    /// Applies a merge patch, see [`Json::merge`].
    pub fn merge(&mut self, patch: &Self) {
        let mut members: Vec<Option<(String, Json)>> = std::mem::take(&mut self.0).into_iter().map(Some).collect();
        let places: HashMap<String, usize> =
            members.iter().flatten().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        for (name, change) in &patch.0 {
            let place = places.get(name).and_then(|&at| members.get_mut(at));
            match (change, place) {
                (Json::Null, Some(place)) => *place = None,
                (Json::Null, None) => {}
                (change, Some(Some((_, value)))) => value.merge(change),
                (change, _) => {
                    let mut value = Json::Null;
                    value.merge(change);
                    members.push(Some((name.clone(), value)));
                }
            }
        }
        self.0 = members.into_iter().flatten().collect();
    }

    /// Whether both have the same members, see [`Json::same`].
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        if self.0.len() != other.0.len() {
            return false;
        }
        let members: HashMap<&str, &Json> = other.iter().collect();
        self.iter().all(|(name, value)| members.get(name).is_some_and(|other| value.same(other)))
    }
}
