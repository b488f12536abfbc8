//! `packshot audit`: who wrote what, when and from where.

use crate::cli::terminal::shown_json;
use crate::cli::{Invocation, print, print_as_it_is};
use crate::wiring;
use anyhow::Context;
use chrono::SecondsFormat;
use clap::Args;
use packshot_domain::image::ImageId;
use packshot_domain::ports::audit_log::{AuditEntry, AuditLog, AuditQuery};
use packshot_domain::product::ProductId;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Writes to this product and its images.
    #[arg(long, value_name = "ID")]
    product: Option<String>,
    /// Writes to this image.
    #[arg(long, value_name = "ID")]
    image: Option<String>,
    /// Writes of this user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Entries at most.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let query = AuditQuery {
        product: arguments.product.as_deref().map(ProductId::parse).transpose()?,
        image: arguments.image.as_deref().map(ImageId::parse).transpose()?,
        user: arguments.user.clone(),
        limit: arguments.limit,
    };
    let database = wiring::existing_database(&invocation.loaded.settings)?;
    for entry in database.audit(&query).await.context("database.url")? {
        if arguments.json {
            print_as_it_is(&shown_json(&to_json(&entry).to_string()))?;
        } else {
            print(&to_line(&entry))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(entry: &AuditEntry) -> Value {
    json!({
        "at": entry.origin.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "user": entry.origin.user.as_str(),
        "address": entry.origin.address,
        "requestId": entry.origin.request_id,
        "action": entry.action.code(),
        "productId": entry.product.as_str(),
        "imageId": entry.image.map(|image| image.to_string()),
        "detail": entry.detail,
    })
}

fn to_line(entry: &AuditEntry) -> String {
    let origin = &entry.origin;
    let address = origin.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    let image = entry.image.map_or_else(|| "-".to_owned(), |image| image.to_string());
    format!(
        "{at}  {user}  {address}  {action}  {product}  {image}  {detail}  {request}",
        at = origin.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        user = origin.user.as_str(),
        action = entry.action.code(),
        product = entry.product,
        detail = entry.detail,
        request = origin.request_id.as_deref().unwrap_or("-"),
    )
}
