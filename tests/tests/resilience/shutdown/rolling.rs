//! Two servers on one database and one bucket, replaced one after the other while clients upload and delete.

use super::super::over::OnDrop;
use super::has_ended_well;
use packshot_tests::client::attempt;
use packshot_tests::dice::Dice;
use packshot_tests::inventory::{assert_rows_and_files_agree, every_image, id};
use packshot_tests::rows;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Answer, Backends, Client, Form, Server, fixture};
use reqwest::blocking::RequestBuilder;
use std::collections::BTreeSet;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

const CLIENTS: usize = 4;
const ROUNDS: usize = 3;
/// A request finds a server within so many tries, or there is a fault.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// What clients do when a server does not answer: the same request at the other one. What a balancer would know.
struct Fleet {
    clients: RwLock<Vec<Client>>,
    retried: AtomicUsize,
}

/// What one client was told.
#[derive(Default)]
struct Told {
    kept: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Fleet {
    /// Sends a request until it is answered, by `first` or the others; says how often it was sent, too.
    fn ask(&self, first: usize, request: impl Fn(&Client) -> RequestBuilder) -> (Answer, u32) {
        for tries in 1..=TRIES {
            let client = {
                let clients = self.clients.read().expect("no client panicked");
                clients[(first + tries as usize) % clients.len()].clone()
            };
            match attempt(request(&client)) {
                // The first try with this key is still at work, on a server that is ending.
                Ok(answer) if answer.status == 409 => {}
                Ok(answer) => return (answer, tries),
                Err(_) => {}
            }
            self.retried.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE);
        }
        panic!("no server has answered {TRIES} times");
    }
}

fn work(fleet: &Fleet, number: usize, over: &AtomicBool, dice: &mut Dice) -> Told {
    let mut told = Told::default();
    for count in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let first = dice.pick(0..2) as usize;
        let kept: Vec<String> = told.kept.iter().cloned().collect();
        match dice.one_of(&kept) {
            Some(image) if dice.pick(0..3) == 0 => {
                let (answer, tries) = fleet.ask(first, |client| client.request("DELETE", &format!("/files/{image}")));
                assert!(answer.status == 204 || (answer.status == 404 && tries > 1), "{}", answer.shown());
                let _ = told.kept.remove(image);
                let _ = told.deleted.insert(image.clone());
            }
            _ => {
                let key = format!("client-{number}-{count}");
                let form = Form::upload(PRODUCT, &fixture("tiny_300x300.jpg")).text("caption", &key);
                let upload = |client: &Client| client.upload_request(form.clone()).header("idempotency-key", &key);
                let (answer, _) = fleet.ask(first, upload);
                let _ = told.kept.insert(id(&answer.expect(201).json()).to_owned());
            }
        }
    }
    told
}

#[test]
fn a_rolling_restart_under_load_loses_nothing() {
    let builder = Server::builder_on(Backends::POSTGRES_AND_S3);
    let mut servers = vec![builder.clone().start().with_product(PRODUCT), builder.start()];
    let clients = RwLock::new(servers.iter().map(Server::admin).collect());
    let fleet = Fleet { clients, retried: AtomicUsize::new(0) };
    let (over, mut dice) = (AtomicBool::new(false), Dice::new());
    let told: Vec<Told> = scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|number| (number, dice.split()))
            .map(|(number, mut dice)| {
                let (fleet, over) = (&fleet, &over);
                scope.spawn(move || work(fleet, number, over, &mut dice))
            })
            .collect();
        // Over also when a restart has failed, or the clients would never end.
        let end = OnDrop(&over);
        for _ in 0..ROUNDS {
            for place in 0..servers.len() {
                sleep(Duration::from_millis(dice.pick(0..500)));
                let stopped = servers.remove(place).terminate();
                has_ended_well(&stopped);
                servers.insert(place, stopped.start());
                fleet.clients.write().expect("no client panicked")[place] = servers[place].admin();
            }
        }
        drop(end);
        threads.into_iter().map(|thread| thread.join().expect("a client found a fault")).collect()
    });
    let kept: BTreeSet<String> = told.iter().flat_map(|told| told.kept.iter().cloned()).collect();
    let deleted = told.iter().map(|told| told.deleted.len()).sum::<usize>();
    let retried = fleet.retried.into_inner();
    eprintln!("{} restarts: {} images kept, {deleted} deleted, {retried} tries failed", ROUNDS * 2, kept.len());
    assert!(retried > 0 && !kept.is_empty(), "no restart was noticed");
    // Without a sweep: nothing was left in the middle.
    let rows = rows::read(servers[0].home());
    assert_eq!(rows.entries, (0, 0), "{rows:?}");
    for server in &servers {
        let found: BTreeSet<String> = every_image(server).iter().map(|image| id(image).to_owned()).collect();
        assert_eq!(found, kept);
        assert_rows_and_files_agree(server);
        assert!(!server.log().contains("ERROR") && !server.log().contains("panicked"), "{}", server.log());
    }
}
