//! What must hold for a write to happen, asked of the very state that it would change.
//!
//! Owns nothing of what is asked: whoever writes brings the question, and a repository puts it inside the
//! write's own transaction, where nobody else can change the answer. So of two writers that both saw the same
//! state, one finds another.

use crate::ports::product_repo::RepoError;
use std::fmt;
use std::sync::Arc;

/// A question about the state `S` of a thing that is there, or about nothing.
pub struct Guard<S>(Option<Arc<Question<S>>>);

type Question<S> = dyn Fn(Option<&S>) -> Result<(), Objection> + Send + Sync;

impl<S> Guard<S> {
    /// The guard that asks `question`, which may be asked again when the state has changed in between.
    #[must_use]
    pub fn new(question: impl Fn(Option<&S>) -> Result<(), Objection> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(question)))
    }

    /// The guard that objects to nothing.
    #[must_use]
    pub fn open() -> Self {
        Self(None)
    }

    /// Asks about `state`; `None` when there is no such thing.
    ///
    /// # Errors
    /// The objection to the write.
    pub fn ask(&self, state: Option<&S>) -> Result<(), Objection> {
        self.0.as_ref().map_or(Ok(()), |question| question(state))
    }
}

impl<S> Clone for Guard<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Guard" } else { "Guard(open)" })
    }
}

/// Why a write is not to happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The thing is not in the state that the client saw, or not there.
    #[error("a precondition does not hold")]
    Precondition,
    /// These members are not what they were, and cannot be changed.
    #[error("cannot be changed: {}", .0.join(", "))]
    ReadOnly(Vec<String>),
}

/// Why a guarded write did not happen; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Its guard objected.
    #[error(transparent)]
    Refused(#[from] Objection),
    /// The database.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl WriteError {
    /// The error of a write whose guard was open.
    #[must_use]
    pub fn unguarded(self) -> RepoError {
        match self {
            Self::Refused(objection) => RepoError::Corrupt(Box::new(objection)),
            Self::Repo(error) => error,
        }
    }
}
