//! What one client was told, and the one request whose answer it never got.
//!
//! Owns the rule that makes the test sharp: after a crash, the client's product is exactly as it was told, or
//! exactly as it would be had the open request been answered well, and nothing in between.

use super::knows_that_it_is_alone;
use super::pictures::{Pictures, urls};
use packshot_tests::client::attempt;
use packshot_tests::dice::Dice;
use packshot_tests::inventory::id;
use packshot_tests::{Client, Server};
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// With more images than this a client rather deletes than uploads, so that a long run does not grow.
const MANY: usize = 8;

/// A client's knowledge of its product, which no other client changes.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    product: String,
    is_made: bool,
    /// The 201 of each image, with what was changed since.
    images: BTreeMap<String, Value>,
    /// The ids of all that ever were.
    uploads: BTreeSet<String>,
    /// Those that were deleted since the last check.
    gone: Vec<Value>,
    captions: u64,
    open: Option<Step>,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    MakeProduct,
    DeleteProduct,
    Upload { picture: usize, caption: String, primary: bool },
    Delete(String),
    MakePrimary(String),
    Describe(String, String),
}

/// An upload of unknown outcome, and the image that it made, if it made one.
pub(crate) struct OpenUpload {
    product: String,
    step: Step,
    made: Option<String>,
}

impl Book {
    /// An empty one, for a product that is not there yet.
    pub(crate) fn new(product: &str) -> Self {
        Self {
            product: product.to_owned(),
            is_made: false,
            images: BTreeMap::new(),
            uploads: BTreeSet::new(),
            gone: Vec::new(),
            captions: 0,
            open: None,
        }
    }

    /// What to ask for next.
    pub(crate) fn choose(&mut self, pictures: &Pictures, dice: &mut Dice) -> Step {
        if !self.is_made {
            return Step::MakeProduct;
        }
        let images: Vec<String> = self.images.keys().cloned().collect();
        let Some(image) = dice.one_of(&images).cloned() else { return self.new_upload(pictures, dice) };
        let (uploads, deletes) = if images.len() < MANY { (60, 80) } else { (25, 80) };
        match dice.pick(0..100) {
            roll if roll < uploads => self.new_upload(pictures, dice),
            roll if roll < deletes => Step::Delete(image),
            80..88 => Step::MakePrimary(image),
            88..98 => Step::Describe(image, format!("alt {}", dice.pick(0..1_000_000))),
            _ => Step::DeleteProduct,
        }
    }

    fn new_upload(&mut self, pictures: &Pictures, dice: &mut Dice) -> Step {
        self.captions += 1;
        let caption = format!("{} {}", self.product, self.captions);
        Step::Upload { picture: dice.pick(0..pictures.count()) as usize, caption, primary: dice.pick(0..3) == 0 }
    }

    /// Takes a step; its outcome stays open when there is no answer.
    pub(crate) fn take(&mut self, step: Step, client: &Client, pictures: &Pictures) -> reqwest::Result<()> {
        self.open = Some(step.clone());
        let answer = attempt(step.request(client, &self.product, pictures))?;
        self.open = None;
        assert_eq!(answer.status, step.good(), "{step:?}: {}", answer.shown());
        self.enter(&step, || answer.json());
        Ok(())
    }

    /// Makes the product.
    pub(crate) fn make_product(&mut self, client: &Client) {
        let path = format!("/products/{}", self.product);
        let _ = client.put_json(&path, r#"{"name": "A product"}"#).expect(201);
        self.is_made = true;
    }

    /// Uploads a picture, and gives the answer.
    pub(crate) fn upload(&mut self, client: &Client, pictures: &Pictures, picture: usize) -> Value {
        let step = Step::Upload { picture, caption: format!("picture {picture}"), primary: false };
        let image = attempt(step.request(client, &self.product, pictures)).expect("an answer").expect(201).json();
        self.enter(&step, || image.clone());
        image
    }

    /// Enters what a good answer to `step` means.
    fn enter(&mut self, step: &Step, image: impl FnOnce() -> Value) {
        match step {
            Step::MakeProduct => self.is_made = true,
            Step::DeleteProduct => {
                self.is_made = false;
                self.gone.extend(std::mem::take(&mut self.images).into_values());
            }
            Step::Upload { primary, .. } => {
                let image = image();
                assert_eq!(image["isPrimary"], *primary, "{image}");
                let new = id(&image).to_owned();
                if *primary {
                    self.choose_primary(&new);
                }
                self.uploads.insert(new.clone());
                self.images.insert(new, image);
            }
            Step::Delete(image) => self.gone.extend(self.images.remove(image)),
            Step::MakePrimary(image) => self.choose_primary(&image.clone()),
            Step::Describe(image, text) => {
                self.images.get_mut(image).expect("it was chosen from these")["altText"] = json!(text);
            }
        }
    }

    fn choose_primary(&mut self, chosen: &str) {
        for (id, image) in &mut self.images {
            image["isPrimary"] = json!(id == chosen);
        }
    }

    /// Finds out what became of the open request, and checks that nothing else has changed.
    ///
    /// # Panics
    /// When the product is neither as before that request nor as after it.
    pub(crate) fn settle(&mut self, server: &Server) -> Option<OpenUpload> {
        let seen = Seen::of(server, &self.product);
        let Some(step) = self.open.take() else {
            assert_eq!(Seen::told(self), seen, "{} is not as its client was told", self.product);
            return None;
        };
        let mut made = None;
        if Seen::told(self) != seen {
            let before = self.clone();
            let known = |id: &String| before.images.contains_key(id);
            self.enter(&step, || {
                let new = seen.images.keys().find(|id| !known(id)).expect("only the open upload's image is unknown");
                made = Some(new.clone());
                let image = server.anyone().get(&format!("/files/{new}")).expect(200).json();
                image_as_uploaded(image)
            });
            assert_eq!(Seen::told(self), seen, "neither before nor after {step:?}; before: {before:?}");
        }
        matches!(step, Step::Upload { .. }).then(|| OpenUpload { product: self.product.clone(), step, made })
    }

    /// Checks each image with every byte of its files, and that nothing of the deleted ones can be read.
    ///
    /// # Panics
    /// When something is lost, changed, or still there.
    pub(crate) fn check(&mut self, server: &Server, pictures: &Pictures) {
        let client = server.anyone();
        for (id, image) in &self.images {
            let read = client.get(&format!("/files/{id}")).expect(200).json();
            assert_eq!(&image_as_uploaded(read), image);
            let mut files = 0;
            for (name, url) in urls(image) {
                let file = client.get(url).expect(200);
                assert!(pictures.is(image, name, &file.body), "{url} is not as it was first served");
                files += 1;
            }
            assert_eq!(files, 5, "{image}");
        }
        for image in self.gone.drain(..) {
            let _ = client.get(&format!("/files/{}", id(&image))).expect(404);
            urls(&image).for_each(|(_, url)| drop(client.get(url).expect(404)));
        }
    }

    /// The ids of all images that ever were uploaded.
    pub(crate) fn uploads(&self) -> impl Iterator<Item = &String> {
        self.uploads.iter()
    }

    /// The ids of its images.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &String> {
        self.images.keys()
    }
}

impl OpenUpload {
    /// Sends it again with the same key: what it made is answered again; else it is made now, or the key is
    /// still held for the request that died, where the server cannot know that it did. Whether it was made now.
    ///
    /// # Panics
    /// When a second image is made of it, or another answer comes.
    pub(crate) fn repeat(self, server: &Server, pictures: &Pictures, books: &mut [Book]) -> bool {
        let answer = attempt(self.step.request(&server.admin(), &self.product, pictures)).expect("an answer");
        let replayed = answer.header("idempotent-replayed").is_some();
        match self.made {
            Some(made) => assert!(
                answer.status == 201 && replayed && answer.header("x-image-id") == Some(&made),
                "{}",
                answer.shown()
            ),
            None if answer.status == 409 && !knows_that_it_is_alone(server.home()) => {
                drop(answer.problem(409, "conflict", "/files", &[]))
            }
            None => {
                assert!(answer.status == 201 && !replayed, "{}", answer.shown());
                let book = books.iter_mut().find(|book| book.product == self.product).expect("its book");
                book.enter(&self.step, || answer.json());
                return true;
            }
        }
        false
    }
}

impl Step {
    fn request(&self, client: &Client, product: &str, pictures: &Pictures) -> RequestBuilder {
        match self {
            Self::MakeProduct => {
                let request = client.request("PUT", &format!("/products/{product}"));
                request.header("content-type", "application/json").body(r#"{"name": "A product"}"#)
            }
            Self::DeleteProduct => client.request("DELETE", &format!("/products/{product}")),
            Self::Upload { picture, caption, primary } => {
                let form = pictures.form(*picture, product).text("caption", caption);
                let form = form.text("is_primary", if *primary { "true" } else { "false" }).text("tags", product);
                client.upload_request(form).header("idempotency-key", caption.replace(' ', "-"))
            }
            Self::Delete(image) => client.request("DELETE", &format!("/files/{image}")),
            Self::MakePrimary(image) => client.request("PATCH", &format!("/files/{image}/primary")),
            Self::Describe(image, text) => {
                let request = client.request("PATCH", &format!("/files/{image}"));
                let request = request.header("content-type", "application/merge-patch+json");
                request.body(json!({ "altText": text }).to_string())
            }
        }
    }

    /// The status of success.
    fn good(&self) -> u16 {
        match self {
            Self::MakeProduct | Self::Upload { .. } => 201,
            Self::DeleteProduct | Self::Delete(_) => 204,
            Self::MakePrimary(_) | Self::Describe(..) => 200,
        }
    }
}

/// What can be seen of a product in lists.
#[derive(Debug, PartialEq)]
struct Seen {
    product: bool,
    /// Caption, alternative text, and whether it is primary.
    images: BTreeMap<String, [Value; 3]>,
}

impl Seen {
    fn of(server: &Server, product: &str) -> Self {
        let client = server.anyone();
        let answer = client.get(&format!("/products/{product}"));
        if answer.status == 404 {
            return Self { product: false, images: BTreeMap::new() };
        }
        let product = answer.expect(200).json();
        let query = format!("/files?productId={}&page_size=100", product["id"].as_str().expect("an id"));
        let list = client.get(&query).expect(200).json();
        let items = list["items"].as_array().expect("items");
        assert_eq!(list["total"], items.len());
        assert_eq!(product["imageCount"], items.len());
        // Counts of tags are kept apart from the images.
        let tagged = client.get(&query.replace("productId", "tags")).expect(200).json();
        assert_eq!(tagged["total"], items.len());
        Self { product: true, images: items.iter().map(|image| (id(image).to_owned(), shown(image))).collect() }
    }

    fn told(book: &Book) -> Self {
        let images = book.images.iter().map(|(id, image)| (id.clone(), shown(image))).collect();
        Self { product: book.is_made, images }
    }
}

fn shown(image: &Value) -> [Value; 3] {
    ["caption", "altText", "isPrimary"].map(|member| image[member].clone())
}

/// An image as it is read, without what the answer to its upload does not have.
fn image_as_uploaded(mut image: Value) -> Value {
    let members = image.as_object_mut().expect("an object");
    for member in ["url", "productName"] {
        assert!(members.remove(member).is_some(), "no {member}");
    }
    image
}
