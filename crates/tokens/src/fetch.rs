//! A key set's text, from its file or its URL.
//!
//! Owns the bounds of a fetch: HTTPS, no redirects, a deadline and a size; refuses to know what the
//! text says.

use crate::settings::StartError;
use packshot_domain::ports::Cause;
use reqwest::{Client, Url, redirect};
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

/// More than any key set has.
const MAX_BYTES: usize = 1 << 20;

/// Where the text of a key set is had from.
pub(crate) enum Origin {
    File(PathBuf),
    Url { client: Client, url: Url },
}

/// Why the text of a key set was not had.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the server answered {0}")]
    Status(u16),
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
}

impl Origin {
    /// The origin at `url`, with a client for it.
    pub(crate) fn url(url: &str, timeout: Duration) -> Result<Self, StartError> {
        let url = Url::parse(url).map_err(|error| StartError::InvalidUrl(Box::new(error)))?;
        let plain = url.scheme() == "http" && is_loopback(&url);
        if url.scheme() != "https" && !plain {
            return Err(StartError::InsecureUrl);
        }
        // An error means that the process has a provider already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(redirect::Policy::none())
            .https_only(!plain)
            .user_agent(concat!("packshot/", env!("CARGO_PKG_VERSION")));
        if plain {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| StartError::Client(Box::new(error)))?;
        Ok(Self::Url { client, url })
    }

    /// The text.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, Cause> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_file(&path)).await?
            }
            Self::Url { client, url } => {
                let mut response = client.get(url.clone()).header("accept", "application/json").send().await?;
                if response.status() != 200 {
                    return Err(FetchError::Status(response.status().as_u16()).into());
                }
                let mut text = Vec::new();
                while let Some(chunk) = response.chunk().await? {
                    text.extend_from_slice(&chunk);
                    if text.len() > MAX_BYTES {
                        return Err(FetchError::TooLarge.into());
                    }
                }
                Ok(text)
            }
        }
    }
}

/// The text of the file at `path`.
pub(crate) fn read_file(path: &std::path::Path) -> Result<Vec<u8>, Cause> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    if text.len() > MAX_BYTES { Err(FetchError::TooLarge.into()) } else { Ok(text) }
}

fn is_loopback(url: &Url) -> bool {
    // An IPv6 host stands between brackets.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_fetched_from() {
        let origin = |url: &str| Origin::url(url, Duration::from_secs(1));
        for good in [
            "https://login.example.com/keys",
            "http://localhost:1/keys",
            "http://127.0.0.1/keys",
            "http://127.9.9.9/",
            "http://[::1]:8080/keys",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.com/keys",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://localhost/",
            "file:///etc/passwd",
        ] {
            assert!(matches!(origin(bad), Err(StartError::InsecureUrl)), "{bad}");
        }
        assert!(matches!(origin("keys.json"), Err(StartError::InvalidUrl(_))));
    }
}
