//! Column types that the two databases spell differently: moments and image ids.
//!
//! Owns their coding. A moment is `timestamptz` on PostgreSQL and whole microseconds since 1970 on
//! SQLite, which has no type for it; both keep microseconds, so the same moment reads back equal and
//! sorts the same. An image id is `uuid` there and 16 bytes here: a third of its text in every index.

use chrono::{DateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, SqlType};
use diesel::sqlite::Sqlite;
use packshot_domain::image::ImageId;
use std::io::Write as _;
use uuid::Uuid;

/// The SQL type of a moment; public because the tables that diesel makes are.
#[derive(Debug, Clone, Copy, QueryId, SqlType)]
#[diesel(sqlite_type(name = "Long"))]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
pub struct MomentSql;

/// The SQL type of an image's id; public as above.
#[derive(Debug, Clone, Copy, QueryId, SqlType)]
#[diesel(sqlite_type(name = "Binary"))]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
pub struct ImageKeySql;

/// A moment, in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = MomentSql)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

/// An image's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = ImageKeySql)]
pub(crate) struct ImageKey(pub(crate) ImageId);

/// PostgreSQL counts from 2000-01-01, in microseconds since 1970.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

fn moment(micros: i64) -> deserialize::Result<Moment> {
    let moment = DateTime::from_timestamp_micros(micros).ok_or("a moment out of range")?;
    Ok(Moment(moment))
}

impl ToSql<MomentSql, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<MomentSql, Sqlite> for Moment {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        moment(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)
    }
}

impl ToSql<MomentSql, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.timestamp_micros() - POSTGRES_EPOCH_MICROS;
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<MomentSql, Pg> for Moment {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        moment(micros.checked_add(POSTGRES_EPOCH_MICROS).ok_or("a moment out of range")?)
    }
}

fn image_key(bytes: &[u8]) -> deserialize::Result<ImageKey> {
    Ok(ImageKey(ImageId::new(Uuid::from_slice(bytes)?)))
}

impl ToSql<ImageKeySql, Sqlite> for ImageKey {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_uuid().as_bytes().to_vec());
        Ok(IsNull::No)
    }
}

impl FromSql<ImageKeySql, Sqlite> for ImageKey {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        image_key(&<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?)
    }
}

impl ToSql<ImageKeySql, Pg> for ImageKey {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_uuid().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<ImageKeySql, Pg> for ImageKey {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        image_key(value.as_bytes())
    }
}
