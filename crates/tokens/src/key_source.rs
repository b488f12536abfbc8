//! The keys at hand, fetched again when a token asks for one that is not there.
//!
//! Owns the cache of the key set and how often it is fetched: at most once an interval, by one task
//! for all who wait, and anew when half its greatest age has passed. Refuses to know what the keys are for. Its surprising rule: a fetch runs in a task
//! of its own, so that clients who hang up cannot make the next one fetch again.

use crate::fetch::{Origin, read_file};
use crate::key_set::KeySet;
use crate::settings::{Algorithm, KeySource, StartError, TokenSettings};
use chrono::{DateTime, TimeDelta, Utc};
use packshot_domain::ports::Cause;
use packshot_domain::ports::clock::Clock;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

/// While there are no keys at all, a fetch that failed is repeated this soon, where the interval is longer.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Keys that never change, or a cache of those that a provider publishes.
pub(crate) enum Keys {
    Fixed(Arc<KeySet>),
    Fetched(Arc<Cache>),
}

pub(crate) struct Cache {
    origin: Origin,
    algorithms: Vec<Algorithm>,
    min_interval: Duration,
    max_age: Duration,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    fetching: Arc<Mutex<()>>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
    failure: Option<Arc<str>>,
}

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the key set was never fetched: {0}")]
pub(crate) struct KeysUnavailable(Arc<str>);

impl Keys {
    /// The keys of these settings. A file is read at once, a URL when the first token arrives.
    pub(crate) fn open(settings: &TokenSettings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (origin, state) = match &settings.keys {
            KeySource::Hs256(secret) => return Ok(Self::Fixed(Arc::new(KeySet::of_secret(secret)))),
            KeySource::JwksFile(path) => {
                let fault = |cause| StartError::File { path: path.clone(), cause };
                let keys = KeySet::parse(&read_file(path).map_err(fault)?, &settings.algorithms);
                let keys = Arc::new(keys.map_err(|error| fault(Box::new(error)))?);
                let now = Some(clock.now());
                let state = State { keys: Some(keys), fetched_at: now, tried_at: now, failure: None };
                (Origin::File(path.clone()), state)
            }
            KeySource::JwksUrl(url) => (Origin::url(url, settings.jwks_timeout)?, State::default()),
        };
        Ok(Self::Fetched(Arc::new(Cache {
            origin,
            algorithms: settings.algorithms.clone(),
            // Less would let withdrawn keys live longer.
            min_interval: settings.jwks_min_refetch_interval.min(settings.jwks_max_age),
            max_age: settings.jwks_max_age,
            clock,
            state: RwLock::new(state),
            fetching: Arc::default(),
        })))
    }

    /// The keys, fetched anew when there are none, when none has the id `kid`, or when they are old; unless
    /// that was tried within the interval. So the answer may still know no such key. While the provider answers,
    /// no key is in it that was withdrawn longer ago than the maximum age.
    pub(crate) async fn current(&self, kid: Option<&str>) -> Result<Arc<KeySet>, KeysUnavailable> {
        match self {
            Self::Fixed(keys) => Ok(keys.clone()),
            Self::Fetched(cache) => cache.current(kid).await,
        }
    }
}

impl Cache {
    async fn current(self: &Arc<Self>, kid: Option<&str>) -> Result<Arc<KeySet>, KeysUnavailable> {
        let state = self.read();
        match &state.keys {
            Some(keys) if keys.knows(kid) && !self.is_older(&state, self.max_age) => {
                // Early, and waited for by nobody, so that busy servers never come to wait.
                if self.is_older(&state, self.max_age / 2)
                    && self.may_try(&state)
                    && let Ok(turn) = self.fetching.clone().try_lock_owned()
                {
                    drop(self.begin_fetch(turn));
                }
            }
            Some(keys) if keys.knows(kid) => {
                let turn = self.fetching.clone().lock_owned().await;
                // Whoever held the lock before may have fetched.
                let state = self.read();
                if self.is_older(&state, self.max_age) && self.may_try(&state) {
                    self.fetch(turn).await;
                }
            }
            _ => {
                let turn = self.fetching.clone().lock_owned().await;
                // Whoever held the lock before may have brought the key.
                let state = self.read();
                let known = state.keys.as_ref().is_some_and(|keys| keys.knows(kid));
                if !known && self.may_try(&state) {
                    self.fetch(turn).await;
                }
            }
        }
        let state = self.read();
        let failure = || state.failure.unwrap_or_else(|| Arc::from("the fetch was cut short"));
        state.keys.ok_or_else(|| KeysUnavailable(failure()))
    }

    /// Fetches to the end, even when the caller goes away.
    async fn fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>) {
        if let Err(error) = self.begin_fetch(turn).await {
            self.note(Err(error.into()));
        }
    }

    fn begin_fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let cache = self.clone();
        tokio::spawn(async move {
            let result = cache.fetch_keys().await;
            cache.note(result);
            drop(turn);
        })
    }

    async fn fetch_keys(&self) -> Result<KeySet, Cause> {
        Ok(KeySet::parse(&self.origin.fetch().await?, &self.algorithms)?)
    }

    fn note(&self, result: Result<KeySet, Cause>) {
        let now = Some(self.clock.now());
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.tried_at = now;
        match result {
            Ok(keys) => *state = State { keys: Some(Arc::new(keys)), fetched_at: now, tried_at: now, failure: None },
            Err(error) => {
                let failure = describe(&*error);
                let stale = state.keys.is_some();
                tracing::warn!(error = %failure, stale, "the key set of the token issuer cannot be fetched");
                state.failure = Some(failure.into());
            }
        }
    }

    fn read(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_older(&self, state: &State, age: Duration) -> bool {
        state.fetched_at.is_none_or(|at| self.passed(at, age))
    }

    fn may_try(&self, state: &State) -> bool {
        let wait = if state.keys.is_none() { self.min_interval.min(MAX_RETRY_AFTER) } else { self.min_interval };
        state.tried_at.is_none_or(|at| self.passed(at, wait))
    }

    /// Whether that long has passed since `at`; a clock that was set back counts as long enough.
    fn passed(&self, at: DateTime<Utc>, wait: Duration) -> bool {
        let passed = self.clock.now() - at;
        passed < TimeDelta::zero() || passed.to_std().is_ok_and(|passed| passed >= wait)
    }
}

/// An error with its causes on one line.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
