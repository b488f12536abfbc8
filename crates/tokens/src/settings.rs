//! What decides whether a token is good.
//!
//! Owns the defaults; refuses to read them from anywhere.

use crate::secret::Secret;
use packshot_domain::ports::Cause;
use std::path::PathBuf;
use std::time::Duration;

/// Where the keys come from that tokens are checked with.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// One secret that issuer and server share.
    Hs256(Secret),
    /// A JSON Web Key Set (RFC 7517) in a file.
    JwksFile(PathBuf),
    /// A JSON Web Key Set behind an HTTPS URL; `http://` only on a loopback host (`localhost`,
    /// `127.0.0.0/8`, `[::1]`), because whoever can change it on its way can sign in as anybody.
    JwksUrl(String),
}

/// A signature algorithm of RFC 7518, section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSA, PKCS #1 v1.5, with SHA-256; keys of 2048 to 8192 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// What decides whether a token is good, and whose it is.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Where the keys come from.
    pub keys: KeySource,
    /// The algorithms that are accepted. Must fit the key source.
    pub algorithms: Vec<Algorithm>,
    /// What `iss` must be; `None` for anything.
    pub issuer: Option<String>,
    /// What `aud` must be or contain; `None` for anything.
    pub audience: Option<String>,
    /// Roles that make an admin, compared letter by letter.
    pub admin_roles: Vec<String>,
    /// Claims that name roles, as dotted paths (`realm_access.roles`); a claim whose own name has dots
    /// in it (`https://shop.example/roles`) is found too. Each holds a string, a string of several
    /// roles between spaces, or an array of strings.
    pub role_claims: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// A key set is fetched at most once in this time, whatever tokens arrive.
    pub jwks_min_refetch_interval: Duration,
    /// A key set that is older is fetched again before it is used, so that a key that was withdrawn stops
    /// working within this time; the old one goes on being used while the new one cannot be had. From half this
    /// age on, it is fetched beside the work.
    pub jwks_max_age: Duration,
    /// A fetch may take this long.
    pub jwks_timeout: Duration,
}

/// Why no verifier can be made of some settings.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No algorithm is allowed, so no token could ever be good.
    #[error("no signature algorithm is allowed")]
    NoAlgorithm,
    /// An algorithm that the key source has no keys for.
    #[error("the algorithm {0:?} does not fit where the keys come from")]
    AlgorithmWithoutKeys(Algorithm),
    /// The URL of the key set.
    #[error("the URL of the key set must begin with https:// (http:// only for a loopback host)")]
    InsecureUrl,
    /// What was given as the URL of the key set is none.
    #[error("the URL of the key set is not valid")]
    InvalidUrl(#[source] Cause),
    /// The file of the key set.
    #[error("the key set {} cannot be used", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// No HTTP client could be made.
    #[error("no HTTPS client can be made")]
    Client(#[source] Cause),
}

impl Algorithm {
    pub(crate) fn for_signatures(self) -> biscuit::jwa::SignatureAlgorithm {
        match self {
            Self::Hs256 => biscuit::jwa::SignatureAlgorithm::HS256,
            Self::Rs256 => biscuit::jwa::SignatureAlgorithm::RS256,
            Self::Es256 => biscuit::jwa::SignatureAlgorithm::ES256,
        }
    }

    /// The name in a token's or a key's `alg`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl TokenSettings {
    /// The defaults for keys from there: HS256 for a secret, RS256 and ES256 for a key set; any issuer
    /// and audience; `admin` is the admin role.
    #[must_use]
    pub fn new(keys: KeySource) -> Self {
        let algorithms = match keys {
            KeySource::Hs256(_) => vec![Algorithm::Hs256],
            KeySource::JwksFile(_) | KeySource::JwksUrl(_) => vec![Algorithm::Rs256, Algorithm::Es256],
        };
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            keys,
            algorithms,
            issuer: None,
            audience: None,
            admin_roles: owned(&["admin"]),
            role_claims: owned(&["role", "roles", "scope", "realm_access.roles"]),
            leeway: Duration::from_secs(30),
            jwks_min_refetch_interval: Duration::from_secs(30),
            jwks_max_age: Duration::from_secs(300),
            jwks_timeout: Duration::from_secs(5),
        }
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        let fits = |algorithm: Algorithm| match self.keys {
            KeySource::Hs256(_) => algorithm == Algorithm::Hs256,
            KeySource::JwksFile(_) | KeySource::JwksUrl(_) => algorithm != Algorithm::Hs256,
        };
        match self.algorithms.iter().find(|&&algorithm| !fits(algorithm)) {
            Some(&misfit) => Err(StartError::AlgorithmWithoutKeys(misfit)),
            None if self.algorithms.is_empty() => Err(StartError::NoAlgorithm),
            None => Ok(()),
        }
    }
}
