//! Key sets behind a URL: cached, fetched again when needed, and not more often.

use crate::support::{ManualClock, Signer, accepted, good_claims, key_set, refused};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use packshot_domain::ports::token_verifier::{TokenError, TokenVerifier as _};
use packshot_tokens::{BiscuitTokenVerifier, KeySource, TokenSettings};
use serde_json::{Value, json};
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A provider of keys, a verifier that trusts it, and their clock.
struct Provider {
    server: MockServer,
    verifier: BiscuitTokenVerifier,
    clock: Arc<ManualClock>,
}

impl Provider {
    async fn new(answer: ResponseTemplate) -> Self {
        let (server, clock) = (MockServer::start().await, ManualClock::new());
        let settings = TokenSettings::new(KeySource::JwksUrl(format!("{}/keys", server.uri())));
        let verifier = BiscuitTokenVerifier::new(settings, clock.clone()).unwrap();
        let provider = Self { server, verifier, clock };
        provider.answers(answer).await;
        provider
    }

    async fn answers(&self, answer: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(method("GET")).and(path("/keys")).respond_with(answer).mount(&self.server).await;
    }

    /// Requests since the answer was last set.
    async fn fetches(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    async fn unavailable(&self, token: &str) {
        let result = self.verifier.verify(token).await;
        assert!(matches!(result, Err(TokenError::Unavailable(_))), "{result:?}");
    }
}

fn keys(keys: &[Value]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(key_set(keys))
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_tokens_at_once() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    let token = signer.good_token("a");
    join_all((0..20).map(|_| accepted(&provider.verifier, &token))).await;
    accepted(&provider.verifier, &token).await;
    assert_eq!(provider.fetches().await, 1);
}

#[tokio::test]
async fn a_new_key_is_found_when_its_first_token_arrives() {
    let (old, new) = (Signer::rsa(1), Signer::ec());
    let provider = Provider::new(keys(&[old.public("old")])).await;
    accepted(&provider.verifier, &old.good_token("old")).await;
    provider.answers(keys(&[old.public("old"), new.public("new")])).await;
    provider.clock.advance(30);
    accepted(&provider.verifier, &new.good_token("new")).await;
    accepted(&provider.verifier, &old.good_token("old")).await;
    assert_eq!(provider.fetches().await, 1);
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_an_interval() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    accepted(&provider.verifier, &signer.good_token("a")).await;
    for round in 1..4 {
        provider.clock.advance(30);
        let tokens: Vec<String> = (0..20).map(|number| signer.good_token(&format!("{round}-{number}"))).collect();
        join_all(tokens.iter().map(|token| refused(&provider.verifier, token))).await;
        assert_eq!(provider.fetches().await, 1 + round);
    }
}

#[tokio::test]
async fn tokens_that_no_key_could_make_good_cause_no_fetch() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    for token in [
        String::new(),
        "a.b.c".to_owned(),
        Signer::secret().good_token("b"),
        signer.token(&json!({"alg": "none", "kid": "b"}), &good_claims()),
        signer.token(&json!({"alg": "ES256", "kid": "b", "crit": ["x"]}), &good_claims()),
    ] {
        refused(&provider.verifier, &token).await;
    }
    assert_eq!(provider.fetches().await, 0);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_stops_working_within_five_minutes() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let provider = Provider::new(keys(&[old.public("old")])).await;
    accepted(&provider.verifier, &old.good_token("old")).await;
    provider.answers(keys(&[new.public("new")])).await;
    provider.clock.advance(300);
    let late = json!({"sub": "ann", "exp": crate::support::NOW + 7200});
    refused(&provider.verifier, &old.token(&json!({"alg": "ES256", "kid": "old"}), &late)).await;
    accepted(&provider.verifier, &new.token(&json!({"alg": "ES256", "kid": "new"}), &late)).await;
    assert_eq!(provider.fetches().await, 1);
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_for_many_at_once_and_none_slips_through() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let provider = Provider::new(keys(&[old.public("old")])).await;
    let token = old.good_token("old");
    accepted(&provider.verifier, &token).await;
    provider.answers(keys(&[new.public("new")]).set_delay(Duration::from_millis(100))).await;
    provider.clock.advance(300);
    join_all((0..20).map(|_| refused(&provider.verifier, &token))).await;
    assert_eq!(provider.fetches().await, 1);
}

#[tokio::test]
async fn keys_are_fetched_beside_the_work_before_they_are_too_old() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    let token = signer.good_token("a");
    accepted(&provider.verifier, &token).await;
    provider.clock.advance(149);
    accepted(&provider.verifier, &token).await;
    assert_eq!(provider.fetches().await, 1);
    provider.clock.advance(1);
    // Nobody waits for it; it comes all the same, once.
    while provider.fetches().await == 1 {
        accepted(&provider.verifier, &token).await;
    }
    assert_eq!(provider.fetches().await, 2);
}

#[tokio::test]
async fn an_age_that_is_less_than_the_interval_is_kept_too() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let (server, clock) = (MockServer::start().await, ManualClock::new());
    let source = KeySource::JwksUrl(format!("{}/keys", server.uri()));
    let settings = TokenSettings { jwks_max_age: Duration::from_secs(2), ..TokenSettings::new(source) };
    let verifier = BiscuitTokenVerifier::new(settings, clock.clone()).unwrap();
    let provider = Provider { server, verifier, clock };
    provider.answers(keys(&[old.public("old")])).await;
    accepted(&provider.verifier, &old.good_token("old")).await;
    provider.answers(keys(&[new.public("new")])).await;
    provider.clock.advance(2);
    refused(&provider.verifier, &old.good_token("old")).await;
}

#[tokio::test]
async fn known_keys_go_on_working_while_the_provider_is_down() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    accepted(&provider.verifier, &signer.good_token("a")).await;
    provider.answers(ResponseTemplate::new(500)).await;
    provider.clock.advance(3600);
    let late = json!({"sub": "ann", "exp": crate::support::NOW + 7200});
    accepted(&provider.verifier, &signer.token(&json!({"alg": "ES256", "kid": "a"}), &late)).await;
    refused(&provider.verifier, &signer.token(&json!({"alg": "ES256", "kid": "b"}), &late)).await;
    assert_eq!(provider.fetches().await, 1);
}

#[tokio::test]
async fn without_any_keys_the_verifier_is_unavailable_until_there_are_some() {
    let signer = Signer::ec();
    let token = signer.good_token("a");
    let provider = Provider::new(ResponseTemplate::new(503)).await;
    provider.unavailable(&token).await;
    provider.unavailable(&token).await;
    assert_eq!(provider.fetches().await, 1);
    provider.answers(keys(&[signer.public("a")])).await;
    provider.clock.advance(5);
    accepted(&provider.verifier, &token).await;
}

#[tokio::test]
async fn answers_that_are_no_key_set_make_no_keys() {
    let (token, far) = (Signer::ec().good_token("a"), MockServer::start().await);
    let redirect = ResponseTemplate::new(302).insert_header("location", far.uri().as_str());
    for answer in [
        ResponseTemplate::new(200).set_body_string("<html>Sign in</html>"),
        ResponseTemplate::new(200).set_body_string(r#"{"keys":[]}"#),
        ResponseTemplate::new(404).set_body_string(key_set(&[Signer::ec().public("a")])),
        ResponseTemplate::new(200).set_body_string(format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(2 << 20))),
        redirect,
    ] {
        Provider::new(answer).await.unavailable(&token).await;
    }
    assert_eq!(far.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let settings =
        TokenSettings { jwks_timeout: Duration::from_millis(50), ..TokenSettings::new(KeySource::JwksUrl(url)) };
    let verifier = BiscuitTokenVerifier::new(settings, ManualClock::new()).unwrap();
    let result = verifier.verify(&Signer::ec().good_token("a")).await;
    assert!(matches!(result, Err(TokenError::Unavailable(_))), "{result:?}");
}

#[tokio::test]
async fn an_https_url_is_spoken_to_in_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/keys", listener.local_addr().unwrap());
    let first_byte = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        byte[0]
    });
    let verifier = BiscuitTokenVerifier::new(TokenSettings::new(KeySource::JwksUrl(url)), ManualClock::new()).unwrap();
    let result = verifier.verify(&Signer::ec().good_token("a")).await;
    assert!(matches!(result, Err(TokenError::Unavailable(_))), "{result:?}");
    assert_eq!(first_byte.join().unwrap(), 0x16, "the type of a TLS handshake record");
}

#[tokio::test]
async fn clients_that_hang_up_cause_no_further_fetches() {
    let signer = Signer::ec();
    let provider = Provider::new(keys(&[signer.public("a")])).await;
    let token = signer.good_token("a");
    for _ in 0..5 {
        assert!(provider.verifier.verify(&token).now_or_never().is_none());
    }
    accepted(&provider.verifier, &token).await;
    assert_eq!(provider.fetches().await, 1);
}
