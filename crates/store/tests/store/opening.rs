//! What a store is opened with, and how mistakes are named.

use packshot_domain::ports::image_store::{ImageStore as _, StoreError};
use packshot_domain::product::ProductId;
use packshot_store::{ObjectImageStore, OpenError, StoreSettings, StoreUrl};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

fn settings(url: &str, options: &[(&str, &str)], environment: &[(&str, &str)]) -> StoreSettings {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    StoreSettings {
        options: map(options),
        environment: map(environment),
        ..StoreSettings::new(StoreUrl::parse(url).unwrap())
    }
}

fn place(settings: &StoreSettings) -> (String, String, String) {
    let store = ObjectImageStore::open(settings).unwrap();
    let place = store.location(&ProductId::parse("prod_789").unwrap());
    (place.location, place.bucket, place.region)
}

const AZURE_ACCOUNT: &[(&str, &str)] = &[("account_name", "shop"), ("access_key", "c2VjcmV0")];
const GOOGLE_KEY: &[(&str, &str)] = &[("skip_signature", "true")];

#[test]
fn an_unknown_option_is_named() {
    for url in ["s3://bucket", "az://container", "gs://bucket", "memory://", "file://."] {
        let error = ObjectImageStore::open(&settings(url, &[("acces_key_id", "x")], &[])).err().unwrap();
        assert!(matches!(&error, OpenError::UnknownOption { key, .. } if key == "acces_key_id"), "{url}: {error:?}");
        assert!(error.to_string().contains("acces_key_id"));
    }
}

#[test]
fn an_option_does_not_contradict_the_url() {
    for (url, option) in [("s3://bucket", "bucket"), ("az://container", "container_name"), ("gs://bucket", "bucket")] {
        let error = ObjectImageStore::open(&settings(url, &[(option, "other")], &[])).err().unwrap();
        assert!(matches!(&error, OpenError::OptionInUrl { key } if key == option), "{url}: {error:?}");
    }
}

#[test]
fn a_bad_value_stops_the_start() {
    for (url, options) in [
        ("s3://bucket", &[("virtual_hosted_style_request", "perhaps")][..]),
        ("s3://bucket", &[("connect_timeout", "soon")]),
        ("az://container", &[("account_name", "shop"), ("access_key", "not base64!")]),
        ("az://container", &[]),
    ] {
        let error = ObjectImageStore::open(&settings(url, options, &[])).err().unwrap();
        assert!(matches!(error, OpenError::Backend { .. }), "{url} {options:?}: {error:?}");
    }
}

#[test]
fn answers_name_the_bucket_the_prefix_and_the_region() {
    let text = |(location, bucket, region): (&str, &str, &str)| (location.into(), bucket.into(), region.into());
    for (settings, expected) in [
        (settings("s3://b", &[], &[]), ("s3://b/prod_789/", "b", "us-east-1")),
        (settings("s3://b/shop/a", &[("region", "eu-west-1")], &[]), ("s3://b/shop/a/prod_789/", "b", "eu-west-1")),
        (settings("az://c", AZURE_ACCOUNT, &[]), ("az://c/prod_789/", "c", "global")),
        (settings("gs://g/x", GOOGLE_KEY, &[]), ("gs://g/x/prod_789/", "g", "global")),
    ] {
        assert_eq!(place(&settings), text(expected));
    }
}

#[test]
fn a_region_can_be_said_where_the_backend_has_no_setting_for_it() {
    let with_region = |options: &[(&'static str, &'static str)]| [options, &[("region", "westeurope")]].concat();
    assert_eq!(place(&settings("az://c", &with_region(AZURE_ACCOUNT), &[])).2, "westeurope");
    assert_eq!(place(&settings("gs://c", &with_region(GOOGLE_KEY), &[])).2, "westeurope");
}

#[test]
fn options_go_before_the_environment_and_foreign_variables_are_ignored() {
    let region = |options, environment| place(&settings("s3://b", options, environment)).2;
    assert_eq!(region(&[], &[("AWS_REGION", "eu-north-1")]), "eu-north-1");
    assert_eq!(region(&[], &[("AWS_DEFAULT_REGION", "eu-north-1")]), "eu-north-1");
    assert_eq!(region(&[], &[("AWS_DEFAULT_REGION", "a"), ("AWS_REGION", "b")]), "b");
    assert_eq!(region(&[("region", "eu-west-1")], &[("AWS_REGION", "eu-north-1")]), "eu-west-1");
    assert_eq!(region(&[], &[("AWS_REGION", "")]), "us-east-1");
    assert_eq!(region(&[], &[("REGION", "x"), ("AZURE_REGION", "x"), ("AWS_PROFILE", "shop")]), "us-east-1");
    let named = [("AWS_BUCKET", "other")];
    assert_eq!(place(&settings("s3://b", &[], &named)).1, "b");
}

#[test]
fn plain_http_is_allowed_where_the_endpoint_says_so() {
    for options in [&[("endpoint", "http://127.0.0.1:9000")][..], &[("endpoint", "https://s3.example.com")]] {
        assert!(ObjectImageStore::open(&settings("s3://b", options, &[])).is_ok(), "{options:?}");
    }
}

#[tokio::test]
async fn a_backend_that_is_down_is_unavailable_with_its_cause() {
    // A port that nobody listens on: it was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let key = packshot_domain::storage::ObjectKey::parse("p/p_000000000001.jpg").unwrap();
    let s3 = [("endpoint", endpoint.as_str()), ("access_key_id", "a"), ("secret_access_key", "b")];
    let azure = [("endpoint", endpoint.as_str()), ("account_name", "a"), ("access_key", "c2VjcmV0")];
    let google = [("base_url", endpoint.as_str()), ("skip_signature", "true")];
    for (url, options) in [("s3://bucket", &s3[..]), ("az://container", &azure), ("gs://bucket", &google)] {
        let settings = StoreSettings {
            max_retries: 1,
            connect_timeout: Duration::from_millis(200),
            ..settings(url, options, &[])
        };
        let store = ObjectImageStore::open(&settings).unwrap();
        let results = [
            store.put(&key, "x".into()).await,
            store.get(&key, None).await.map(drop),
            store.head(&key).await.map(drop),
            store.delete(std::slice::from_ref(&key)).await,
            store.ping().await,
        ];
        for result in results {
            let Err(StoreError::Unavailable(cause)) = result else { panic!("{url}: {result:?}") };
            assert!(!cause.to_string().is_empty());
        }
    }
}

#[tokio::test]
async fn a_backend_that_never_answers_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let options = [("endpoint", endpoint.as_str()), ("access_key_id", "a"), ("secret_access_key", "b")];
    let settings = StoreSettings {
        max_retries: 0,
        read_timeout: Duration::from_millis(50),
        ping_timeout: Duration::from_millis(50),
        ..settings("s3://bucket", &options, &[])
    };
    let store = ObjectImageStore::open(&settings).unwrap();
    let key = packshot_domain::storage::ObjectKey::parse("p/p_000000000001.jpg").unwrap();
    assert!(matches!(store.put(&key, "x".into()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn an_https_endpoint_is_spoken_to_in_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let first_byte = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        byte[0]
    });
    let options = [("endpoint", endpoint.as_str()), ("access_key_id", "a"), ("secret_access_key", "b")];
    let settings = StoreSettings { max_retries: 0, ..settings("s3://bucket", &options, &[]) };
    assert!(matches!(ObjectImageStore::open(&settings).unwrap().ping().await, Err(StoreError::Unavailable(_))));
    assert_eq!(first_byte.join().unwrap(), 0x16, "the type of a TLS handshake record");
}

#[test]
fn descriptions_are_for_people_and_hold_no_secret() {
    let options = [("endpoint", "http://127.0.0.1:9000"), ("secret_access_key", "hunter2"), ("access_key_id", "a")];
    let store = ObjectImageStore::open(&settings("s3://b/shop", &options, &[])).unwrap();
    assert_eq!(store.describe(), "s3://b/shop/ in region us-east-1 at http://127.0.0.1:9000");
    assert_eq!(ObjectImageStore::open(&settings("memory://", &[], &[])).unwrap().describe(), "memory");
}
