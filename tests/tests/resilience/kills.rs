//! The server is killed at random moments under load, again and again on the same data, and nothing that a
//! client was told is lost, nothing half-made is ever seen, and nothing is left behind.
//!
//! `PACKSHOT_KILLS` sets how often a test kills, `PACKSHOT_TEST_SEED` repeats its dice.

mod aftermath;
mod book;
mod first_start;
mod load;
mod pictures;

pub(crate) use aftermath::half_closed;
use aftermath::{Figures, every_write_was_entered, find_what_is_left, nothing_is_left, wait_until_quiet};
use book::Book;
use load::{Load, worker};
use packshot_tests::backends::Home;
use packshot_tests::dice::Dice;
use packshot_tests::server::Stopped;
use packshot_tests::{Backends, Server, on_every_backend};
use pictures::Pictures;
use std::thread::{scope, sleep};
use std::time::Duration;

const WORKERS: usize = 4;
/// Enough for CI; by hand it can be thousands.
const KILLS: u64 = 5;
/// How long there is load before a kill, at most: every request is caught at each of its steps.
const LOAD_MS: u64 = 400;

fn kills() -> u64 {
    let text = std::env::var("PACKSHOT_KILLS").unwrap_or_else(|_| KILLS.to_string());
    text.parse().unwrap_or_else(|_| panic!("PACKSHOT_KILLS is no number: {text}"))
}

/// Where the server can know that nobody else is at work, and that nothing is on its way: there it sweeps
/// whatever is unfinished by itself.
fn knows_that_it_is_alone(home: &Home) -> bool {
    home.database().is_none() && home.bucket().is_none()
}

#[on_every_backend]
fn nothing_is_lost_by_kills(backends: Backends) {
    let mut dice = Dice::new();
    // Uploads are kept in mind for so long, and those of a long run would become many.
    let mut server = Server::builder_on(backends).set("PACKSHOT_SWEEP__GRACE_SECONDS", "60").start();
    let mut books: Vec<Book> = (0..WORKERS).map(|number| Book::new(&format!("worker-{number}"))).collect();
    let mut reference = Book::new("reference");
    let pictures = Pictures::learn(&server, &mut reference);
    let mut figures = Figures::default();
    books.iter_mut().for_each(|book| figures.add(&load::beginning(&server.admin(), book, &pictures, &mut dice)));
    for _ in 0..kills() {
        let stopped = kill_under_load(server, &mut books, &pictures, &mut dice, &mut figures);
        server = restart(stopped, &mut dice, &mut figures);
        if !knows_that_it_is_alone(server.home()) {
            // But the test knows.
            let _ = server.run(&["sweep", "--grace", "0"]).ok();
        }
        let open: Vec<_> = books.iter_mut().filter_map(|book| book.settle(&server)).collect();
        for book in books.iter_mut().chain([&mut reference]) {
            book.check(&server, &pictures);
        }
        nothing_is_left(&server, books.iter().chain([&reference]), &mut figures);
        every_write_was_entered(&server, books.iter().chain([&reference]));
        for upload in open {
            figures.repeated += u64::from(upload.repeat(&server, &pictures, &mut books));
        }
    }
    eprintln!("{figures}");
    assert!(figures.interrupted > figures.kills, "most kills found no request in work: {figures}");
}

/// Lets clients upload, delete, edit and read, and kills the server at a random moment.
fn kill_under_load(
    server: Server,
    books: &mut [Book],
    pictures: &Pictures,
    dice: &mut Dice,
    figures: &mut Figures,
) -> Stopped {
    let moment = Duration::from_millis(dice.pick(0..LOAD_MS));
    let load: Vec<Load> = scope(|scope| {
        let mut threads = Vec::new();
        for book in books {
            let (client, mut dice) = (server.admin(), dice.split());
            threads.push(scope.spawn(move || worker(&client, book, pictures, &mut dice)));
        }
        let (client, mut dice) = (server.anyone().clone(), dice.split());
        threads.push(scope.spawn(move || load::reader(&client, pictures, &mut dice)));
        sleep(moment);
        server.kill_now();
        threads.into_iter().map(|thread| thread.join().expect("a client found a fault")).collect()
    });
    figures.kills += 1;
    load.iter().for_each(|load| figures.add(load));
    stop(server.kill(), figures)
}

/// Looks at what a killed server has left behind.
fn stop(stopped: Stopped, figures: &mut Figures) -> Stopped {
    assert!(!stopped.log.contains("ERROR") && !stopped.log.contains("panicked"), "{}", stopped.log);
    wait_until_quiet(stopped.home());
    find_what_is_left(stopped.home(), figures);
    stopped
}

/// Starts the server again: at once, after a sweep, or after a sweep or a start that was killed, too.
fn restart(stopped: Stopped, dice: &mut Dice, figures: &mut Figures) -> Server {
    let sweep: &[&str] = if knows_that_it_is_alone(stopped.home()) { &["sweep"] } else { &["sweep", "--grace", "0"] };
    match dice.pick(0..4) {
        0 => {}
        1 => drop(stopped.run(sweep).ok()),
        2 => {
            stopped.run_and_kill(sweep, Duration::from_millis(dice.pick(0..150)));
            figures.killed_sweeps += 1;
        }
        _ => {
            stopped.run_and_kill(&[], Duration::from_millis(dice.pick(0..300)));
            figures.killed_starts += 1;
        }
    }
    wait_until_quiet(stopped.home());
    stopped.start()
}
