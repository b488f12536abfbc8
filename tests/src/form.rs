//! A `multipart/form-data` body, byte for byte as curl and browsers send it (RFC 7578).
//!
//! Owns the encoding and refuses to be strict: tests also need forms that no client would send.

/// A form under construction; parts go out in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Form {
    body: Vec<u8>,
}

/// Stands between the parts; nothing else in a test contains it.
pub const BOUNDARY: &str = "----packshot-e2e-9f2c51d07b3e";

impl Form {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A form with a picture for a product: what an upload needs at least.
    #[must_use]
    pub fn upload(product: &str, picture: &[u8]) -> Self {
        Self::new().text("productId", product).file("picture.jpg", "image/jpeg", picture)
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    /// Adds the field `file`; `filename` goes out as it is, but for the quotes that browsers escape.
    #[must_use]
    pub fn file(self, filename: &str, declared_type: &str, bytes: &[u8]) -> Self {
        let filename = filename.replace('"', "%22");
        let head = format!(
            "Content-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\nContent-Type: {declared_type}"
        );
        self.part(&head, bytes)
    }

    /// Adds a part with these header lines.
    #[must_use]
    pub fn part(mut self, head: &str, bytes: &[u8]) -> Self {
        self.body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The body, closed.
    #[must_use]
    pub fn into_body(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }

    /// The body without its end, as when a client stops in the middle.
    #[must_use]
    pub fn into_open_body(self) -> Vec<u8> {
        self.body
    }

    /// The request's `Content-Type`.
    #[must_use]
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_boundaries() {
        let body = Form::new().text("a", "1").file("x\"y.jpg", "image/jpeg", b"\xff").into_body();
        let expected = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--{BOUNDARY}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"x%22y.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        );
        let expected = [expected.as_bytes(), b"\xff\r\n--", BOUNDARY.as_bytes(), b"--\r\n"].concat();
        assert_eq!(body, expected);
    }
}
