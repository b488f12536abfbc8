//! Reads the settings: a TOML file, then the environment over it.
//!
//! Owns how the text of a variable becomes a value: it is read as the type that the key's default has. Nothing
//! else in the server reads the environment. Its surprising rule: empty is unset. Compose files and charts make
//! empty texts of what nobody set, so a variable or a text in the file without anything in it changes nothing.

use crate::settings::Settings;
use crate::settings::variables::{Meaning, is_known, meaning};
use crate::settings::variants::specs;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// The keys that have no default to tell them by.
const KEYS_WITHOUT_DEFAULT: [&str; 5] =
    ["auth.hs256_secret", "auth.jwks", "auth.issuer", "auth.audience", "telemetry.otlp_endpoint"];
/// A secret is taken as it is: whoever signs with it has the same spaces around it.
const SECRET: &str = "auth.hs256_secret";
const DEFAULT_FILE: &str = "packshot.toml";

/// The settings and where they came from.
#[derive(Debug)]
pub struct Loaded {
    /// All of them.
    pub settings: Settings,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// Whether neither a file nor a variable set anything.
    pub all_defaults: bool,
    /// What was probably meant and was not taken, a line each.
    pub warnings: Vec<String>,
}

/// Why the settings are no good: one line that names the key.
#[derive(Debug, thiserror::Error)]
#[error("settings: {0}")]
pub struct SettingsError(String);

/// Reads `file`, else `packshot.toml` where it exists, and puts `environment` over it.
///
/// # Errors
/// [`SettingsError`] for a file that cannot be read, an unknown key or a bad value.
pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Loaded, SettingsError> {
    let file = file.map(Path::to_owned).or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
    let defaults = defaults()?;
    let known = keys_of(&defaults);
    let mut tree = file.as_deref().map(read_file).transpose()?.unwrap_or_default();
    let (mut overridden, mut warnings) = (BTreeMap::new(), Vec::new());
    for (variable, text) in environment.iter().filter(|(_, text)| !text.trim().is_empty()) {
        match meaning(variable, &known) {
            Meaning::Setting(path) => {
                let key = path.join(".");
                let value = typed(&path, lookup(&defaults, &path), text)
                    .map_err(|error| SettingsError(format!("{key}: {error} (from {variable})")))?;
                insert(&mut tree, &path, value)
                    .map_err(|()| SettingsError(format!("unknown setting {key} (from {variable})")))?;
                overridden.insert(key, variable.clone());
            }
            Meaning::NearMiss(right) => warnings.push(format!("{variable} is no setting; {right} would be one")),
            Meaning::Foreign => {}
        }
    }
    tidy(&mut tree, &mut Vec::new(), &known);
    let all_defaults = file.is_none() && overridden.is_empty();
    let mut settings = deserialize(tree, &overridden)?;
    settings.normalize();
    settings.validate().map_err(|errors| SettingsError(describe(&errors, &overridden)))?;
    specs(&settings.variants).map_err(SettingsError)?;
    if settings.auth.jwks.is_some() && settings.auth.hs256_secret.is_some() {
        return Err(SettingsError("auth.jwks and auth.hs256_secret exclude each other".to_owned()));
    }
    Ok(Loaded { settings, file, all_defaults, warnings })
}

fn defaults() -> Result<Table, SettingsError> {
    Table::try_from(Settings::default()).map_err(|error| SettingsError(error.to_string()))
}

/// Every dotted key that can be set, but for the options of the store and the variants, which have names of
/// their own.
fn keys_of(defaults: &Table) -> BTreeSet<String> {
    let sections = defaults.iter().filter_map(|(section, keys)| Some((section, keys.as_table()?)));
    let keys = sections.flat_map(|(section, keys)| keys.keys().map(move |key| format!("{section}.{key}")));
    keys.chain(KEYS_WITHOUT_DEFAULT.map(str::to_owned)).collect()
}

/// The same, for tests.
#[cfg(test)]
pub(super) fn known_keys() -> BTreeSet<String> {
    keys_of(&Table::try_from(Settings::default()).unwrap_or_default())
}

/// Takes the spaces around texts away, and what is empty then.
fn tidy(table: &mut Table, path: &mut Vec<String>, known: &BTreeSet<String>) {
    let names: Vec<String> = table.keys().cloned().collect();
    for name in names {
        path.push(name.clone());
        let is_empty = match table.get_mut(&name) {
            Some(Value::Table(inner)) => {
                tidy(inner, path, known);
                false
            }
            Some(Value::String(text)) => {
                let trimmed = text.trim().to_owned();
                if path.join(".") != SECRET {
                    text.clone_from(&trimmed);
                }
                trimmed.is_empty()
            }
            Some(Value::Array(items)) => {
                items.retain_mut(|item| match item {
                    Value::String(text) => {
                        *text = text.trim().to_owned();
                        !text.is_empty()
                    }
                    _ => true,
                });
                false
            }
            _ => false,
        };
        // One that is not known stays, to be refused by its name.
        if is_empty && is_known(path, known) {
            table.remove(&name);
        }
        path.pop();
    }
}

fn read_file(path: &Path) -> Result<Table, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SettingsError(format!("cannot read {}: {error}", path.display())))?;
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
        SettingsError(format!("{}{line}: {}", path.display(), error.message()))
    })
}

fn lookup<'a>(tree: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (last, sections) = path.split_last()?;
    let section = sections.iter().try_fold(tree, |table, name| table.get(name)?.as_table())?;
    section.get(last)
}

fn insert(tree: &mut Table, path: &[String], value: Value) -> Result<(), ()> {
    let (last, sections) = path.split_last().ok_or(())?;
    let mut table = tree;
    for name in sections {
        let entry = table.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
        table = entry.as_table_mut().ok_or(())?;
    }
    table.insert(last.clone(), value);
    Ok(())
}

/// `text` as a value of the type that `default` has; text where there is no default.
fn typed(path: &[String], default: Option<&Value>, text: &str) -> Result<Value, String> {
    match (path, default) {
        (_, Some(Value::Integer(_))) => integer(text),
        (_, Some(Value::Boolean(_))) => {
            text.trim().parse().map(Value::Boolean).map_err(|_| format!("must be true or false, not '{text}'"))
        }
        (_, Some(Value::Array(_))) if text.trim_start().starts_with('[') => list(text),
        (_, Some(Value::Array(_))) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        ([section, _, key], None) if section == "variants" => match key.as_str() {
            "width" | "height" | "quality" => integer(text),
            "background" => list(text),
            _ => Ok(Value::String(text.to_owned())),
        },
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> Result<Value, String> {
    text.trim().parse().map(Value::Integer).map_err(|_| format!("must be an integer, not '{text}'"))
}

fn list(text: &str) -> Result<Value, String> {
    let table: Table = format!("list = {text}").parse().map_err(|_| format!("must be a list, not '{text}'"))?;
    table.get("list").cloned().ok_or_else(|| "must be a list".to_owned())
}

fn deserialize(tree: Table, overridden: &BTreeMap<String, String>) -> Result<Settings, SettingsError> {
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(Value::Table(tree), &mut track);
    Settings::deserialize(deserializer).map_err(|error| {
        let message = error.to_string();
        let message = message.lines().next().unwrap_or_default().to_owned();
        let path = track.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        SettingsError(match unknown {
            Some((field, rest)) => {
                // The path may or may not end in the field already.
                let section = path.strip_suffix(field).map_or(path.as_str(), |section| section.trim_end_matches('.'));
                let key = if section.is_empty() { field.to_owned() } else { format!("{section}.{field}") };
                format!("unknown setting {key}{}{rest}", origin(&key, overridden))
            }
            None => format!("{path}: {message}{}", origin(&path, overridden)),
        })
    })
}

fn origin(key: &str, overridden: &BTreeMap<String, String>) -> String {
    // An item of a list came with the list.
    let key = key.split('[').next().unwrap_or_default();
    overridden.get(key).map(|variable| format!(" (from {variable})")).unwrap_or_default()
}

/// Every bad value of a validation, with its key, in one line.
fn describe(errors: &ValidationErrors, overridden: &BTreeMap<String, String>) -> String {
    fn collect(prefix: &str, errors: &ValidationErrors, found: &mut Vec<(String, String)>) {
        for (field, kind) in errors.errors() {
            let key = if prefix.is_empty() { field.to_string() } else { format!("{prefix}.{field}") };
            match kind {
                ValidationErrorsKind::Struct(inner) => collect(&key, inner, found),
                ValidationErrorsKind::List(items) => items.values().for_each(|inner| collect(&key, inner, found)),
                ValidationErrorsKind::Field(errors) => {
                    for error in errors {
                        found.push((key.clone(), rule(error)));
                    }
                }
            }
        }
    }
    let mut found = Vec::new();
    collect("", errors, &mut found);
    found.sort();
    let lines = found.iter().map(|(key, rule)| format!("{key}: {rule}{}", origin(key, overridden)));
    lines.collect::<Vec<_>>().join("; ")
}

fn rule(error: &validator::ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.to_string();
    }
    let mut text = "out of range".to_owned();
    for bound in ["min", "max"] {
        if let Some(value) = error.params.get(bound) {
            let _ = write!(text, ", {bound} {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
