//! The audit log in memory.

use super::MemoryDatabase;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
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

    async fn remove_before(&self, before: DateTime<Utc>) -> Result<u64, RepoError> {
        let mut state = self.lock();
        let entries = state.audit.len();
        state.audit.retain(|entry| entry.origin.at >= before);
        Ok((entries - state.audit.len()) as u64)
    }
}
