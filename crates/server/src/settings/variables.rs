//! Which environment variables are settings.
//!
//! Owns the one rule: `PACKSHOT_<SECTION>__<KEY>` is one, and nothing else. For a service whose name begins with
//! `packshot`, Kubernetes and Docker's links make variables that begin the same (`PACKSHOT_SERVICE_HOST`,
//! `PACKSHOT_PORT_8000_TCP_ADDR`): those are let be. What only looks like a setting is told, not taken.
//! Refuses to know what a value means.

use std::collections::BTreeSet;

const PREFIX: &str = "PACKSHOT_";
/// What can be set of each variant.
const VARIANT_KEYS: [&str; 7] = ["width", "height", "fit", "background", "format", "quality", "folder"];

/// What a variable is to the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The setting at this path, whether there is such a setting or not.
    Setting(Vec<String>),
    /// No setting, but one letter away from this one.
    NearMiss(String),
    /// Nothing.
    Foreign,
}

/// What the variable `name` is, where these dotted keys can be set.
pub(super) fn meaning(name: &str, known: &BTreeSet<String>) -> Meaning {
    let Some(rest) = name.strip_prefix(PREFIX) else { return near_miss(name, known) };
    let path: Vec<String> = rest.to_ascii_lowercase().split("__").map(str::to_owned).collect();
    let is_setting = path.len() > 1 && !path.iter().any(String::is_empty);
    if is_setting && (is_known(&path, known) || !is_service_link(rest)) {
        return Meaning::Setting(path);
    }
    if is_service_link(rest) { Meaning::Foreign } else { near_miss(name, known) }
}

/// Whether there is a setting at `path`.
pub(super) fn is_known(path: &[String], known: &BTreeSet<String>) -> bool {
    match path {
        [section, _, key] if section == "variants" => VARIANT_KEYS.contains(&key.as_str()),
        [section, options, _] if section == "storage" && options == "options" => true,
        _ => known.contains(&path.join(".")),
    }
}

/// Compared by their words alone.
fn near_miss(name: &str, known: &BTreeSet<String>) -> Meaning {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let Some((first, words)) = words.split_first() else { return Meaning::Foreign };
    if format!("{first}_") != PREFIX.to_ascii_lowercase() {
        return Meaning::Foreign;
    }
    let joined = words.join("_");
    let meant = match words {
        [section, options, option @ ..] if section == "storage" && options == "options" && !option.is_empty() => {
            Some(["storage", "options", &option.join("_")].join("__"))
        }
        [section, variant @ .., key]
            if section == "variants" && !variant.is_empty() && VARIANT_KEYS.contains(&key.as_str()) =>
        {
            Some(["variants", &variant.join("_"), key].join("__"))
        }
        _ => known.iter().find(|key| key.replace('.', "_") == joined).map(|key| key.replace('.', "__")),
    };
    meant.map_or(Meaning::Foreign, |meant| Meaning::NearMiss(format!("{PREFIX}{}", meant.to_ascii_uppercase())))
}

/// Whether a service's link ends like this, behind the service's name.
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>,
/// <https://docs.docker.com/engine/network/links/#environment-variables>
fn is_service_link(rest: &str) -> bool {
    // The name may be `packshot` alone, of which nothing is left, and never ends in a hyphen.
    let padded = format!("_{rest}");
    padded.match_indices('_').any(|(place, _)| {
        let (name, tail) = padded.split_at(place);
        (name.is_empty() || name.ends_with(|c: char| c.is_ascii_alphanumeric())) && is_links_end(&tail[1..])
    })
}

fn is_links_end(tail: &str) -> bool {
    match tail {
        "SERVICE_HOST" | "SERVICE_PORT" | "NAME" | "PORT" | "PORT_START" | "PORT_END" => true,
        _ if tail.starts_with("SERVICE_PORT_") || tail.starts_with("ENV_") => true,
        _ => tail.strip_prefix("PORT_").is_some_and(is_ports_end),
    }
}

/// Such as `8000_TCP_ADDR`.
fn is_ports_end(tail: &str) -> bool {
    let Some((port, tail)) = tail.split_once('_') else { return false };
    let (protocol, what) = tail.split_once('_').unwrap_or((tail, ""));
    !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && matches!(protocol, "TCP" | "UDP" | "SCTP")
        && matches!(what, "" | "PROTO" | "PORT" | "ADDR" | "START" | "END" | "PORT_START" | "PORT_END")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::load::known_keys;

    /// The variables of a service, as Kubernetes makes them.
    fn of_kubernetes(service: &str) -> Vec<String> {
        let name = service.to_ascii_uppercase().replace('-', "_");
        let mut names = vec![format!("{name}_SERVICE_HOST"), format!("{name}_SERVICE_PORT"), format!("{name}_PORT")];
        for port in ["HTTP", "BIND", "A__B", "SERVER__BIND"] {
            names.push(format!("{name}_SERVICE_PORT_{port}"));
        }
        for port in ["80", "8000"] {
            for protocol in ["TCP", "UDP", "SCTP"] {
                names.extend(
                    ["", "_PROTO", "_PORT", "_ADDR"].map(|what| format!("{name}_PORT_{port}_{protocol}{what}")),
                );
            }
        }
        names
    }

    /// Those of a link, as Docker makes them; it hands the container's own variables on, too.
    fn of_docker(alias: &str) -> Vec<String> {
        let name = alias.to_ascii_uppercase().replace('-', "_");
        let mut names = of_kubernetes(alias);
        names.push(format!("{name}_NAME"));
        names.extend(["START", "END", "PORT_START"].map(|what| format!("{name}_PORT_8000_TCP_{what}")));
        names.extend(["PATH", "PACKSHOT_SERVER__BIND", "SERVER__BIND"].map(|own| format!("{name}_ENV_{own}")));
        names
    }

    #[test]
    fn links_of_every_service_whose_name_begins_with_packshot_are_let_be() {
        let known = known_keys();
        let mut services: BTreeSet<String> =
            ["packshot", "packshot-server", "packshot-1", "packshot-a--b", "packshot--x"].map(str::to_owned).into();
        // Names that are spelt as settings are, and their sections.
        for key in &known {
            let words = key.replace('_', "-");
            services.extend(["-", "--"].map(|hyphen| format!("packshot-{}", words.replace('.', hyphen))));
            services.extend(words.split('.').next().map(|section| format!("packshot-{section}")));
        }
        services.extend(["packshot-variants-x-width", "packshot-storage-options"].map(str::to_owned));
        for service in services {
            for name in of_kubernetes(&service).into_iter().chain(of_docker(&service)) {
                assert_eq!(meaning(&name, &known), Meaning::Foreign, "{name}");
            }
        }
    }

    #[test]
    fn every_setting_is_one_and_a_near_miss_names_it() {
        let known = known_keys();
        for key in &known {
            let right = format!("PACKSHOT_{}", key.replace('.', "__").to_ascii_uppercase());
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            assert_eq!(meaning(&right, &known), Meaning::Setting(path));
            for near in [
                right.replace("__", "_"),
                right.replacen("PACKSHOT_", "PACKSHOT__", 1).replace("__", "_"),
                right.replacen("PACKSHOT_", "PACKSHOT___", 1),
                right.replace("__", "."),
                right.to_ascii_lowercase(),
            ] {
                assert_eq!(meaning(&near, &known), Meaning::NearMiss(right.clone()), "{near}");
            }
        }
        for (near, right) in [
            ("PACKSHOT_STORAGE_OPTIONS_ENDPOINT", "PACKSHOT_STORAGE__OPTIONS__ENDPOINT"),
            ("PACKSHOT_STORAGE_OPTIONS_ACCESS_KEY_ID", "PACKSHOT_STORAGE__OPTIONS__ACCESS_KEY_ID"),
            ("PACKSHOT_VARIANTS_SQUARE_WIDTH", "PACKSHOT_VARIANTS__SQUARE__WIDTH"),
        ] {
            assert_eq!(meaning(near, &known), Meaning::NearMiss(right.to_owned()));
        }
    }

    #[test]
    fn an_unknown_setting_is_one_too_so_that_it_can_be_refused() {
        let known = known_keys();
        for name in [
            "PACKSHOT_SERVER__BINDD",
            "PACKSHOT_SEVER__BIND",
            "PACKSHOT_SERVER__PORT",
            "PACKSHOT_STORAGE__OPTIONS_ENDPOINT",
            "PACKSHOT__SERVER__BIND",
        ] {
            assert!(matches!(meaning(name, &known), Meaning::Setting(_)), "{name}");
        }
        for name in ["PACKSHOT_STORAGE__OPTIONS__ACCOUNT_NAME", "PACKSHOT_VARIANTS__ENV_X__WIDTH"] {
            assert!(matches!(meaning(name, &known), Meaning::Setting(_)), "{name}");
        }
        for name in ["PACKSHOT_BIN", "PACKSHOT_", "PACKSHOT", "PACKSHOT_HOME", "PATH", "", "_", "PACKSHOTS_SERVER_BIND"]
        {
            assert_eq!(meaning(name, &known), Meaning::Foreign, "{name}");
        }
    }
}
