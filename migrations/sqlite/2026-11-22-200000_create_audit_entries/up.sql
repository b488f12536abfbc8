-- Every write, in the order in which they happened. No foreign keys, on purpose: an entry outlives what
-- it tells of.
CREATE TABLE audit_entries (
    -- Counts up: no entry is ever removed.
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    -- Null for the command line.
    address TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    product_id TEXT NOT NULL,
    image_id BLOB,
    -- A JSON object as text.
    detail TEXT NOT NULL,
    CONSTRAINT audit_entries_pkey PRIMARY KEY (id)
) STRICT;

CREATE INDEX audit_entries_by_product ON audit_entries (product_id, id);
CREATE INDEX audit_entries_by_image ON audit_entries (image_id, id);
CREATE INDEX audit_entries_by_user ON audit_entries (user_name, id);
