//! Who depends on whom, from `cargo metadata`.
//!
//! Owns the reading of that JSON; refuses to know which arrow is allowed. Declared dependencies
//! include optional ones and every platform's; the resolved ones, which [`Graph::reachable`] follows,
//! are those of this workspace's features.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// The dependencies of a workspace.
pub(crate) struct Graph {
    names: BTreeMap<String, String>,
    members: BTreeSet<String>,
    declared: BTreeMap<String, Vec<(String, Kind)>>,
    resolved: BTreeMap<String, Vec<String>>,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The crate itself.
    Normal,
    /// Its build script.
    Build,
    /// Its tests.
    Dev,
}

impl Kind {
    fn from_json(value: &Value) -> Self {
        match value.as_str() {
            Some("dev") => Self::Dev,
            Some("build") => Self::Build,
            _ => Self::Normal,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::Build => "build",
            Self::Dev => "dev",
        })
    }
}

impl Graph {
    /// Reads the output of `cargo metadata --format-version 1`.
    pub(crate) fn from_metadata(metadata: &Value) -> Result<Self> {
        let mut graph = Self {
            names: BTreeMap::new(),
            members: BTreeSet::new(),
            declared: BTreeMap::new(),
            resolved: BTreeMap::new(),
        };
        for package in array(&metadata["packages"])? {
            let (id, name) = (text(&package["id"])?, text(&package["name"])?);
            let dependencies = array(&package["dependencies"])?
                .iter()
                .map(|dependency| Ok((text(&dependency["name"])?, Kind::from_json(&dependency["kind"]))))
                .collect::<Result<_>>()?;
            graph.declared.insert(id.clone(), dependencies);
            graph.names.insert(id, name);
        }
        for member in array(&metadata["workspace_members"])? {
            graph.members.insert(text(member)?);
        }
        for node in array(&metadata["resolve"]["nodes"])? {
            let mut followed = Vec::new();
            for dependency in array(&node["deps"])? {
                let kinds = array(&dependency["dep_kinds"])?;
                if kinds.iter().any(|kind| Kind::from_json(&kind["kind"]) != Kind::Dev) {
                    followed.push(text(&dependency["pkg"])?);
                }
            }
            graph.resolved.insert(text(&node["id"])?, followed);
        }
        Ok(graph)
    }

    /// The names of the workspace's crates.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|id| self.name(id))
    }

    /// What the crate of that name says it depends on.
    pub(crate) fn declared(&self, member: &str) -> impl Iterator<Item = (&str, Kind)> {
        let id = self.members.iter().find(|id| self.name(id) == member);
        let declared = id.and_then(|id| self.declared.get(id)).map(Vec::as_slice).unwrap_or_default();
        declared.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// A shortest way to each crate that the member reaches without going through tests.
    pub(crate) fn reachable(&self, member: &str) -> Vec<Vec<String>> {
        let Some(start) = self.members.iter().find(|id| self.name(id) == member) else { return Vec::new() };
        let mut seen = BTreeSet::from([start.as_str()]);
        let mut waiting = VecDeque::from([(start.as_str(), vec![member.to_owned()])]);
        let mut paths = Vec::new();
        while let Some((id, path)) = waiting.pop_front() {
            for next in self.resolved.get(id).into_iter().flatten() {
                if seen.insert(next) {
                    let mut longer = path.clone();
                    longer.push(self.name(next).to_owned());
                    paths.push(longer.clone());
                    waiting.push_back((next, longer));
                }
            }
        }
        paths
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("cargo metadata lacks a list")
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("cargo metadata lacks a name")
}
