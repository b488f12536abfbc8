//! The store on a real S3 server.

use crate::support::{attributes, key, open_with, paths, read};
use packshot_contract::image_store::Fixture;
use packshot_contract::image_store_suite;
use packshot_contract::servers::NoServer;
use packshot_contract::servers::s3::S3Server;
use packshot_domain::ports::image_store::{ImageStore as _, StoreError};
use packshot_store::ObjectImageStore;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One for all tests; it ends with this process.
static SERVER: LazyLock<Result<S3Server, NoServer>> = LazyLock::new(|| {
    let server = S3Server::start()?;
    for bucket in ["images", "shared-bucket", "foreign-bucket"] {
        server.create_bucket(bucket)?;
    }
    Ok(server)
});

fn server() -> &'static S3Server {
    SERVER.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

fn open(url: &str) -> ObjectImageStore {
    open_with(url, server().options())
}

async fn at_the_root() -> Fixture {
    Fixture { store: Arc::new(open("s3://images")), guard: Box::new(()) }
}

async fn under_a_prefix() -> Fixture {
    Fixture { store: Arc::new(open("s3://shared-bucket/shop/pictures")), guard: Box::new(()) }
}

mod root {
    use super::at_the_root;
    packshot_contract::image_store_suite!(at_the_root);
}

image_store_suite!(under_a_prefix);

#[tokio::test]
async fn objects_carry_their_type_and_cache_policy() {
    let store = open("s3://images/attributes");
    for (text, media_type) in [
        ("p/p_000000000001.jpg", "image/jpeg"),
        ("p/p_000000000001.png", "image/png"),
        ("p/webp/p_000000000001.webp", "image/webp"),
    ] {
        store.put(&key(text), "x".into()).await.unwrap();
        let found = attributes("s3://images", server().options(), &format!("attributes/{text}")).await;
        assert_eq!(found, (Some(media_type.to_owned()), Some("public, max-age=31536000, immutable".to_owned())));
    }
}

#[tokio::test]
async fn a_prefix_keeps_two_stores_of_one_bucket_apart() {
    let (first, second) = (open("s3://shared-bucket/first"), open("s3://shared-bucket/first-2"));
    first.put(&key("p/p_000000000001.jpg"), "x".into()).await.unwrap();
    assert!(paths(&second).await.is_empty());
    assert!(matches!(second.head(&key("p/p_000000000001.jpg")).await, Err(StoreError::NotFound)));
    assert_eq!(paths(&first).await, ["p/p_000000000001.jpg"]);
}

#[tokio::test]
async fn objects_of_others_are_listed_as_foreign() {
    let (store, other) = (open("s3://foreign-bucket/shop"), open("s3://foreign-bucket/shop/deep"));
    store.put(&key("p/p_000000000001.jpg"), "x".into()).await.unwrap();
    other.put(&key("p/large/p_000000000001.jpg"), "x".into()).await.unwrap();
    assert_eq!(paths(&store).await, ["deep/p/large/p_000000000001.jpg (foreign)", "p/p_000000000001.jpg"]);
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_unavailable_and_not_an_empty_store() {
    let store = open("s3://no-such-bucket");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.put(&key("p/p_000000000001.jpg"), "x".into()).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn wrong_credentials_are_unavailable_and_not_shown() {
    let mut options = server().options();
    options.insert("secret_access_key".into(), "not-the-right-secret".into());
    let store = open_with("s3://images", options);
    for result in [store.ping().await, store.put(&key("p/p_000000000001.jpg"), "x".into()).await] {
        let Err(StoreError::Unavailable(cause)) = result else { panic!("{result:?}") };
        assert!(!format!("{cause} {cause:?}").contains("not-the-right-secret"));
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_comes_back() {
    let server = S3Server::start().unwrap_or_else(|reason| panic!("{reason}"));
    server.create_bucket("images").unwrap();
    let patient = open_with("s3://images", server.options());
    patient.put(&key("p/p_000000000001.jpg"), "x".into()).await.unwrap();
    let mut options = server.options();
    options.insert("read_timeout".into(), "200ms".into());
    let impatient = open_with("s3://images", options);
    server.freeze().unwrap();
    let got = impatient.get(&key("p/p_000000000001.jpg"), None).await.map(drop);
    assert!(matches!(got, Err(StoreError::Unavailable(_))));
    assert!(matches!(impatient.ping().await, Err(StoreError::Unavailable(_))));
    server.thaw().unwrap();
    assert_eq!(read(&patient, &key("p/p_000000000001.jpg")).await.unwrap(), b"x");
    patient.ping().await.unwrap();
}

/// A server that says yes to everything, and what it was asked: the first line of each request.
async fn yes_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = asked.clone();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_yes(BufReader::new(connection), heard.clone()));
        }
    });
    (endpoint, asked)
}

async fn answer_yes(mut connection: BufReader<TcpStream>, asked: Arc<Mutex<Vec<String>>>) {
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            if connection.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(text) = head[start..].to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        asked.lock().unwrap().push(head.lines().next().unwrap().to_owned());
        connection.read_exact(&mut vec![0; length]).await.unwrap();
        let body = "<DeleteResult><Deleted><Key>one of them</Key></Deleted></DeleteResult>";
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        connection.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn the_objects_of_many_images_are_deleted_with_a_request_for_each_thousand() {
    let (endpoint, asked) = yes_server().await;
    let mut options = BTreeMap::from([("access_key_id", "a"), ("secret_access_key", "b"), ("endpoint", &*endpoint)])
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect::<BTreeMap<_, _>>();
    let keys: Vec<_> = (0..2300).map(|number| key(&format!("p/p_{number:012x}.jpg"))).collect();
    open_with("s3://images", options.clone()).delete(&keys).await.unwrap();
    let requests = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(requests, ["POST /images?delete HTTP/1.1"; 3]);
    // Stores that are like S3 but for this.
    options.insert("disable_bulk_delete".to_owned(), "true".to_owned());
    open_with("s3://images", options).delete(&keys[..100]).await.unwrap();
    let requests = std::mem::take(&mut *asked.lock().unwrap());
    assert!(
        requests.len() == 100 && requests.iter().all(|line| line.starts_with("DELETE /images/p/p_")),
        "{requests:?}"
    );
}
