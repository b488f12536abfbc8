//! An HTTP client as good as a shop's: reqwest, with a token or without.
//!
//! Owns the address, the token and the timeout; refuses to follow redirects or to judge statuses. Its
//! surprising rule: an answer that the OpenAPI document does not describe fails the test that got it.

use crate::answer::Answer;
use crate::described;
use crate::form::Form;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use std::time::Duration;

/// Speaks to one server, perhaps as somebody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::blocking::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// A client of the server at `base` (such as `http://127.0.0.1:8000`), without a token.
    ///
    /// # Panics
    /// When reqwest cannot be set up.
    #[must_use]
    pub fn new(base: &str) -> Self {
        // The tests speak plain HTTP, but where reqwest was built with TLS for another crate it asks for this.
        // An error says that it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A server that hangs fails the test instead of stopping it.
            .timeout(Duration::from_secs(120))
            .build()
            .expect("a client needs nothing");
        Self { http, base: base.to_owned(), token: None }
    }

    /// The same client with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request to be completed by the test.
    ///
    /// # Panics
    /// When `method` is no method.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `GET path`.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path))
    }

    /// `GET path` with these headers.
    #[must_use]
    #[track_caller]
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(with_headers(self.request("GET", path), headers))
    }

    /// `POST /api/files` with this form.
    #[must_use]
    #[track_caller]
    pub fn upload(&self, form: Form) -> Answer {
        self.upload_with(form, &[])
    }

    /// `POST /api/files` with this form and these headers.
    #[must_use]
    #[track_caller]
    pub fn upload_with(&self, form: Form, headers: &[(&str, &str)]) -> Answer {
        send(with_headers(self.upload_request(form), headers))
    }

    /// `POST /api/files` with this form, to be sent.
    pub fn upload_request(&self, form: Form) -> RequestBuilder {
        self.request("POST", "/api/files").header("content-type", Form::content_type()).body(form.into_body())
    }

    /// `PATCH path` with a JSON merge patch.
    #[must_use]
    #[track_caller]
    pub fn patch(&self, path: &str, body: &str) -> Answer {
        let request = self.request("PATCH", path).header("content-type", "application/merge-patch+json");
        send(request.body(body.to_owned()))
    }

    /// `PATCH path/primary`, where `path` is an image's.
    #[must_use]
    #[track_caller]
    pub fn make_primary(&self, path: &str) -> Answer {
        send(self.request("PATCH", &format!("{path}/primary")))
    }

    /// `PUT path` with a JSON body.
    #[must_use]
    #[track_caller]
    pub fn put_json(&self, path: &str, body: &str) -> Answer {
        let request = self.request("PUT", path).header("content-type", "application/json");
        send(request.body(body.to_owned()))
    }

    /// `DELETE path`.
    #[must_use]
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path))
    }
}

/// Sends a request and reads the whole answer.
///
/// # Panics
/// When there is none, or one that the OpenAPI document does not describe.
#[must_use]
#[track_caller]
pub fn send(request: RequestBuilder) -> Answer {
    attempt(request).unwrap_or_else(|error| panic!("no answer: {error:?}"))
}

/// Sends a request to a server that may not be there, or not for long enough, and reads the whole answer.
///
/// # Errors
/// When there is none, or it breaks off.
///
/// # Panics
/// When there is one that the OpenAPI document does not describe.
#[track_caller]
pub fn attempt(request: RequestBuilder) -> reqwest::Result<Answer> {
    let (http, request) = request.build_split();
    let request = request.unwrap_or_else(|error| panic!("no request: {error:?}"));
    let (method, path) = (request.method().to_string(), request.url().path().to_owned());
    let answer = execute(&http, request)?;
    described::check(&method, &path, &answer);
    Ok(answer)
}

fn execute(http: &reqwest::blocking::Client, request: reqwest::blocking::Request) -> reqwest::Result<Answer> {
    let response = http.execute(request)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Ok(Answer { status, headers, body: response.bytes()?.to_vec() })
}

fn with_headers(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}
