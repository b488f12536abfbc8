//! What the two databases say of their schemas: the same, as far as they can.

use crate::postgres::{self, CLUSTER};
use diesel::prelude::*;
use diesel::sql_types::Text;
use packshot_database::{Database, DatabaseSettings, DatabaseUrl};
use std::collections::BTreeSet;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every statement that made something, in order of its name.
pub(crate) fn dump_sqlite(connection: &mut SqliteConnection) -> String {
    let statements = "SELECT coalesce(sql, name) || ';' AS line FROM sqlite_master \
        WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> '__diesel_schema_migrations' ORDER BY name";
    lines(connection, statements).into_iter().collect::<Vec<_>>().join("\n")
}

pub(crate) fn lines(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(connection).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Runs the query of each on its own database, freshly migrated.
fn ask(sqlite: &str, postgres: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packshot.db");
    Database::open(&DatabaseSettings::new(DatabaseUrl::Sqlite(path.clone()))).unwrap().migrate().unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let here = lines(&mut connection, sqlite).into_iter().collect();
    let name = postgres::migrated();
    let there = CLUSTER.sql(&name, postgres).unwrap();
    (here, there.lines().map(str::to_owned).collect())
}

#[test]
fn both_have_the_same_columns_in_the_same_order() {
    let (sqlite, postgres) = ask(
        "SELECT m.name || '.' || c.cid || ' ' || c.name || iif(c.\"notnull\", ' NOT NULL', '') AS line \
         FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name <> '__diesel_schema_migrations'",
        "SELECT table_name || '.' || (ordinal_position - 1) || ' ' || column_name \
             || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END \
         FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
    );
    assert!(sqlite.contains("images.0 id NOT NULL"), "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

#[test]
fn both_have_the_same_indexes_of_the_same_columns() {
    let (sqlite, postgres) = ask(
        "SELECT m.name || ' ' || i.name || iif(i.\"unique\", ' unique', '') || iif(i.partial, ' partial', '') \
             || ' ' || (SELECT group_concat(x.name, ',' ORDER BY x.seqno) FROM pragma_index_info(i.name) x) AS line \
         FROM sqlite_master m, pragma_index_list(m.name) i \
         WHERE m.type = 'table' AND i.origin = 'c'",
        "SELECT t.relname || ' ' || c.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END \
             || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END || ' ' \
             || (SELECT string_agg(a.attname, ',' ORDER BY k.ord) FROM unnest(i.indkey) WITH ORDINALITY k(num, ord) \
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num) \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE n.nspname = 'public' AND NOT i.indisprimary",
    );
    assert!(sqlite.contains("images images_one_primary_per_product unique partial product_id"), "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

#[test]
fn both_have_constraints_of_the_same_names() {
    // SQLite keeps a constraint's name in the statement alone.
    let (sqlite, postgres) = ask(
        "SELECT name || ' ' || sql AS line FROM sqlite_master WHERE type = 'table'",
        "SELECT t.relname || ' ' || c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE n.nspname = 'public' AND t.relname <> '__diesel_schema_migrations'",
    );
    let named = |statement: &String| {
        let table = statement.split(' ').next().unwrap().to_owned();
        let names = statement.split("CONSTRAINT ").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned());
        names.map(|name| format!("{table} {name}")).collect::<Vec<_>>()
    };
    let sqlite: BTreeSet<String> = sqlite.iter().flat_map(named).collect();
    assert!(sqlite.contains("images images_product_id_fkey"), "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

#[test]
fn every_foreign_key_cascades() {
    let (sqlite, postgres) = ask(
        "SELECT m.name || '.' || f.\"from\" || ' ' || f.\"table\" || ' ' || f.on_delete AS line \
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
        "SELECT t.relname || '.' || a.attname || ' ' || r.relname || ' ' \
             || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE c.confdeltype::text END \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ALL (c.conkey) WHERE c.contype = 'f'",
    );
    assert_eq!(sqlite.len(), 3, "{sqlite:?}");
    assert!(sqlite.iter().all(|key| key.ends_with(" CASCADE")), "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

#[test]
fn every_sqlite_table_is_strict() {
    let (lax, _) = ask(
        "SELECT name AS line FROM pragma_table_list \
         WHERE NOT strict AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'",
        "SELECT 1",
    );
    assert_eq!(lax, BTreeSet::new());
}

#[test]
fn every_sorted_postgres_text_sorts_by_bytes() {
    let (_, linguistic) = ask(
        "SELECT name AS line FROM sqlite_master WHERE 0",
        "SELECT t.relname || '.' || a.attname \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey) \
         WHERE n.nspname = 'public' AND a.attcollation <> 0 AND t.relname <> '__diesel_schema_migrations' \
         AND a.attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C' LIMIT 1)",
    );
    assert_eq!(linguistic, BTreeSet::new());
}
