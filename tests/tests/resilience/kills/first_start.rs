//! The very first start is killed, in the middle of migrations or of making the secret; the next one goes on
//! from there.

use super::aftermath::wait_until_quiet;
use super::knows_that_it_is_alone;
use packshot_tests::dice::Dice;
use packshot_tests::inventory::assert_rows_and_files_agree;
use packshot_tests::server::PRODUCT;
use packshot_tests::{Backends, Form, Server, fixture, on_every_backend};
use std::time::Duration;

const KILLS: u64 = 12;
/// About as long as a first start takes.
const START_MS: u64 = 250;

#[on_every_backend]
fn a_first_start_that_is_killed_is_taken_up_by_the_next(backends: Backends) {
    let mut dice = Dice::new();
    let builder = Server::builder_on(backends).unset("PACKSHOT_AUTH__HS256_SECRET");
    for _ in 0..KILLS {
        builder.start_and_kill(Duration::from_millis(dice.pick(0..START_MS)));
    }
    wait_until_quiet(builder.home());
    let server = builder.start();
    let token = server.run(&["token", "--subject", "ada", "--role", "admin"]).ok();
    let client = server.anyone().with_token(token.trim());
    let _ = client.put_json(&format!("/products/{PRODUCT}"), r#"{"name": "A product"}"#).expect(201);
    let _ = client.upload(Form::upload(PRODUCT, &fixture("tiny_300x300.jpg"))).expect(201);
    if !knows_that_it_is_alone(server.home()) {
        // What starts try out on the disk.
        let _ = server.run(&["sweep", "--grace", "0"]).ok();
    }
    assert_rows_and_files_agree(&server);
}
