-- Text that is a key or is sorted has the collation "C", so that both databases sort by bytes. Every
-- index and constraint has the name that it has on SQLite.

CREATE TABLE products (
    id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- Id and name, folded for the case-insensitive search; written by packshot.
    search_text TEXT NOT NULL,
    CONSTRAINT products_pkey PRIMARY KEY (id)
);

CREATE TABLE images (
    id UUID NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    original_name TEXT NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    size_bytes BIGINT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    is_primary BOOLEAN NOT NULL,
    alt_text TEXT,
    caption TEXT,
    display_order INTEGER NOT NULL,
    uploaded_at TIMESTAMPTZ NOT NULL,
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
);

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
    image_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    folder TEXT NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size_bytes BIGINT NOT NULL,
    CONSTRAINT image_variants_pkey PRIMARY KEY (image_id, position),
    CONSTRAINT image_variants_image_id_fkey FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE,
    CONSTRAINT image_variants_format_check CHECK (format IN ('jpeg', 'png', 'webp')),
    CONSTRAINT image_variants_size_bytes_check CHECK (size_bytes >= 0),
    CONSTRAINT image_variants_dimensions_check CHECK (width > 0 AND height > 0)
);

CREATE TABLE image_tags (
    image_id UUID NOT NULL,
    position INTEGER NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    -- The image's, which never changes: with it the index below is a tag's images in order of upload.
    uploaded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT image_tags_pkey PRIMARY KEY (image_id, position),
    CONSTRAINT image_tags_image_id_fkey FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX image_tags_image_id_tag_key ON image_tags (image_id, tag);
CREATE INDEX image_tags_by_tag ON image_tags (tag, uploaded_at, image_id);

-- How many images carry a tag and have a format, kept by every transaction that changes it: counting a
-- million rows for each page would be slow.
CREATE TABLE tag_counts (
    tag TEXT COLLATE "C" NOT NULL,
    images BIGINT NOT NULL,
    CONSTRAINT tag_counts_pkey PRIMARY KEY (tag),
    CONSTRAINT tag_counts_images_check CHECK (images >= 0)
);

CREATE TABLE format_counts (
    format TEXT COLLATE "C" NOT NULL,
    images BIGINT NOT NULL,
    CONSTRAINT format_counts_pkey PRIMARY KEY (format),
    CONSTRAINT format_counts_images_check CHECK (images >= 0)
);

-- Objects that no image speaks for: being written, or to be deleted. No foreign key, on purpose.
CREATE TABLE upload_journal (
    image_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    original_key TEXT COLLATE "C" NOT NULL,
    -- A JSON array of all object keys, the original's first.
    object_keys TEXT NOT NULL,
    is_claimed BOOLEAN NOT NULL,
    entered_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT upload_journal_pkey PRIMARY KEY (image_id),
    CONSTRAINT upload_journal_kind_check CHECK (kind IN ('upload', 'deletion'))
);

CREATE UNIQUE INDEX upload_journal_original_key_key ON upload_journal (original_key);
CREATE INDEX upload_journal_by_entered_at ON upload_journal (entered_at, image_id);

CREATE TABLE idempotency_keys (
    user_name TEXT COLLATE "C" NOT NULL,
    client_key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    reserved_at TIMESTAMPTZ NOT NULL,
    -- Both null until the upload is committed.
    completed_at TIMESTAMPTZ,
    receipt BYTEA,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_name, client_key),
    CONSTRAINT idempotency_keys_completed_check CHECK ((completed_at IS NULL) = (receipt IS NULL))
);

CREATE TABLE rate_limits (
    scope TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    window_start TIMESTAMPTZ NOT NULL,
    window_end TIMESTAMPTZ NOT NULL,
    used BIGINT NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (scope, subject, window_start, window_end),
    CONSTRAINT rate_limits_scope_check CHECK (scope IN ('user', 'address', 'product'))
);

CREATE INDEX rate_limits_by_window_end ON rate_limits (window_end);
