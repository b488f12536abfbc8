//! The port `ProductRepo`.

use crate::database::Database;
use crate::dialect::{Connected, Moment, query};
use crate::fault::{BadRow, Fault};
use crate::schema::products;
use crate::{audit, rows, search};
use async_trait::async_trait;
use diesel::prelude::*;
use packshot_domain::access::Origin;
use packshot_domain::ports::audit_log::AuditEntry;
use packshot_domain::ports::product_repo::{ProductPage, ProductQuery, ProductRepo, Put, RepoError};
use packshot_domain::product::{Product, ProductId, ProductName};

/// A product without its search text.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = products)]
struct ProductRow {
    id: String,
    name: String,
    created_at: Moment,
}

impl ProductRow {
    fn into_product(self) -> Result<Product, BadRow> {
        Ok(Product {
            id: ProductId::parse(&self.id).map_err(|error| BadRow::new("id", error))?,
            name: parse_name(&self.name)?,
            created_at: self.created_at.0,
        })
    }
}

/// A product's name from its column.
pub(crate) fn parse_name(text: &str) -> Result<ProductName, BadRow> {
    ProductName::parse(text).map_err(|error| BadRow::new("name", error))
}

#[async_trait]
impl ProductRepo for Database {
    async fn find(&self, id: &ProductId) -> Result<Option<Product>, RepoError> {
        let id = id.as_str().to_owned();
        let found: Result<_, Fault> = self
            .read(move |connection| {
                let row: Option<ProductRow> = query!(connection, c => products::table
                    .find(id)
                    .select(ProductRow::as_select())
                    .first(*c)
                    .optional())?;
                Ok(row.map(ProductRow::into_product).transpose()?)
            })
            .await;
        Ok(found?)
    }

    async fn put(&self, id: &ProductId, name: &ProductName, origin: &Origin) -> Result<Put, RepoError> {
        let product = Product { id: id.clone(), name: name.clone(), created_at: origin.at };
        let origin = origin.clone();
        let put: Result<_, Fault> = self
            .write(move |connection| {
                let put = put(connection, product)?;
                audit::enter(connection, &AuditEntry::put_product(&put, &origin))?;
                Ok(put)
            })
            .await;
        Ok(put?)
    }

    async fn is_empty(&self) -> Result<bool, RepoError> {
        let any: Result<_, Fault> = self
            .read(|connection| {
                let first = products::table.select(products::id).limit(1);
                let first: Option<String> = query!(connection, c => first.first(*c).optional())?;
                Ok(first.is_some())
            })
            .await;
        Ok(!any?)
    }

    async fn list(&self, query: &ProductQuery) -> Result<ProductPage, RepoError> {
        let query = query.clone();
        let page: Result<_, Fault> =
            self.list(move |connection| connection.snapshot(|connection| list(connection, &query))).await;
        Ok(page?)
    }

    async fn ping(&self) -> Result<(), RepoError> {
        let held = self.held();
        let pong: Result<_, Fault> = self
            .read(move |connection| {
                // Also where nothing is written: whoever is asked to upload finds out otherwise.
                let room = held.map_or(Ok(()), |reserve| reserve.probe());
                room.map_err(|error| Fault(RepoError::Unavailable(Box::new(error))))?;
                let one = diesel::select(1.into_sql::<diesel::sql_types::Integer>());
                let _: i32 = query!(connection, c => one.get_result(*c))?;
                Ok(())
            })
            .await;
        Ok(pong?)
    }
}

fn put(connection: &mut Connected<'_>, product: Product) -> Result<Put, Fault> {
    let (id, name) = (product.id.as_str(), product.name.as_str());
    let search_text = search::text([id, name]);
    let inserted = query!(connection, c => diesel::insert_into(products::table)
        .values((
            products::id.eq(id),
            products::name.eq(name),
            products::created_at.eq(Moment(product.created_at)),
            products::search_text.eq(&search_text),
        ))
        .on_conflict_do_nothing()
        .execute(*c))?;
    if inserted == 1 {
        return Ok(Put::Created(product));
    }
    // Not found only when it was deleted between these two statements: then another try goes through.
    let created_at: Option<Moment> = query!(connection, c => diesel::update(products::table.find(id))
        .set((products::name.eq(name), products::search_text.eq(&search_text)))
        .returning(products::created_at)
        .get_result(*c)
        .optional())?;
    match created_at {
        Some(created_at) => Ok(Put::Renamed(Product { created_at: created_at.0, ..product })),
        None => Err(Fault(RepoError::Unavailable("the product was deleted at the same moment".into()))),
    }
}

fn list(connection: &mut Connected<'_>, query: &ProductQuery) -> Result<ProductPage, Fault> {
    let pattern = match query.search.as_deref().map(search::pattern) {
        Some(None) => return Ok(ProductPage { items: Vec::new(), total: 0 }),
        Some(pattern) => pattern,
        None => None,
    };
    macro_rules! matching {
        () => {{
            let mut matching = products::table.into_boxed();
            if let Some(pattern) = &pattern {
                matching = matching.filter(products::search_text.like(pattern).escape('\\'));
            }
            matching
        }};
    }
    let total: i64 = query!(connection, c => matching!().count().get_result(*c))?;
    let total: u64 = rows::read("count", total)?;
    let (limit, offset) = limit_offset(query.page, query.page_size);
    if u64::try_from(offset).is_ok_and(|offset| offset >= total) {
        return Ok(ProductPage { items: Vec::new(), total });
    }
    let found: Vec<ProductRow> = query!(connection, c => matching!()
        .order(products::id)
        .limit(limit)
        .offset(offset)
        .select(ProductRow::as_select())
        .load(*c))?;
    let items = found.into_iter().map(ProductRow::into_product).collect::<Result<_, _>>()?;
    Ok(ProductPage { items, total })
}

/// A page's place; page 0 counts as page 1.
pub(crate) fn limit_offset(page: u32, page_size: u32) -> (i64, i64) {
    (page_size.into(), i64::from(page.saturating_sub(1)) * i64::from(page_size))
}
