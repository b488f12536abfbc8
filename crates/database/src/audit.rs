//! The audit log: the port `AuditLog`, and the entries that other transactions make.

use crate::database::Database;
use crate::dialect::{Connected, ImageKey, Moment, query};
use crate::expired::Expired;
use crate::fault::{BadRow, Fault};
use crate::schema::audit_entries;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use packshot_domain::access::{Origin, UserName};
use packshot_domain::image::ImageId;
use packshot_domain::ports::audit_log::{Action, AuditEntry, AuditLog, AuditQuery};
use packshot_domain::ports::product_repo::RepoError;
use packshot_domain::product::ProductId;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
struct EntryRow {
    at: Moment,
    user_name: String,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    product_id: String,
    image_id: Option<ImageKey>,
    detail: String,
}

impl EntryRow {
    fn new(entry: &AuditEntry) -> Self {
        let origin = &entry.origin;
        Self {
            at: Moment(origin.at),
            user_name: origin.user.as_str().to_owned(),
            address: origin.address.map(|address| address.to_string()),
            request_id: origin.request_id.clone(),
            action: entry.action.code().to_owned(),
            product_id: entry.product.as_str().to_owned(),
            image_id: entry.image.map(ImageKey),
            detail: entry.detail.to_string(),
        }
    }

    fn into_entry(self) -> Result<AuditEntry, BadRow> {
        let address = self.address.map(|text| text.parse()).transpose();
        Ok(AuditEntry {
            origin: Origin {
                user: UserName::parse(&self.user_name).map_err(|error| BadRow::new("user_name", error))?,
                address: address.map_err(|error| BadRow::new("address", error))?,
                request_id: self.request_id,
                at: self.at.0,
            },
            action: Action::of_code(&self.action).ok_or_else(|| BadRow::new("action", "an unknown code"))?,
            product: ProductId::parse(&self.product_id).map_err(|error| BadRow::new("product_id", error))?,
            image: self.image_id.map(|key| key.0),
            detail: serde_json::from_str(&self.detail).map_err(|error| BadRow::new("detail", error))?,
        })
    }
}

#[async_trait]
impl AuditLog for Database {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, RepoError> {
        let query = query.clone();
        let entries: Result<_, Fault> = self.read(move |connection| read(connection, &query)).await;
        Ok(entries?)
    }

    async fn remove_before(&self, before: DateTime<Utc>) -> Result<u64, RepoError> {
        self.remove_in_batches(Expired::AUDIT_ENTRIES, before).await
    }
}

fn read(connection: &mut Connected<'_>, query: &AuditQuery) -> Result<Vec<AuditEntry>, Fault> {
    macro_rules! matching {
        () => {{
            let mut matching = audit_entries::table.into_boxed();
            if let Some(product) = &query.product {
                matching = matching.filter(audit_entries::product_id.eq(product.as_str()));
            }
            if let Some(image) = query.image {
                matching = matching.filter(audit_entries::image_id.eq(ImageKey(image)));
            }
            if let Some(user) = &query.user {
                matching = matching.filter(audit_entries::user_name.eq(user));
            }
            matching
        }};
    }
    let rows: Vec<EntryRow> = query!(connection, c => matching!()
        .order(audit_entries::id.desc())
        .limit(query.limit.into())
        .select(EntryRow::as_select())
        .load(*c))?;
    Ok(rows.into_iter().map(EntryRow::into_entry).collect::<Result<_, _>>()?)
}

/// Enters a write, within its transaction.
pub(crate) fn enter(connection: &mut Connected<'_>, entry: &AuditEntry) -> QueryResult<()> {
    let row = EntryRow::new(entry);
    query!(connection, c => diesel::insert_into(audit_entries::table).values(&row).execute(*c))?;
    Ok(())
}

/// When the image itself was last written, as far back as entries are kept.
pub(crate) fn last_write_of_image(connection: &mut Connected<'_>, id: ImageId) -> QueryResult<Option<DateTime<Utc>>> {
    let newest = audit_entries::table.filter(audit_entries::image_id.eq(ImageKey(id))).order(audit_entries::id.desc());
    let at: Option<Moment> = query!(connection, c => newest.select(audit_entries::at).first(*c).optional())?;
    Ok(at.map(|at| at.0))
}

/// When the product or an image of it was last written, as far back as entries are kept.
pub(crate) fn last_write_of_product(
    connection: &mut Connected<'_>,
    id: &ProductId,
) -> QueryResult<Option<DateTime<Utc>>> {
    let newest = audit_entries::table.filter(audit_entries::product_id.eq(id.as_str())).order(audit_entries::id.desc());
    let at: Option<Moment> = query!(connection, c => newest.select(audit_entries::at).first(*c).optional())?;
    Ok(at.map(|at| at.0))
}
