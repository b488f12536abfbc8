//! The claims of a token whose signature is good: whether they hold now, and whose they are.
//!
//! Owns the checks of `exp`, `nbf`, `iss` and `aud` (RFC 7519, section 4.1) and where roles are looked
//! for; refuses to know keys. Its surprising rule: times are brought within the calendar before
//! `biscuit` sees them, because it panics on others.

use crate::settings::TokenSettings;
use crate::signature::BadToken;
use biscuit::{
    ClaimPresenceOptions, Presence, RegisteredClaims, SingleOrMultiple, TemporalOptions, Timestamp, Validation,
    ValidationOptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use packshot_domain::access::{Caller, UserName};
use serde_json::{Map, Number, Value};

/// The end of the year 9999, in seconds; later times are mistakes or attacks.
pub(crate) const MAX_TIME_SECONDS: i64 = 253_402_300_799;

/// The caller that the claims in `payload` speak for at the moment `now`.
pub(crate) fn caller(payload: &[u8], settings: &TokenSettings, now: DateTime<Utc>) -> Result<Caller, BadToken> {
    let claims: Map<String, Value> =
        serde_json::from_slice(payload).map_err(|error| BadToken::Claims(error.to_string()))?;
    let refused = |error: biscuit::errors::ValidationError| BadToken::Refused(error.to_string());
    registered(&claims)?.validate(options(settings, now)?).map_err(refused)?;
    let user = user(&claims)?;
    let is_admin = settings
        .role_claims
        .iter()
        .filter_map(|path| find(&claims, path))
        .flat_map(roles)
        .any(|role| settings.admin_roles.iter().any(|admin| admin == role));
    Ok(Caller { user, is_admin })
}

fn options(settings: &TokenSettings, now: DateTime<Utc>) -> Result<ValidationOptions, BadToken> {
    let expected = |value: &Option<String>| value.clone().map_or(Validation::Ignored, Validation::Validate);
    let presence = |value: &Option<String>| if value.is_some() { Presence::Required } else { Presence::Optional };
    let epsilon = TimeDelta::from_std(settings.leeway).map_err(|error| BadToken::Refused(error.to_string()))?;
    Ok(ValidationOptions {
        claim_presence_options: ClaimPresenceOptions {
            expiry: Presence::Required,
            issuer: presence(&settings.issuer),
            audience: presence(&settings.audience),
            ..ClaimPresenceOptions::default()
        },
        temporal_options: TemporalOptions { epsilon, now: Some(now) },
        issued_at: Validation::Ignored,
        not_before: Validation::Validate(()),
        expiry: Validation::Validate(()),
        issuer: expected(&settings.issuer),
        audience: expected(&settings.audience),
    })
}

fn registered(claims: &Map<String, Value>) -> Result<RegisteredClaims, BadToken> {
    Ok(RegisteredClaims {
        issuer: string(claims, "iss")?,
        audience: audience(claims)?,
        expiry: time(claims, "exp")?,
        not_before: time(claims, "nbf")?,
        ..RegisteredClaims::default()
    })
}

fn wrong(name: &str) -> BadToken {
    BadToken::Claims(format!("`{name}` is not what RFC 7519 says"))
}

fn string(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, BadToken> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name)),
    }
}

fn audience(claims: &Map<String, Value>) -> Result<Option<SingleOrMultiple<String>>, BadToken> {
    match claims.get("aud") {
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            let texts = texts.collect::<Option<Vec<_>>>().ok_or_else(|| wrong("aud"))?;
            Ok(Some(SingleOrMultiple::Multiple(texts)))
        }
        _ => Ok(string(claims, "aud")?.map(SingleOrMultiple::Single)),
    }
}

/// A NumericDate: seconds since 1970, a fraction allowed (and dropped).
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, BadToken> {
    let number = match claims.get(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(wrong(name)),
    };
    let seconds = whole_seconds(number).filter(|seconds| (0..=MAX_TIME_SECONDS).contains(seconds));
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or_else(|| wrong(name))?;
    Ok(Some(Timestamp::from(time)))
}

#[expect(clippy::cast_possible_truncation, reason = "a float beyond the bounds saturates, and is refused after")]
fn whole_seconds(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| number.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64))
}

/// Who it is: `preferred_username`, else `sub`.
fn user(claims: &Map<String, Value>) -> Result<UserName, BadToken> {
    let named = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = named("preferred_username").or_else(|| named("sub"));
    let name = name.ok_or_else(|| BadToken::Refused("it names nobody (`preferred_username` or `sub`)".to_owned()))?;
    UserName::parse(name).map_err(|error| BadToken::Refused(error.to_string()))
}

/// The claim at a dotted path, where dots may also be part of a claim's own name.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        path.match_indices('.').find_map(|(at, _)| {
            let inner = claims.get(path.get(..at)?)?.as_object()?;
            find(inner, path.get(at + 1..)?)
        })
    })
}

fn roles(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(text) => text.split_whitespace().collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySource, Secret};
    use serde_json::json;

    fn settings() -> TokenSettings {
        TokenSettings::new(KeySource::Hs256(Secret::parse(b"9f86d081884c7d659a2feaa0c55ad015").unwrap()))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn ask(claims: &Value) -> Result<Caller, BadToken> {
        caller(claims.to_string().as_bytes(), &settings(), at(1000))
    }

    #[test]
    fn roles_are_found_in_every_shape_at_every_path() {
        for claim in [
            json!({"role": "admin"}),
            json!({"roles": ["viewer", "admin"]}),
            json!({"scope": "openid admin profile"}),
            json!({"realm_access": {"roles": ["admin"]}}),
            json!({"realm_access.roles": ["admin"]}),
        ] {
            let mut claims = json!({"sub": "ann", "exp": 2000});
            claims.as_object_mut().unwrap().extend(claim.as_object().unwrap().clone());
            assert!(ask(&claims).unwrap().is_admin, "{claim}");
        }
        for claim in [
            json!({"role": "Admin"}),
            json!({"role": "administrator"}),
            json!({"roles": ["viewer admin"]}),
            json!({"roles": {"admin": true}}),
            json!({"role": true}),
            json!({"realm_access": {"groups": ["admin"]}}),
            json!({"other": "admin"}),
        ] {
            let mut claims = json!({"sub": "ann", "exp": 2000});
            claims.as_object_mut().unwrap().extend(claim.as_object().unwrap().clone());
            assert!(!ask(&claims).unwrap().is_admin, "{claim}");
        }
    }

    #[test]
    fn a_claim_whose_name_is_a_url_can_hold_roles() {
        let settings = TokenSettings { role_claims: vec!["https://shop.example/app.roles".into()], ..settings() };
        for claims in [
            json!({"sub": "a", "exp": 2000, "https://shop.example/app.roles": "admin"}),
            json!({"sub": "a", "exp": 2000, "https://shop.example/app": {"roles": "admin"}}),
        ] {
            assert!(caller(claims.to_string().as_bytes(), &settings, at(1000)).unwrap().is_admin, "{claims}");
        }
    }

    #[test]
    fn the_user_is_the_preferred_name_else_the_subject() {
        let user = |claims| ask(&claims).map(|caller| caller.user.as_str().to_owned());
        assert_eq!(user(json!({"exp": 2000, "sub": "17", "preferred_username": "ann"})).unwrap(), "ann");
        assert_eq!(user(json!({"exp": 2000, "preferred_username": "ann"})).unwrap(), "ann");
        assert_eq!(user(json!({"exp": 2000, "sub": "17"})).unwrap(), "17");
        assert_eq!(user(json!({"exp": 2000, "sub": "17", "preferred_username": ""})).unwrap(), "17");
        assert!(user(json!({"exp": 2000})).is_err());
        assert!(user(json!({"exp": 2000, "sub": 17})).is_err());
        assert!(user(json!({"exp": 2000, "sub": "a\nb"})).is_err());
        assert!(user(json!({"exp": 2000, "sub": "x".repeat(256)})).is_err());
    }

    #[test]
    fn times_are_held_against_the_clock_with_the_leeway() {
        for (exp, good) in [(1000, true), (970, true), (969, false), (0, false)] {
            assert_eq!(ask(&json!({"sub": "a", "exp": exp})).is_ok(), good, "exp {exp}");
        }
        for (nbf, good) in [(1000, true), (1030, true), (1031, false), (MAX_TIME_SECONDS, false)] {
            assert_eq!(ask(&json!({"sub": "a", "exp": 2000, "nbf": nbf})).is_ok(), good, "nbf {nbf}");
        }
        assert!(ask(&json!({"sub": "a", "exp": 1000.5})).is_ok());
    }

    #[test]
    fn times_off_the_calendar_are_refused_without_a_panic() {
        for exp in
            [json!(9e12), json!(9_000_000_000_000_i64), json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!(1e300)]
        {
            assert!(ask(&json!({"sub": "a", "exp": exp})).is_err(), "exp {exp}");
            assert!(ask(&json!({"sub": "a", "exp": 2000, "nbf": exp})).is_err(), "nbf {exp}");
        }
        for exp in [json!("2000"), json!(null), json!([2000]), json!(-1)] {
            assert!(ask(&json!({"sub": "a", "exp": exp})).is_err(), "exp {exp}");
        }
        assert!(ask(&json!({"sub": "a", "exp": MAX_TIME_SECONDS})).is_ok());
        assert!(ask(&json!({"sub": "a", "exp": MAX_TIME_SECONDS + 1})).is_err());
    }

    #[test]
    fn a_token_without_an_end_is_refused() {
        assert!(ask(&json!({"sub": "a"})).is_err());
    }

    #[test]
    fn issuer_and_audience_are_required_once_they_are_set() {
        let settings = TokenSettings { issuer: Some("i".into()), audience: Some("a".into()), ..settings() };
        let good = |claims: Value| caller(claims.to_string().as_bytes(), &settings, at(1000)).is_ok();
        assert!(good(json!({"sub": "s", "exp": 2000, "iss": "i", "aud": "a"})));
        assert!(good(json!({"sub": "s", "exp": 2000, "iss": "i", "aud": ["b", "a"]})));
        for bad in [
            json!({"sub": "s", "exp": 2000, "aud": "a"}),
            json!({"sub": "s", "exp": 2000, "iss": "i"}),
            json!({"sub": "s", "exp": 2000, "iss": "i/", "aud": "a"}),
            json!({"sub": "s", "exp": 2000, "iss": ["i"], "aud": "a"}),
            json!({"sub": "s", "exp": 2000, "iss": "i", "aud": "ab"}),
            json!({"sub": "s", "exp": 2000, "iss": "i", "aud": []}),
            json!({"sub": "s", "exp": 2000, "iss": "i", "aud": ["b"]}),
            json!({"sub": "s", "exp": 2000, "iss": "i", "aud": [1, "a"]}),
        ] {
            assert!(!good(bad.clone()), "{bad}");
        }
    }

    #[test]
    fn claims_are_a_json_object() {
        for payload in ["", "null", "[]", "\"a\"", "{", "{}x"] {
            assert!(caller(payload.as_bytes(), &settings(), at(1000)).is_err(), "{payload}");
        }
    }
}
