//! A set of keys that tokens are checked with.
//!
//! Owns which keys of a JSON Web Key Set (RFC 7517) are used; refuses to know where the set came
//! from. Its surprising rule: a key that is not usable is left out and the others go on working,
//! because providers publish keys for other purposes in the same set.

use crate::secret::Secret;
use crate::settings::Algorithm;
use biscuit::jwk::{EllipticCurve, EllipticCurveKeyParameters, RSAKeyParameters};
use biscuit::jws;
use serde_json::{Map, Value};

/// More keys than any provider has.
const MAX_KEYS: usize = 200;

/// A key with the one algorithm that it is used with.
#[derive(Clone)]
pub(crate) struct VerifyKey {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: jws::Secret,
}

/// The usable keys.
#[derive(Clone)]
pub(crate) struct KeySet(Vec<VerifyKey>);

/// Why some text is no key set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKeySet {
    #[error("it is not JSON: {0}")]
    Json(String),
    #[error("it has no array `keys`")]
    NoKeys,
    #[error("it has more than {MAX_KEYS} keys")]
    TooManyKeys,
    #[error("none of its keys can check signatures of the allowed algorithms ({0})")]
    NoUsableKey(String),
}

impl KeySet {
    /// The set of one shared secret.
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        Self(vec![VerifyKey { id: None, algorithm: Algorithm::Hs256, secret: secret.for_signatures() }])
    }

    /// The keys of a JSON Web Key Set that check signatures of these algorithms.
    ///
    /// # Errors
    /// [`BadKeySet`], also when no key is left.
    pub(crate) fn parse(json: &[u8], algorithms: &[Algorithm]) -> Result<Self, BadKeySet> {
        let set: Value = serde_json::from_slice(json).map_err(|error| BadKeySet::Json(error.to_string()))?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(BadKeySet::NoKeys)?;
        if keys.len() > MAX_KEYS {
            return Err(BadKeySet::TooManyKeys);
        }
        let (mut usable, mut reasons) = (Vec::new(), Vec::new());
        for key in keys {
            match parse_key(key, algorithms) {
                Ok(key) => usable.push(key),
                Err(reason) => reasons.push(reason),
            }
        }
        if usable.is_empty() {
            reasons.dedup();
            return Err(BadKeySet::NoUsableKey(reasons.join("; ")));
        }
        Ok(Self(usable))
    }

    /// The keys that a token with this `kid` may be signed with: those of that id, or every one for a
    /// token that names none. A shared secret has no id and fits whatever a token calls it.
    pub(crate) fn candidates<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a VerifyKey> {
        self.0.iter().filter(move |key| match (kid, key.id.as_deref()) {
            (None, _) => true,
            (Some(wanted), Some(id)) => wanted == id,
            (Some(_), None) => key.algorithm == Algorithm::Hs256,
        })
    }

    /// Whether some key fits this `kid`.
    pub(crate) fn knows(&self, kid: Option<&str>) -> bool {
        self.candidates(kid).next().is_some()
    }
}

fn parse_key(key: &Value, algorithms: &[Algorithm]) -> Result<VerifyKey, &'static str> {
    let members = key.as_object().ok_or("a key is not an object")?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if members.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err("a key is not for signatures");
    }
    if let Some(operations) = members.get("key_ops") {
        let verifies = |operations: &Vec<Value>| operations.iter().any(|operation| operation == "verify");
        if !operations.as_array().is_some_and(verifies) {
            return Err("a key is not for checking signatures");
        }
    }
    // The type of the key alone decides the algorithm: an RSA key is never an HMAC secret.
    let (algorithm, secret) = match text("kty") {
        Some("RSA") => (Algorithm::Rs256, rsa(members)?),
        Some("EC") => (Algorithm::Es256, elliptic_curve(members)?),
        _ => return Err("a key is neither RSA nor EC"),
    };
    if members.get("alg").is_some_and(|named| named != algorithm.name()) || !algorithms.contains(&algorithm) {
        return Err("a key is for another algorithm");
    }
    let id = match members.get("kid") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err("a key's kid is not a string"),
    };
    Ok(VerifyKey { id, algorithm, secret })
}

fn rsa(members: &Map<String, Value>) -> Result<jws::Secret, &'static str> {
    // Only the public members are handed on: a set that shows a private key may be broken otherwise.
    let public = only(members, &["kty", "n", "e"]);
    let key: RSAKeyParameters = serde_json::from_value(public).map_err(|_| "an RSA key cannot be read")?;
    if !(2048..=8192).contains(&key.n.bits()) {
        return Err("an RSA key has fewer than 2048 or more than 8192 bits");
    }
    if !(2..=33).contains(&key.e.bits()) {
        return Err("an RSA key has an exponent out of bounds");
    }
    Ok(key.jws_public_key_secret())
}

fn elliptic_curve(members: &Map<String, Value>) -> Result<jws::Secret, &'static str> {
    let public = only(members, &["kty", "crv", "x", "y"]);
    let key: EllipticCurveKeyParameters = serde_json::from_value(public).map_err(|_| "an EC key cannot be read")?;
    if key.curve != EllipticCurve::P256 {
        return Err("an EC key is not on P-256");
    }
    if key.x.len() != 32 || key.y.len() != 32 {
        return Err("an EC key's coordinates do not have 32 bytes");
    }
    Ok(key.jws_public_key_secret())
}

fn only(members: &Map<String, Value>, names: &[&str]) -> Value {
    let kept = members.iter().filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BOTH: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256];

    fn ec(changes: Value) -> Value {
        let mut key = json!({
            "kty": "EC", "crv": "P-256", "kid": "a",
            "x": "Nyf5aq1BaIfddcwuMzw9jgbc35aLYCRXlEmiuALvyJE", "y": "9jjHUc9ofm_5ooDhG3A2WF5gyjK7Rpw-V5mKKJ4IYKY",
        });
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn parse(keys: Value) -> Result<KeySet, BadKeySet> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), BOTH)
    }

    #[test]
    fn a_key_that_is_not_usable_does_not_spoil_the_set() {
        let set = parse(json!([
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            "what", null, {"kty": 7}, ec(json!({})),
        ]));
        assert!(set.unwrap().knows(Some("a")));
    }

    #[test]
    fn keys_for_other_purposes_are_left_out() {
        for changes in [
            json!({"use": "enc"}),
            json!({"use": 1}),
            json!({"key_ops": ["encrypt"]}),
            json!({"key_ops": "verify"}),
            json!({"alg": "ES384"}),
            json!({"alg": "HS256"}),
            json!({"crv": "P-384"}),
            json!({"x": "AA"}),
            json!({"kty": "oct", "k": "c2VjcmV0"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
            json!({"kid": 5}),
        ] {
            assert!(matches!(parse(json!([ec(changes.clone())])), Err(BadKeySet::NoUsableKey(_))), "{changes}");
        }
        for changes in [json!({"use": "sig"}), json!({"key_ops": ["verify"]}), json!({"alg": "ES256"})] {
            assert!(parse(json!([ec(changes.clone())])).is_ok(), "{changes}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_allowed_has_no_keys() {
        let set = json!({"keys": [ec(json!({}))]}).to_string();
        assert!(KeySet::parse(set.as_bytes(), &[Algorithm::Rs256]).is_err());
        assert!(KeySet::parse(set.as_bytes(), &[Algorithm::Es256]).is_ok());
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        let refusal = |text: &str| KeySet::parse(text.as_bytes(), BOTH).err().unwrap();
        assert!(matches!(refusal("<html>"), BadKeySet::Json(_)));
        assert_eq!(refusal("{}"), BadKeySet::NoKeys);
        assert_eq!(refusal(r#"{"keys": {}}"#), BadKeySet::NoKeys);
        assert!(matches!(refusal(r#"{"keys": []}"#), BadKeySet::NoUsableKey(_)));
        assert_eq!(refusal(&json!({"keys": vec![0; MAX_KEYS + 1]}).to_string()), BadKeySet::TooManyKeys);
    }

    #[test]
    fn a_key_is_found_by_its_id_alone() {
        let set = parse(json!([ec(json!({})), ec(json!({"kid": null}))])).unwrap();
        assert_eq!(set.candidates(Some("a")).count(), 1);
        assert_eq!(set.candidates(None).count(), 2);
        assert!(!set.knows(Some("b")));
    }
}
