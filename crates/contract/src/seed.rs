//! Many rows at once, for tests and measurements of lists: statements that fill an empty, migrated
//! database with products, and images that are spread over them evenly.
//!
//! Owns the shape of the data. Each image has four variants and three tags: one of 7 colours, one of 50
//! themes and one of 5000 series; every fifth is a PNG, one image of each product is primary. Image `i`
//! (from 0) belongs to product `p{i % products}` and was uploaded `i` seconds after the first.

/// What the two databases write differently.
struct Words {
    id: &'static str,
    hex: &'static str,
    moment: &'static str,
}

const SQLITE: Words =
    Words { id: "unhex(printf('%032x', i))", hex: "printf('%012x', i)", moment: "1700000000000000 + i * 1000000" };
const POSTGRES: Words = Words {
    id: "lpad(to_hex(i), 32, '0')::uuid",
    hex: "lpad(to_hex(i), 12, '0')",
    moment: "to_timestamp(1700000000 + i)",
};

/// The statements for SQLite.
#[must_use]
pub fn sqlite(images: u32, products: u32) -> String {
    statements(&SQLITE, images, products)
}

/// The statements for PostgreSQL; they end with the `ANALYZE` that autovacuum would do a little later.
#[must_use]
pub fn postgres(images: u32, products: u32) -> String {
    statements(&POSTGRES, images, products) + "ANALYZE;"
}

fn statements(words: &Words, images: u32, products: u32) -> String {
    let Words { id, hex, moment } = words;
    let numbers = |count: u32| {
        format!("WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count} - 1)")
    };
    let (image, product) = (numbers(images), numbers(products));
    let variant = |position: u32, name: &str, folder: &str, width: u32, height: u32| {
        format!(
            "{image} INSERT INTO image_variants (image_id, position, name, folder, format, width, height, size_bytes) \
             SELECT {id}, {position}, '{name}', '{folder}', 'webp', {width}, {height}, 10000 FROM numbers;\n"
        )
    };
    let tag = |position: u32, name: &str, count: u32| {
        format!(
            "{image} INSERT INTO image_tags (image_id, position, tag, uploaded_at) \
             SELECT {id}, {position}, '{name}-' || (i % {count}), {moment} FROM numbers;\n"
        )
    };
    [
        format!(
            "{product} INSERT INTO products (id, name, created_at, search_text) \
             SELECT 'p' || i, 'Product ' || i, {moment}, 'p' || i || '\nproduct ' || i || '\n' FROM numbers;\n"
        ),
        format!(
            "{image} INSERT INTO images (id, product_id, filename, original_name, format, size_bytes, width, height, \
             is_primary, alt_text, caption, display_order, uploaded_at, uploaded_by, metadata, search_text) \
             SELECT {id}, 'p' || (i % {products}), 'p' || (i % {products}) || '_' || {hex} || '.jpg', \
             'photo ' || i || '.jpg', CASE i % 5 WHEN 0 THEN 'png' ELSE 'jpeg' END, 100000 + (CAST(i AS BIGINT) * 7919) % 9000000, \
             300 + (i * 31) % 4700, 300 + (i * 17) % 4700, (i < {products}), 'The front of thing ' || i, NULL, i % 10, \
             {moment}, 'ada', '{{\"colorProfile\":\"sRGB\"}}', \
             'p' || (i % {products}) || '_' || {hex} || '.jpg\nphoto ' || i || '.jpg\nthe front of thing ' || i || '\n' \
             FROM numbers;\n"
        ),
        variant(0, "large", "large", 1200, 900),
        variant(1, "medium", "medium", 800, 600),
        variant(2, "thumbnail", "thumb", 300, 225),
        variant(3, "webp", "webp", 1200, 900),
        tag(0, "colour", 7),
        tag(1, "theme", 50),
        tag(2, "series", 5000),
        "INSERT INTO tag_counts (tag, images, is_composed) SELECT tag, count(*), TRUE FROM image_tags GROUP BY tag;\n".to_owned(),
        "INSERT INTO format_counts SELECT format, count(*) FROM images GROUP BY format;\n".to_owned(),
    ]
    .concat()
}
