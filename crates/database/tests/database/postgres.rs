//! The contract on PostgreSQL: a cluster for this process, a database for each test.

use packshot_contract::repos::Repos;
use packshot_contract::servers::postgres::PostgresCluster;
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use std::sync::LazyLock;

/// Never dropped, as statics are: the end of the process stops it.
pub(crate) static CLUSTER: LazyLock<PostgresCluster> = LazyLock::new(|| match PostgresCluster::start() {
    Ok(cluster) => cluster,
    Err(error) => panic!("{error}"),
});

/// A migrated, empty database.
pub(crate) fn database() -> Database {
    let url = CLUSTER.create_database().unwrap();
    let settings = DatabaseSettings::new(DatabaseUrl::parse(&url).unwrap());
    let database = Database::open(&settings).unwrap();
    database.migrate().unwrap();
    database
}

async fn fresh() -> Repos {
    Repos::new(database(), ())
}

packshot_contract::repo_suite!(fresh);
