//! One forgery a test: each would get in through a known mistake of other verifiers.

use crate::support::{
    NOW, Signer, accepted, coded, good_claims, hs256_settings, key_set, refused, verifier, verifier_of,
};
use packshot_tokens::{Algorithm, KeySource, StartError, TokenSettings};
use serde_json::{Value, json};

#[tokio::test]
async fn good_tokens_of_every_algorithm_are_accepted() {
    for signer in [Signer::rsa(1), Signer::ec()] {
        let verifier = verifier_of(&[Signer::rsa(2).public("other"), signer.public("key")]);
        let caller = accepted(&verifier, &signer.good_token("key")).await;
        assert_eq!((caller.user.as_str(), caller.is_admin), ("ann", true));
        let without_kid = signer.token(&json!({"alg": signer.algorithm()}), &good_claims());
        accepted(&verifier, &without_kid).await;
    }
    let verifier = verifier(hs256_settings());
    accepted(&verifier, &Signer::secret().good_token("whatever")).await;
}

#[tokio::test]
async fn refuses_tokens_without_a_signature() {
    let rsa = Signer::rsa(1);
    let verifiers = [verifier(hs256_settings()), verifier_of(&[rsa.public("key")])];
    for verifier in &verifiers {
        for algorithm in ["none", "None", "NONE", "nOnE", ""] {
            let header = coded(json!({"alg": algorithm, "kid": "key"}).to_string().as_bytes());
            let claims = coded(good_claims().to_string().as_bytes());
            for signature in ["", "AA", &coded(&[0; 32])] {
                refused(verifier, &format!("{header}.{claims}.{signature}")).await;
            }
            refused(verifier, &format!("{header}.{claims}")).await;
        }
    }
}

#[tokio::test]
async fn refuses_a_public_key_used_as_hmac_secret() {
    for signer in [Signer::rsa(1), Signer::ec()] {
        let public = signer.public("key");
        let verifier = verifier_of(std::slice::from_ref(&public));
        let text = |name: &str| public[name].as_str().unwrap_or_default().to_owned();
        let raw = |name: &str| data_encoding::BASE64URL_NOPAD.decode(text(name).as_bytes()).unwrap();
        let secrets = [
            public.to_string().into_bytes(),
            key_set(std::slice::from_ref(&public)).into_bytes(),
            text("n").into_bytes(),
            raw("n"),
            [vec![4], raw("x"), raw("y")].concat(),
            Vec::new(),
        ];
        for secret in secrets {
            let forger = Signer::Hmac(secret);
            refused(&verifier, &forger.good_token("key")).await;
            let disguised = json!({"alg": signer.algorithm(), "kid": "key"});
            refused(&verifier, &forger.token(&disguised, &good_claims())).await;
        }
    }
}

#[tokio::test]
async fn a_secret_in_a_key_set_is_never_used() {
    let secret = Signer::secret();
    let verifier = verifier_of(&[secret.public("secret"), Signer::ec().public("ec")]);
    refused(&verifier, &secret.good_token("secret")).await;
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_not_the_tokens() {
    let (rsa, ec) = (Signer::rsa(1), Signer::ec());
    let verifier = verifier_of(&[rsa.public("rsa"), ec.public("ec")]);
    for (signer, kid) in [(&rsa, "ec"), (&ec, "rsa")] {
        refused(&verifier, &signer.good_token(kid)).await;
    }
    for algorithm in ["ES256", "PS256", "RS384", "HS256", "EdDSA", "rs256", "", "RS256 "] {
        refused(&verifier, &rsa.token(&json!({"alg": algorithm, "kid": "rsa"}), &good_claims())).await;
    }
    for header in [json!({"kid": "rsa"}), json!({"alg": null, "kid": "rsa"}), json!({"alg": ["RS256"]}), json!([])] {
        refused(&verifier, &rsa.token(&header, &good_claims())).await;
    }
    let twice = r#"{"alg":"RS256","alg":"none","kid":"rsa"}"#;
    refused(&verifier, &rsa.raw_token(twice, &good_claims().to_string())).await;
}

#[tokio::test]
async fn an_algorithm_that_the_settings_leave_out_is_refused() {
    let (rsa, ec) = (Signer::rsa(1), Signer::ec());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key_set(&[rsa.public("rsa"), ec.public("ec")])).unwrap();
    let keys = KeySource::JwksFile(file.path().to_owned());
    let verifier = verifier(TokenSettings { algorithms: vec![Algorithm::Es256], ..TokenSettings::new(keys) });
    accepted(&verifier, &ec.good_token("ec")).await;
    refused(&verifier, &rsa.good_token("rsa")).await;
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_used() {
    let (ours, theirs) = (Signer::rsa(1), Signer::rsa(2));
    let verifier = verifier_of(&[ours.public("key")]);
    for extra in [
        json!({"jwk": theirs.public("key")}),
        json!({"jku": "http://127.0.0.1:9/keys"}),
        json!({"x5u": "http://127.0.0.1:9/key"}),
        json!({"x5c": ["MIIB"]}),
    ] {
        for kid in [Some("key"), Some("theirs"), None] {
            let mut header = json!({"alg": "RS256"});
            if let Some(kid) = kid {
                header["kid"] = json!(kid);
            }
            header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            refused(&verifier, &theirs.token(&header, &good_claims())).await;
        }
    }
}

#[tokio::test]
async fn refuses_keys_that_are_not_for_signatures() {
    let signer = Signer::ec();
    let mut encryption = signer.public("key");
    encryption["use"] = json!("enc");
    let verifier = verifier_of(&[encryption, Signer::rsa(1).public("rsa")]);
    refused(&verifier, &signer.good_token("key")).await;
}

#[tokio::test]
async fn refuses_an_unknown_key_id() {
    let signer = Signer::ec();
    let verifier = verifier_of(&[signer.public("key")]);
    assert!(refused(&verifier, &signer.good_token("other")).await.contains("other"));
    let odd = signer.token(&json!({"alg": "ES256", "kid": 7}), &good_claims());
    refused(&verifier, &odd).await;
}

#[tokio::test]
async fn refuses_critical_extensions() {
    let verifier = verifier(hs256_settings());
    for critical in [json!(["b64"]), json!([]), json!(["exp"])] {
        let header = json!({"alg": "HS256", "crit": critical, "b64": false});
        refused(&verifier, &Signer::secret().token(&header, &good_claims())).await;
    }
}

#[tokio::test]
async fn refuses_signatures_of_others() {
    let verifier = verifier(hs256_settings());
    refused(&verifier, &Signer::Hmac(b"9f86d081884c7d659a2feaa0c55ad016".to_vec()).good_token("")).await;
    let (ours, theirs) = (Signer::ec(), Signer::ec());
    refused(&verifier_of(&[ours.public("key")]), &theirs.good_token("key")).await;
    refused(&verifier_of(&[Signer::rsa(1).public("key")]), &Signer::rsa(2).good_token("key")).await;
}

#[tokio::test]
async fn refuses_ec_signatures_in_other_codings() {
    let (signer, public) = Signer::ec_asn1();
    let verifier = verifier_of(&[public]);
    refused(&verifier, &signer.good_token("ec")).await;
    let unsigned = signer.good_token("ec");
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    for blank in [vec![0; 64], vec![0xff; 64], vec![0; 63], Vec::new()] {
        refused(&verifier, &format!("{signed}.{}", coded(&blank))).await;
    }
}

#[tokio::test]
async fn a_change_of_any_letter_is_noticed() {
    for (signer, verifier) in
        [(Signer::secret(), verifier(hs256_settings())), (Signer::rsa(1), verifier_of(&[Signer::rsa(1).public("key")]))]
    {
        let token = signer.good_token("key");
        for at in 0..token.len() {
            let mut letters = token.clone().into_bytes();
            letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
            refused(&verifier, &String::from_utf8(letters).unwrap()).await;
            refused(&verifier, &token[..at]).await;
        }
        for added in ["=", ".", " ", "A", "\n"] {
            refused(&verifier, &format!("{token}{added}")).await;
        }
    }
}

#[tokio::test]
async fn refuses_times_issuers_and_audiences_that_do_not_fit() {
    let settings = TokenSettings { issuer: Some("i".into()), audience: Some("a".into()), ..hs256_settings() };
    let verifier = verifier(settings);
    let token = |changes: Value| {
        let mut claims = json!({"sub": "ann", "exp": NOW + 600, "iss": "i", "aud": "a"});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        Signer::secret().token(&json!({"alg": "HS256"}), &claims)
    };
    accepted(&verifier, &token(json!({}))).await;
    accepted(&verifier, &token(json!({"nbf": NOW, "aud": ["b", "a"]}))).await;
    for changes in [
        json!({"exp": NOW - 31}),
        json!({"nbf": NOW + 31}),
        json!({"iss": "other"}),
        json!({"aud": "other"}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"exp": null}),
    ] {
        refused(&verifier, &token(changes)).await;
    }
}

#[tokio::test]
async fn well_signed_times_off_the_calendar_do_no_harm() {
    let verifier = verifier(hs256_settings());
    for exp in ["9e12", "9000000000000", "9223372036854775807", "1e308", "-9223372036854775808", "1e999"] {
        let claims = format!(r#"{{"sub":"ann","exp":{exp}}}"#);
        refused(&verifier, &Signer::secret().raw_token(r#"{"alg":"HS256"}"#, &claims)).await;
        let claims = format!(r#"{{"sub":"ann","exp":{},"iat":{exp},"nbf":{exp}}}"#, NOW + 600);
        refused(&verifier, &Signer::secret().raw_token(r#"{"alg":"HS256"}"#, &claims)).await;
    }
}

#[tokio::test]
async fn refuses_garbage_of_every_size() {
    let verifier = verifier(hs256_settings());
    let secret = Signer::secret();
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
    for garbage in [
        String::new(),
        "Bearer".to_owned(),
        "a.b.c.d.e".to_owned(),
        "é".repeat(100),
        "A".repeat(10_000_000),
        format!("{}..", "A".repeat(10_000)),
        secret.token(&json!({"alg": "HS256"}), &json!({"sub": "x".repeat(20_000), "exp": NOW + 600})),
        secret.raw_token(&deep, &good_claims().to_string()),
        secret.raw_token(r#"{"alg":"HS256"}"#, &format!("{}{}", "[".repeat(3000), "]".repeat(3000))),
        secret.raw_token(r#"{"alg":"HS256"}"#, "\u{feff}{}"),
        secret.raw_token(r#"{"alg":"HS256"}"#, "[]"),
    ] {
        refused(&verifier, &garbage).await;
    }
}

#[test]
fn algorithms_that_do_not_fit_the_keys_stop_the_start() {
    let start = |settings| packshot_tokens::BiscuitTokenVerifier::new(settings, crate::support::ManualClock::new());
    let confused = TokenSettings { algorithms: vec![Algorithm::Hs256, Algorithm::Rs256], ..hs256_settings() };
    assert!(matches!(start(confused), Err(StartError::AlgorithmWithoutKeys(Algorithm::Rs256))));
    let none = TokenSettings { algorithms: Vec::new(), ..hs256_settings() };
    assert!(matches!(start(none), Err(StartError::NoAlgorithm)));
    let url = KeySource::JwksUrl("https://login.example.com/keys".into());
    let confused = TokenSettings { algorithms: vec![Algorithm::Hs256], ..TokenSettings::new(url) };
    assert!(matches!(start(confused), Err(StartError::AlgorithmWithoutKeys(Algorithm::Hs256))));
}
