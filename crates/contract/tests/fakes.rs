//! The fakes keep the contract too.

use packshot_contract::fakes::MemoryDatabase;
use packshot_contract::repos::Repos;

async fn fresh() -> Repos {
    Repos::new(MemoryDatabase::default(), ())
}

packshot_contract::repo_suite!(fresh);
