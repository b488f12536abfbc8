//! Keys, clocks and a hand that signs whatever it is told to.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use packshot_domain::access::Caller;
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::token_verifier::{TokenError, TokenVerifier};
use packshot_tokens::{BiscuitTokenVerifier, KeySource, Secret, TokenSettings};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// When the tests begin, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const SECRET: &[u8] = b"9f86d081884c7d659a2feaa0c55ad015";

/// A clock that stands still until it is moved.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::SeqCst), 0).unwrap()
    }
}

/// A private key of one of the algorithms.
pub(crate) enum Signer {
    Hmac(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl Signer {
    pub(crate) fn secret() -> Self {
        Self::Hmac(SECRET.to_vec())
    }

    pub(crate) fn rsa(number: u8) -> Self {
        let der: &[u8] = match number {
            1 => include_bytes!("keys/rsa-1.pk8"),
            _ => include_bytes!("keys/rsa-2.pk8"),
        };
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).unwrap()))
    }

    pub(crate) fn ec() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self::Ec(Box::new(pair))
    }

    /// An EC key whose signatures are in the coding that JWS does not use.
    pub(crate) fn ec_asn1() -> (Self, Value) {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let signer = Self::Ec(Box::new(pair));
        let public = signer.public("ec");
        (signer, public)
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Hmac(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
                ring::hmac::sign(&key, text).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec(),
        }
    }

    /// The public key as a JWK with this id.
    pub(crate) fn public(&self, kid: &str) -> Value {
        match self {
            Self::Hmac(secret) => json!({"kty": "oct", "kid": kid, "k": coded(secret)}),
            Self::Rsa(pair) => {
                let key = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "kid": kid, "n": coded(&key.n), "e": coded(&key.e)})
            }
            Self::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": coded(&point[..32]), "y": coded(&point[32..])})
            }
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.raw_token(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn raw_token(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", coded(header.as_bytes()), coded(claims.as_bytes()));
        let signature = coded(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token that is good, with this key id.
    pub(crate) fn good_token(&self, kid: &str) -> String {
        self.token(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": kid}), &good_claims())
    }
}

pub(crate) fn coded(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

pub(crate) fn good_claims() -> Value {
    json!({"sub": "ann", "roles": ["admin"], "exp": NOW + 600})
}

pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A verifier with the shared secret.
pub(crate) fn hs256_settings() -> TokenSettings {
    TokenSettings::new(KeySource::Hs256(Secret::parse(SECRET).unwrap()))
}

pub(crate) fn verifier(settings: TokenSettings) -> BiscuitTokenVerifier {
    BiscuitTokenVerifier::new(settings, ManualClock::new()).unwrap()
}

/// A verifier with the key set in a file that lives no longer than this call.
pub(crate) fn verifier_of(keys: &[Value]) -> BiscuitTokenVerifier {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key_set(keys)).unwrap();
    verifier(TokenSettings::new(KeySource::JwksFile(file.path().to_owned())))
}

pub(crate) async fn accepted(verifier: &BiscuitTokenVerifier, token: &str) -> Caller {
    verifier.verify(token).await.unwrap()
}

/// Asserts that the token is refused as invalid, and gives the reason.
pub(crate) async fn refused(verifier: &BiscuitTokenVerifier, token: &str) -> String {
    match verifier.verify(token).await {
        Err(TokenError::Invalid(reason)) => reason.to_string(),
        other => panic!("not refused as invalid: {other:?}: {token}"),
    }
}
