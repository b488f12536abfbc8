//! The two smallest adapters: the system's clock and its random numbers.

use chrono::{DateTime, SubsecRound, Utc};
use packshot_domain::image::{FileToken, ImageId};
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::identifiers::Identifiers;
use uuid::Uuid;

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// The system's random numbers.
#[derive(Debug, Clone, Copy)]
pub struct RandomIdentifiers;

impl Identifiers for RandomIdentifiers {
    fn image_id(&self) -> ImageId {
        ImageId::new(Uuid::now_v7())
    }

    fn file_token(&self) -> FileToken {
        FileToken::from_bits(rand::random())
    }
}
