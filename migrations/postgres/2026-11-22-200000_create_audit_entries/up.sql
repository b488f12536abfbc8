-- Every write, in the order in which they happened. No foreign keys, on purpose: an entry outlives what
-- it tells of.
CREATE TABLE audit_entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMPTZ NOT NULL,
    user_name TEXT COLLATE "C" NOT NULL,
    -- Null for the command line.
    address TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    image_id UUID,
    -- A JSON object as text.
    detail TEXT NOT NULL,
    CONSTRAINT audit_entries_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_entries_by_product ON audit_entries (product_id, id);
CREATE INDEX audit_entries_by_image ON audit_entries (image_id, id);
CREATE INDEX audit_entries_by_user ON audit_entries (user_name, id);
