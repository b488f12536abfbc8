//! Key sets in a file.

use crate::support::{ManualClock, Signer, accepted, key_set, refused};
use packshot_tokens::{BiscuitTokenVerifier, KeySource, StartError, TokenSettings};
use std::error::Error as _;
use std::path::Path;

fn open(path: &Path) -> Result<BiscuitTokenVerifier, StartError> {
    BiscuitTokenVerifier::new(TokenSettings::new(KeySource::JwksFile(path.to_owned())), ManualClock::new())
}

#[tokio::test]
async fn a_file_that_changes_is_read_again_after_the_interval() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (old, new) = (Signer::ec(), Signer::ec());
    std::fs::write(file.path(), key_set(&[old.public("old")])).unwrap();
    let clock = ManualClock::new();
    let settings = TokenSettings::new(KeySource::JwksFile(file.path().to_owned()));
    let verifier = BiscuitTokenVerifier::new(settings, clock.clone()).unwrap();
    accepted(&verifier, &old.good_token("old")).await;

    std::fs::write(file.path(), key_set(&[new.public("new")])).unwrap();
    refused(&verifier, &new.good_token("new")).await;
    clock.advance(30);
    accepted(&verifier, &new.good_token("new")).await;
    refused(&verifier, &old.good_token("old")).await;
}

#[test]
fn a_file_that_is_no_key_set_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let refusal = || {
        let error = open(&path).err().unwrap();
        assert!(error.to_string().contains("keys.json"), "{error}");
        error.source().unwrap().to_string()
    };
    refusal();
    for (text, reason) in [
        ("", "not JSON"),
        ("{}", "no array `keys`"),
        (r#"{"keys":[]}"#, "none of its keys"),
        (r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, "neither RSA nor EC"),
    ] {
        std::fs::write(&path, text).unwrap();
        assert!(refusal().contains(reason), "{text}");
    }
}
