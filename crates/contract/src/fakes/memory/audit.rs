//! The audit log in memory.

use super::MemoryDatabase;
use async_trait::async_trait;
use packshot_domain::ports::audit_log::{AuditEntry, AuditLog, AuditQuery};
use packshot_domain::ports::product_repo::RepoError;

#[async_trait]
impl AuditLog for MemoryDatabase {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, RepoError> {
        let state = self.lock();
        let matching = state.audit.iter().rev().filter(|entry| {
            query.product.as_ref().is_none_or(|product| entry.product == *product)
                && query.image.is_none_or(|image| entry.image == Some(image))
                && query.user.as_ref().is_none_or(|user| entry.origin.user.as_str() == user)
        });
        Ok(matching.take(query.limit as usize).cloned().collect())
    }
}
