//! Identities that count up.

use packshot_domain::image::{FileToken, ImageId};
use packshot_domain::ports::idempotency::Lease;
use packshot_domain::ports::identifiers::Identifiers;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Makes the identities 1, 2, 3 …, so that a test knows them beforehand.
#[derive(Debug, Default)]
pub struct SequentialIdentifiers {
    images: AtomicU64,
    tokens: AtomicU64,
    leases: AtomicU64,
}

impl Identifiers for SequentialIdentifiers {
    fn image_id(&self) -> ImageId {
        let number = self.images.fetch_add(1, Ordering::Relaxed) + 1;
        ImageId::new(Uuid::from_u128(number.into()))
    }

    fn file_token(&self) -> FileToken {
        FileToken::from_bits(self.tokens.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn lease(&self) -> Lease {
        let number = self.leases.fetch_add(1, Ordering::Relaxed) + 1;
        Lease(Uuid::from_u128(number.into()))
    }
}
