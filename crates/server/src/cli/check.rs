//! `packshot check`: would a server start with these settings, and would its parts answer?

use crate::cli::{Invocation, one_line, print};
use crate::wiring::{self, Database};
use anyhow::Context;
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::ports::product_repo::ProductRepo;
use std::process::ExitCode;

pub(super) async fn run(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    let loaded = &invocation.loaded;
    match &loaded.file {
        Some(file) => print(&format!("settings  ok, from {} and the environment", file.display()))?,
        None => print("settings  ok, from the environment and the defaults")?,
    }
    let database = database(invocation).await;
    let store = store(invocation, database.as_ref().ok().map(|(database, _)| database)).await;
    let database = database.map(|(_, found)| found);
    let all_well = database.is_ok() && store.is_ok();
    for (name, outcome) in [("database", database), ("store", store)] {
        match outcome {
            Ok(found) => print(&format!("{name:<9} ok, {found}"))?,
            Err(error) => print(&format!("{name:<9} FAILED, {}", one_line(&error)))?,
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn database(invocation: &Invocation) -> anyhow::Result<(Database, String)> {
    let database = wiring::existing_database(&invocation.loaded.settings)?;
    database.ping().await.context("database.url")?;
    let found = database.describe();
    Ok((database, found))
}

async fn store(invocation: &Invocation, database: Option<&Database>) -> anyhow::Result<String> {
    let store = wiring::look_at_store(&invocation.loaded.settings, &invocation.environment, database)?;
    let Some(store) = store else {
        return Ok(format!("{}, made at the first start", invocation.loaded.settings.storage.url));
    };
    store.ping().await.context("storage.url")?;
    Ok(store.describe())
}
