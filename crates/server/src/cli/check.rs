//! `packshot check`: would a server start with these settings, and would its parts answer?

use crate::cli::{Invocation, one_line, print};
use crate::wiring;
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
    let store = store(invocation).await;
    let all_well = database.is_ok() && store.is_ok();
    for (name, outcome) in [("database", database), ("store", store)] {
        match outcome {
            Ok(found) => print(&format!("{name:<9} ok, {found}"))?,
            Err(error) => print(&format!("{name:<9} FAILED, {}", one_line(&error)))?,
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn database(invocation: &Invocation) -> anyhow::Result<String> {
    let (database, _) = wiring::open_database(&invocation.loaded.settings)?;
    database.ping().await.context("database.url")?;
    Ok(database.describe())
}

async fn store(invocation: &Invocation) -> anyhow::Result<String> {
    let store = wiring::open_store(&invocation.loaded.settings, &invocation.environment)?;
    store.ping().await.context("storage.url")?;
    Ok(store.describe())
}
