//! Products, kept.

use crate::access::Origin;
use crate::ports::Cause;
use crate::product::{Product, ProductId, ProductName};
use async_trait::async_trait;

/// Keeps products.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ProductRepo: Send + Sync {
    /// The product, if there is one.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepoError>;

    /// Makes the product, or renames it (its `created_at` stays), and enters that into the audit log in
    /// the same transaction.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn put(&self, id: &ProductId, name: &ProductName, origin: &Origin) -> Result<Put, RepoError>;

    /// Whether there is no product at all.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn is_empty(&self) -> Result<bool, RepoError>;

    /// A page of products by id, and how many match.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn list(&self, query: &ProductQuery) -> Result<ProductPage, RepoError>;

    /// Asks the database whether it would answer, with one cheap query.
    ///
    /// # Errors
    /// [`RepoError`].
    async fn ping(&self) -> Result<(), RepoError>;
}

/// What a `put` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// There was no such product before.
    Created(Product),
    /// There was one, and it has the new name now.
    Renamed(Product),
}

/// Which products to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductQuery {
    /// Literal and in the caseless form (see [`unicode`](crate::unicode)), in id and name.
    pub search: Option<String>,
    /// From 1.
    pub page: u32,
    /// Products a page.
    pub page_size: u32,
}

/// A page of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductPage {
    /// In order of their ids.
    pub items: Vec<Product>,
    /// How many match in all.
    pub total: u64,
}

/// Why a database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The database is down, locked, full or timed out; another try may go through.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// More reads of this kind are asked for than run at once; another try may go through.
    #[error("too many reads at once")]
    Busy,
    /// A read did not end within its time: a narrower question may be answered.
    #[error("the read took too long")]
    TooSlow(#[source] Cause),
    /// A row holds what cannot be: our fault, and another try will not help.
    #[error("the database holds a bad row")]
    Corrupt(#[source] Cause),
}
