//! Three servers on one database and one bucket, asked at once: every rule holds across them.

use super::over::OnDrop;
use packshot_tests::dice::Dice;
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id};
use packshot_tests::server::Builder;
use packshot_tests::token::{admin, within_one_hour};
use packshot_tests::{Answer, Backends, Client, Form, Server, fixture};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

/// Its images are never deleted, so it has a primary one from the first on.
const KEPT: &str = "kept";
/// Its images come and go.
const CHURNED: &str = "churned";

const WORKERS_A_SERVER: usize = 3;
const STEPS_A_WORKER: usize = 20;

/// Three that start at the same moment on an empty database.
fn three(builder: &Builder) -> Vec<Server> {
    scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| builder.clone().start())).collect();
        starting.into_iter().map(|server| server.join().unwrap()).collect()
    })
}

fn shared() -> Builder {
    Server::builder_on(Backends::POSTGRES_AND_S3)
}

fn put_product(server: &Server, product: &str) {
    let _ = server.admin().put_json(&format!("/products/{product}"), r#"{"name": "A product"}"#).expect(201);
}

fn form(product: &str) -> Form {
    Form::upload(product, &fixture("tiny_300x300.jpg"))
}

/// Runs `work` for each number below `count`, all at once, with a server each in turn.
fn all_at_once<T: Send>(servers: &[Server], count: usize, work: impl Fn(usize, &Server) -> T + Sync) -> Vec<T> {
    let work = &work;
    scope(|scope| {
        let threads: Vec<_> =
            (0..count).map(|number| scope.spawn(move || work(number, &servers[number % servers.len()]))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn no_server_error(servers: &[Server]) {
    for server in servers {
        let log = server.log();
        assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
    }
}

/// What the workers have done, as their clients were told.
#[derive(Default)]
struct Told {
    /// Ids by product.
    uploaded: Vec<(&'static str, String)>,
    deleted: BTreeSet<String>,
}

/// One request of many kinds, by chance.
fn step(client: &Client, dice: &mut Dice, told: &Mutex<Told>) {
    let known = told.lock().unwrap().uploaded.clone();
    let (product, image) = dice.one_of(&known).expect("there is one from the start");
    let path = format!("/api/files/{image}");
    let may_be_gone = |answer: Answer| {
        assert!(answer.status == 200 || (answer.status == 404 && *product == CHURNED), "{}", answer.shown());
    };
    match dice.pick(0..10) {
        0..4 => {
            let product = *dice.one_of(&[KEPT, CHURNED]).expect("two");
            let primary = if dice.pick(0..3) == 0 { "false" } else { "true" };
            let image = client.upload(form(product).text("is_primary", primary)).expect(201).json();
            told.lock().unwrap().uploaded.push((product, id(&image).to_owned()));
        }
        4..6 => may_be_gone(client.make_primary(&path)),
        6..8 => may_be_gone(client.patch(&path, r#"{"tags": ["a", "b"], "metadata": {"n": 1}}"#)),
        _ if *product == CHURNED => {
            let answer = client.delete(&path);
            assert!([204, 404].contains(&answer.status), "{}", answer.shown());
            if answer.status == 204 {
                assert!(told.lock().unwrap().deleted.insert(image.clone()), "{image} was deleted twice");
            }
        }
        _ => drop(client.get(&path).expect(200)),
    }
}

/// The number of primary images in one answer.
fn primaries(server: &Server, product: &str) -> Value {
    server.anyone().get(&format!("/files?productId={product}&is_primary=true")).expect(200).json()["total"].take()
}

fn look(server: &Server) {
    assert_eq!(primaries(server, KEPT), 1);
    let churned = primaries(server, CHURNED);
    assert!(churned == 0 || churned == 1, "{churned} primary images");
    let kept = server.anyone().get(&format!("/products/{KEPT}")).expect(200).json();
    assert_eq!(kept["primaryImage"]["isPrimary"], true);
}

#[test]
fn a_product_never_has_two_primary_images_and_no_file_is_lost_or_left() {
    let servers = three(&shared());
    put_product(&servers[0], KEPT);
    put_product(&servers[0], CHURNED);
    let told = Mutex::new(Told::default());
    let first = servers[0].admin().upload(form(KEPT).text("is_primary", "true")).expect(201).json();
    told.lock().unwrap().uploaded.push((KEPT, id(&first).to_owned()));

    let dice = Mutex::new(Dice::new());
    let over = AtomicBool::new(false);
    let looks = scope(|scope| {
        let watchers: Vec<_> = servers
            .iter()
            .map(|server| {
                scope.spawn(|| {
                    let mut looks = 0;
                    while !over.load(Ordering::Relaxed) {
                        look(server);
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        let work = |_, server: &Server| {
            let (client, mut dice) = (server.admin(), dice.lock().unwrap().split());
            (0..STEPS_A_WORKER).for_each(|_| step(&client, &mut dice, &told));
        };
        // Over also when a worker has failed, or the watchers would never end.
        let end = OnDrop(&over);
        let _ = all_at_once(&servers, WORKERS_A_SERVER * servers.len(), work);
        drop(end);
        watchers.into_iter().map(|watcher| watcher.join().unwrap()).sum::<u32>()
    });
    assert!(looks > 10, "{looks} looks are too few");

    let told = told.into_inner().unwrap();
    let expected: BTreeSet<&str> =
        told.uploaded.iter().map(|(_, id)| id.as_str()).filter(|id| !told.deleted.contains(*id)).collect();
    for server in &servers {
        look(server);
        let images = every_image(server);
        let found: BTreeSet<&str> = images.iter().map(id).collect();
        assert_eq!((found, images.len()), (expected.clone(), expected.len()));
        assert_rows_and_files_agree(server);
    }
    no_server_error(&servers);
}

/// How many of these were admitted; the others were told to wait.
fn admitted(answers: &[Answer]) -> usize {
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let _ = answer.problem(429, "rate-limited", "/files", &[]);
        assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
    }
    answers.iter().filter(|answer| answer.status == 201).count()
}

#[test]
fn limits_are_exact_over_all_servers() {
    within_one_hour(|| {
        let builder = shared().set("PACKSHOT_LIMITS__PER_USER_HOUR", "7");
        let servers = three(&builder.set("PACKSHOT_LIMITS__PER_PRODUCT_DAY", "10"));
        put_product(&servers[0], KEPT);
        put_product(&servers[0], CHURNED);
        let upload =
            |server: &Server, user: &str, product: &str| server.anyone().with_token(&admin(user)).upload(form(product));
        let of_ada = all_at_once(&servers, 18, |_, server| upload(server, "ada", CHURNED));
        assert_eq!(admitted(&of_ada), 7);
        let of_many = all_at_once(&servers, 18, |number, server| upload(server, &format!("user-{number}"), KEPT));
        assert_eq!(admitted(&of_many), 10);
        for server in &servers {
            assert_eq!(upload(server, "ada", KEPT).status, 429);
            assert_eq!(upload(server, "bob", KEPT).status, 429);
            assert_eq!(every_image(server).len(), 17);
        }
        assert_rows_and_files_agree(&servers[1]);
        no_server_error(&servers);
    });
}

#[test]
fn a_key_is_one_upload_whichever_server_is_asked() {
    let servers = three(&shared());
    put_product(&servers[0], KEPT);
    const KEYS: usize = 6;
    let upload = |server: &Server, key: usize| {
        let form = form(KEPT).text("caption", &key.to_string());
        server.admin().upload_with(form, &[("idempotency-key", &format!("key-{key}"))])
    };
    // Each key at each server: neighbours in time are at different servers.
    let answers =
        all_at_once(&servers, KEYS * servers.len(), |number, server| (number / 3, upload(server, number / 3)));
    for key in 0..KEYS {
        let of_key = answers.iter().filter(|(other, _)| *other == key).map(|(_, answer)| answer);
        let (made, waiting): (Vec<&Answer>, Vec<&Answer>) = of_key.partition(|answer| answer.status == 201);
        let first: Vec<_> = made.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).collect();
        assert_eq!(first.len(), 1, "key {key}");
        for answer in waiting {
            let _ = answer.problem(409, "conflict", "/files", &[]);
            assert!(answer.header("retry-after").is_some(), "{}", answer.shown());
        }
        for server in &servers {
            let again = upload(server, key).expect(201);
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            assert_eq!(again.json(), first[0].json());
        }
    }
    let product = servers[2].anyone().get(&format!("/products/{KEPT}")).expect(200).json();
    assert_eq!(product["imageCount"], json!(KEYS));
    assert_rows_and_files_agree(&servers[2]);
    no_server_error(&servers);
}
