//! The tables, as the migrations make them on both databases.
//!
//! Owns the names and types of columns; a test compares them with what the databases say.

use crate::dialect::{ImageKeySql, MomentSql};
use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::*;
    use super::MomentSql;
    products (id) {
        id -> Text,
        name -> Text,
        created_at -> MomentSql,
        search_text -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use super::{ImageKeySql, MomentSql};
    audit_entries (id) {
        id -> BigInt,
        at -> MomentSql,
        user_name -> Text,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        product_id -> Text,
        image_id -> Nullable<ImageKeySql>,
        detail -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use super::{ImageKeySql, MomentSql};
    images (id) {
        id -> ImageKeySql,
        product_id -> Text,
        filename -> Text,
        original_name -> Text,
        format -> Text,
        size_bytes -> BigInt,
        width -> Integer,
        height -> Integer,
        is_primary -> Bool,
        alt_text -> Nullable<Text>,
        caption -> Nullable<Text>,
        display_order -> Integer,
        uploaded_at -> MomentSql,
        uploaded_by -> Text,
        metadata -> Text,
        search_text -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use super::ImageKeySql;
    image_variants (image_id, position) {
        image_id -> ImageKeySql,
        position -> Integer,
        name -> Text,
        folder -> Text,
        format -> Text,
        width -> Integer,
        height -> Integer,
        size_bytes -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use super::{ImageKeySql, MomentSql};
    image_tags (image_id, position) {
        image_id -> ImageKeySql,
        position -> Integer,
        tag -> Text,
        uploaded_at -> MomentSql,
    }
}

table! {
    tag_counts (tag) {
        tag -> Text,
        images -> BigInt,
        is_composed -> Bool,
    }
}

table! {
    format_counts (format) {
        format -> Text,
        images -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use super::{ImageKeySql, MomentSql};
    upload_journal (image_id) {
        image_id -> ImageKeySql,
        kind -> Text,
        original_key -> Text,
        object_keys -> Text,
        is_claimed -> Bool,
        entered_at -> MomentSql,
        attempts -> Integer,
        next_attempt_at -> MomentSql,
    }
}

table! {
    image_stores (only_row) {
        only_row -> Integer,
        store_id -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use super::MomentSql;
    idempotency_keys (user_name, client_key) {
        user_name -> Text,
        client_key -> Text,
        fingerprint -> Binary,
        reserved_at -> MomentSql,
        lease -> Nullable<Text>,
        completed_at -> Nullable<MomentSql>,
        receipt -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::*;
    use super::MomentSql;
    rate_limits (scope, subject, window_start, window_end) {
        scope -> Text,
        subject -> Text,
        window_start -> MomentSql,
        window_end -> MomentSql,
        used -> BigInt,
    }
}

joinable!(image_tags -> images (image_id));
allow_tables_to_appear_in_same_query!(products, images, image_variants, image_tags);
