//! `packshot product put`: makes or renames a product.

use crate::cli::{Invocation, origin, print};
use crate::wiring;
use anyhow::Context;
use clap::Subcommand;
use packshot_domain::ports::product_repo::{ProductRepo, Put};
use packshot_domain::product::{ProductId, ProductName};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Makes the product, or gives it a new name.
    Put {
        /// 1 to 64 of A-Z a-z 0-9 _ -
        id: String,
        /// What people call it.
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments::Put { id, name } = arguments;
    let id = ProductId::parse(id)?;
    let name = ProductName::parse(name)?;
    let database = wiring::existing_database(&invocation.loaded.settings)?;
    match database.put(&id, &name, &origin()?).await.context("database.url")? {
        Put::Created(product) => print(&format!("Made {} ({})", product.id, product.name.as_str()))?,
        Put::Renamed(product) => print(&format!("Renamed {} to {}", product.id, product.name.as_str()))?,
    }
    Ok(ExitCode::SUCCESS)
}
