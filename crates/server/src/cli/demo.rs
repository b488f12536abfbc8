//! What a stranger finds on the first start: a product, a photograph, and the command that uploads it.
//!
//! Only with an empty database and no settings at all.

use crate::cli::origin;
use crate::secret;
use crate::settings::Settings;
use crate::system::SystemClock;
use crate::wiring::Backends;
use anyhow::Context;
use chrono::TimeDelta;
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::product_repo::ProductRepo;
use packshot_domain::product::{ProductId, ProductName};
use std::net::SocketAddr;
use std::path::Path;

const PRODUCT_ID: &str = "prod_789";
const PRODUCT_NAME: &str = "Demo product";
const PHOTOGRAPH: &[u8] = include_bytes!("../../assets/demo.jpg");
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Makes the product and the photograph, and gives back what to tell; `None` when the database is not
/// empty.
pub(super) async fn prepare(
    settings: &Settings,
    backends: &Backends,
    address: SocketAddr,
) -> anyhow::Result<Option<String>> {
    if !backends.database.is_empty().await.context("database.url")? {
        return Ok(None);
    }
    let now = SystemClock::default().now();
    let id = ProductId::parse(PRODUCT_ID)?;
    backends.database.put(&id, &ProductName::parse(PRODUCT_NAME)?, &origin()?).await.context("database.url")?;
    let photograph = Path::new("data").join("demo.jpg");
    std::fs::write(&photograph, PHOTOGRAPH).with_context(|| format!("cannot write {}", photograph.display()))?;
    let photograph = photograph.canonicalize()?;
    let secret = secret::load_or_make(&settings.auth)?;
    let roles = settings.auth.admin_roles.clone();
    let token = packshot_tokens::issue(&secret, "admin_user", &roles, None, None, now, TOKEN_LIFETIME)?;
    Ok(Some(format!(
        "Product   {PRODUCT_ID} ({PRODUCT_NAME}) is there to try with\n\
         \n\
         Upload a picture (the token is good for {hours} hours):\n\
         \n\
         curl -X POST \"http://{address}/api/files\" \\\n  \
           -H \"Authorization: Bearer {token}\" \\\n  \
           -F \"file=@{photograph}\" \\\n  \
           -F \"productId={PRODUCT_ID}\" \\\n  \
           -F \"is_primary=true\"\n",
        hours = TOKEN_LIFETIME.num_hours(),
        photograph = photograph.display(),
    )))
}
