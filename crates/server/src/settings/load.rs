//! Reads the settings: a TOML file, then the environment over it.
//!
//! Owns the one rule for variables: `PACKSHOT_<SECTION>__<KEY>` overrides `section.key`, and its text
//! is read as the type that the key's default has. Nothing else in the server reads the environment.

use crate::settings::Settings;
use crate::settings::variants::specs;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

const PREFIX: &str = "PACKSHOT_";
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
    let mut tree = file.as_deref().map(read_file).transpose()?.unwrap_or_default();
    let overridden = overlay(&mut tree, environment)?;
    let all_defaults = file.is_none() && overridden.is_empty();
    let settings = deserialize(tree, &overridden)?;
    settings.validate().map_err(|errors| SettingsError(describe(&errors, &overridden)))?;
    specs(&settings.variants).map_err(SettingsError)?;
    if settings.auth.jwks.is_some() && settings.auth.hs256_secret.is_some() {
        return Err(SettingsError("auth.jwks and auth.hs256_secret exclude each other".to_owned()));
    }
    Ok(Loaded { settings, file, all_defaults })
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

/// Puts the variables into the tree; gives back which dotted key each of them set.
fn overlay(
    tree: &mut Table,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, SettingsError> {
    let defaults = Table::try_from(Settings::default()).map_err(|error| SettingsError(error.to_string()))?;
    let mut overridden = BTreeMap::new();
    for (variable, text) in environment {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = name.to_ascii_lowercase().split("__").map(str::to_owned).collect();
        let key = path.join(".");
        let value = typed(lookup(&defaults, &path), text)
            .map_err(|error| SettingsError(format!("{key}: {error} (from {variable})")))?;
        insert(tree, &path, value).map_err(|()| SettingsError(format!("unknown setting {key} (from {variable})")))?;
        overridden.insert(key, variable.clone());
    }
    Ok(overridden)
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
fn typed(default: Option<&Value>, text: &str) -> Result<Value, String> {
    match default {
        Some(Value::Integer(_)) => {
            text.trim().parse().map(Value::Integer).map_err(|_| format!("must be an integer, not '{text}'"))
        }
        Some(Value::Boolean(_)) => {
            text.trim().parse().map(Value::Boolean).map_err(|_| format!("must be true or false, not '{text}'"))
        }
        Some(Value::Array(_)) if text.trim_start().starts_with('[') => {
            let table: Table = format!("list = {text}").parse().map_err(|_| format!("must be a list, not '{text}'"))?;
            table.get("list").cloned().ok_or_else(|| "must be a list".to_owned())
        }
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
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
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
        let environment = variables.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        load(None, &environment)
    }

    fn from_file(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        std::fs::write(&path, text).unwrap();
        let environment = variables.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        load(Some(&path), &environment)
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        let loaded = from(&[("HOME", "/root")]).unwrap();
        assert!(loaded.all_defaults);
        assert_eq!(loaded.settings.server.bind, "127.0.0.1:8000");
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let file = "[limits]\nper_user_hour = 7\nper_address_hour = 8\n[server]\ncors_origins = ['a']\n";
        let set = [("PACKSHOT_LIMITS__PER_USER_HOUR", "9"), ("PACKSHOT_SERVER__CORS_ORIGINS", "https://a, https://b")];
        let loaded = from_file(file, &set).unwrap();
        assert!(!loaded.all_defaults);
        assert_eq!((loaded.settings.limits.per_user_hour, loaded.settings.limits.per_address_hour), (9, 8));
        assert_eq!(loaded.settings.server.cors_origins, ["https://a", "https://b"]);
    }

    #[test]
    fn digits_stay_text_where_text_is_meant() {
        let loaded = from(&[("PACKSHOT_AUTH__ISSUER", "42")]).unwrap();
        assert_eq!(loaded.settings.auth.issuer.as_deref(), Some("42"));
    }

    #[test]
    fn every_fault_names_its_key() {
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 8] = [
            ("[server]\nbindd = 'x'\n", &[], "unknown setting server.bindd"),
            ("[sever]\nbind = 'x'\n", &[], "unknown setting sever"),
            ("", &[("PACKSHOT_SERVER__BINDD", "x")], "unknown setting server.bindd (from PACKSHOT_SERVER__BINDD)"),
            ("", &[("PACKSHOT_LIMITS__PER_USER_HOUR", "many")], "limits.per_user_hour: must be an integer"),
            ("[limits]\nper_user_hour = 'many'\n", &[], "limits.per_user_hour: invalid type"),
            ("[database]\npool_size = 0\n", &[], "database.pool_size: out of range"),
            ("[server]\npublic_base_url = 'cdn'\n", &[], "server.public_base_url: must be"),
            ("[server\n", &[], "line 1"),
        ];
        for (file, variables, expected) in cases {
            let error = from_file(file, variables).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should contain {expected}");
            assert!(!error.contains('\n'), "{error}");
        }
        let missing = load(Some(Path::new("/nowhere/p.toml")), &BTreeMap::new()).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/p.toml"), "{missing}");
    }

    #[test]
    fn variants_are_settings() {
        let file = "[variants.square]\nwidth = 400\nheight = 400\nfit = 'cover'\nformat = 'webp'\n";
        let loaded = from_file(file, &[]).unwrap();
        assert_eq!(specs(&loaded.settings.variants).unwrap().as_slice()[0].folder.as_str(), "square");
        let bad = from_file("[variants.square]\nwidth = 400\nfit = 'cover'\n", &[]).unwrap_err().to_string();
        assert!(bad.contains("variants.square"), "{bad}");
    }
}
