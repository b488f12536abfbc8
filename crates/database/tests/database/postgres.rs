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

/// The name of a migrated, empty database.
pub(crate) fn migrated() -> String {
    let url = CLUSTER.create_database().unwrap();
    open(&url).migrate().unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

fn open(url: &str) -> Database {
    Database::open(&DatabaseSettings::new(DatabaseUrl::parse(url).unwrap())).unwrap()
}

async fn fresh() -> Repos {
    Repos::new(open(&CLUSTER.url(&migrated())), ())
}

packshot_contract::repo_suite!(fresh);
