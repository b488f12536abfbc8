//! What is uploaded, and what every variant of it must be, byte for byte.
//!
//! Owns the premise that the same picture and the same settings give the same bytes: so it is known what an
//! image must be whose client was killed, or whose answer was its last one.

use super::book::Book;
use image::codecs::webp::WebPEncoder;
use packshot_tests::{Client, Form, Server, fixture};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Cursor;

/// A picture with its variants.
pub(crate) struct Picture {
    name: &'static str,
    media_type: &'static str,
    bytes: Vec<u8>,
    /// By name.
    variants: BTreeMap<String, Vec<u8>>,
}

/// All of them.
pub(crate) struct Pictures(Vec<Picture>);

impl Pictures {
    /// Uploads each once and remembers what it became.
    pub(crate) fn learn(server: &Server, book: &mut Book) -> Self {
        let mut pictures = Self(vec![
            picture("tiny.jpg", "image/jpeg", fixture("tiny_300x300.jpg")),
            picture("cutout.png", "image/png", fixture("cutout_400x400.png")),
            picture("tiny.webp", "image/webp", webp(&fixture("tiny_300x300.jpg"))),
        ]);
        book.make_product(&server.admin());
        for number in 0..pictures.0.len() {
            let image = book.upload(&server.admin(), &pictures, number);
            pictures.0[number].variants = fetch(server.anyone(), &image);
            assert_eq!(pictures.0[number].variants.len(), 5);
        }
        pictures
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// A form with one of them.
    pub(crate) fn form(&self, number: usize, product: &str) -> Form {
        let picture = &self.0[number];
        Form::new().text("productId", product).file(picture.name, picture.media_type, &picture.bytes)
    }

    /// Whether these are the bytes of that variant of the image.
    pub(crate) fn is(&self, image: &Value, variant: &str, bytes: &[u8]) -> bool {
        let picture = self.0.iter().find(|picture| image["originalName"] == picture.name);
        picture.is_some_and(|picture| picture.variants.get(variant).is_some_and(|expected| expected == bytes))
    }
}

fn picture(name: &'static str, media_type: &'static str, bytes: Vec<u8>) -> Picture {
    Picture { name, media_type, bytes, variants: BTreeMap::new() }
}

fn webp(jpeg: &[u8]) -> Vec<u8> {
    let pixels = image::load_from_memory(jpeg).expect("a picture").into_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = pixels.dimensions();
    let encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.encode(&pixels, width, height, image::ExtendedColorType::Rgb8).expect("it can be coded");
    bytes.into_inner()
}

/// Name and URL of each file of an image.
pub(crate) fn urls(image: &Value) -> impl Iterator<Item = (&str, &str)> {
    let variants = image["variants"].as_object().expect("an image with its variants");
    variants.iter().map(|(name, url)| (name.as_str(), url.as_str().expect("a URL")))
}

fn fetch(client: &Client, image: &Value) -> BTreeMap<String, Vec<u8>> {
    urls(image).map(|(name, url)| (name.to_owned(), client.get(url).expect(200).body)).collect()
}
