-- Moments are whole microseconds since 1970 (an integer compares exactly and sorts by time), image ids
-- are the 16 bytes of their UUID, booleans are 0 and 1. Every index and constraint has the name that
-- it has on PostgreSQL.

CREATE TABLE products (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Id and name, folded for the case-insensitive search; written by packshot.
    search_text TEXT NOT NULL,
    CONSTRAINT products_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE images (
    id BLOB NOT NULL,
    product_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    original_name TEXT NOT NULL,
    format TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    is_primary INTEGER NOT NULL,
    alt_text TEXT,
    caption TEXT,
    display_order INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    uploaded_by TEXT NOT NULL,
    -- A JSON object as text.
    metadata TEXT NOT NULL,
    -- What a search looks through, folded; written by packshot.
    search_text TEXT NOT NULL,
    CONSTRAINT images_pkey PRIMARY KEY (id),
    CONSTRAINT images_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE,
    CONSTRAINT images_format_check CHECK (format IN ('jpeg', 'png', 'webp')),
    CONSTRAINT images_size_bytes_check CHECK (size_bytes >= 0),
    CONSTRAINT images_dimensions_check CHECK (width > 0 AND height > 0),
    CONSTRAINT images_display_order_check CHECK (display_order >= 0)
) STRICT;

-- The rule itself: whatever runs at once, a product has at most one primary image.
CREATE UNIQUE INDEX images_one_primary_per_product ON images (product_id) WHERE is_primary;
CREATE UNIQUE INDEX images_filename_key ON images (filename);
-- One index for each order in which images are listed, the id last to settle ties.
CREATE INDEX images_by_product ON images (product_id, uploaded_at, id);
CREATE INDEX images_by_uploaded_at ON images (uploaded_at, id);
CREATE INDEX images_primary_by_uploaded_at ON images (uploaded_at, id) WHERE is_primary;
CREATE INDEX images_by_display_order ON images (display_order, id);
CREATE INDEX images_by_size ON images (size_bytes, id);
CREATE INDEX images_by_width ON images (width, id);

CREATE TABLE image_variants (
    image_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    folder TEXT NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    CONSTRAINT image_variants_pkey PRIMARY KEY (image_id, position),
    CONSTRAINT image_variants_image_id_fkey FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE,
    CONSTRAINT image_variants_format_check CHECK (format IN ('jpeg', 'png', 'webp')),
    CONSTRAINT image_variants_size_bytes_check CHECK (size_bytes >= 0),
    CONSTRAINT image_variants_dimensions_check CHECK (width > 0 AND height > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE image_tags (
    image_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    -- The image's, which never changes: with it the index below is a tag's images in order of upload.
    uploaded_at INTEGER NOT NULL,
    CONSTRAINT image_tags_pkey PRIMARY KEY (image_id, position),
    CONSTRAINT image_tags_image_id_fkey FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX image_tags_image_id_tag_key ON image_tags (image_id, tag);
CREATE INDEX image_tags_by_tag ON image_tags (tag, uploaded_at, image_id);

-- How many images carry a tag and have a format, kept by every transaction that changes it: counting a
-- million rows for each page would be slow.
CREATE TABLE tag_counts (
    tag TEXT NOT NULL,
    images INTEGER NOT NULL,
    CONSTRAINT tag_counts_pkey PRIMARY KEY (tag),
    CONSTRAINT tag_counts_images_check CHECK (images >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE format_counts (
    format TEXT NOT NULL,
    images INTEGER NOT NULL,
    CONSTRAINT format_counts_pkey PRIMARY KEY (format),
    CONSTRAINT format_counts_images_check CHECK (images >= 0)
) STRICT, WITHOUT ROWID;

-- Objects that no image speaks for: being written, or to be deleted. No foreign key, on purpose.
CREATE TABLE upload_journal (
    image_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    original_key TEXT NOT NULL,
    -- A JSON array of all object keys, the original's first.
    object_keys TEXT NOT NULL,
    is_claimed INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    CONSTRAINT upload_journal_pkey PRIMARY KEY (image_id),
    CONSTRAINT upload_journal_kind_check CHECK (kind IN ('upload', 'deletion'))
) STRICT;

CREATE UNIQUE INDEX upload_journal_original_key_key ON upload_journal (original_key);
CREATE INDEX upload_journal_by_entered_at ON upload_journal (entered_at, image_id);

CREATE TABLE idempotency_keys (
    user_name TEXT NOT NULL,
    client_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    reserved_at INTEGER NOT NULL,
    -- Both null until the upload is committed.
    completed_at INTEGER,
    receipt BLOB,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_name, client_key),
    CONSTRAINT idempotency_keys_completed_check CHECK ((completed_at IS NULL) = (receipt IS NULL))
) STRICT;

CREATE TABLE rate_limits (
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    window_end INTEGER NOT NULL,
    used INTEGER NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (scope, subject, window_start, window_end),
    CONSTRAINT rate_limits_scope_check CHECK (scope IN ('user', 'address', 'product'))
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limits_by_window_end ON rate_limits (window_end);
