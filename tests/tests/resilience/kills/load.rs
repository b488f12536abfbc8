//! Clients that go on until the server is gone.

use super::book::{Book, Step};
use super::pictures::{Pictures, urls};
use packshot_tests::Client;
use packshot_tests::client::attempt;
use packshot_tests::dice::Dice;
use packshot_tests::inventory::id;
use serde_json::Value;

/// What a client did.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Uploads that were answered 201.
    pub(crate) uploads: u64,
    /// Deletions that were answered 204, of images and of products.
    pub(crate) deletes: u64,
    /// Other writes that were answered well.
    pub(crate) edits: u64,
    /// Requests that had reached the server and were not answered.
    pub(crate) interrupted: u64,
    /// Files of listed images that were read and compared.
    pub(crate) looks: u64,
}

impl Load {
    fn count(&mut self, step: &Step) {
        match step {
            Step::Upload { .. } => self.uploads += 1,
            Step::Delete(_) | Step::DeleteProduct => self.deletes += 1,
            Step::MakeProduct | Step::MakePrimary(_) | Step::Describe(..) => self.edits += 1,
        }
    }
}

/// Writes until there has been a deletion: however slow the machine is, a kill finds something to lose.
pub(crate) fn beginning(client: &Client, book: &mut Book, pictures: &Pictures, dice: &mut Dice) -> Load {
    let mut load = Load::default();
    while load.deletes == 0 {
        let step = book.choose(pictures, dice);
        book.take(step.clone(), client, pictures).expect("an answer");
        load.count(&step);
    }
    load
}

/// Writes.
pub(crate) fn worker(client: &Client, book: &mut Book, pictures: &Pictures, dice: &mut Dice) -> Load {
    let mut load = Load::default();
    loop {
        let step = book.choose(pictures, dice);
        if let Err(error) = book.take(step.clone(), client, pictures) {
            load.interrupted += u64::from(!error.is_connect());
            return load;
        }
        load.count(&step);
    }
}

/// Reads: whatever is listed is whole.
pub(crate) fn reader(client: &Client, pictures: &Pictures, dice: &mut Dice) -> Load {
    let mut load = Load::default();
    loop {
        match look(client, pictures, dice) {
            Ok(()) => load.looks += 1,
            Err(_) => return load,
        }
    }
}

fn look(client: &Client, pictures: &Pictures, dice: &mut Dice) -> reqwest::Result<()> {
    let get = |path: &str| attempt(client.request("GET", path));
    let list = get("/files?include_variants=true&page_size=5")?.expect(200).json();
    let items: Vec<Value> = list["items"].as_array().expect("items").clone();
    // The newest is the one that may be half-made.
    let image = if dice.pick(0..2) == 0 { items.first() } else { dice.one_of(&items) };
    let image = image.expect("the reference's images are always there");
    let files: Vec<(&str, &str)> = urls(image).collect();
    assert_eq!(files.len(), 5, "{image}");
    let (name, url) = *dice.one_of(&files).expect("five");
    let file = get(url)?;
    if file.status == 404 {
        // It was deleted since it was listed, its row first.
        let _ = get(&format!("/files/{}", id(image)))?.expect(404);
    } else {
        assert!(pictures.is(image, name, &file.expect(200).body), "{name} of {image} is not what it should be");
    }
    Ok(())
}
