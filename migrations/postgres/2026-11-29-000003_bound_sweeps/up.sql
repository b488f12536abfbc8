-- An entry whose objects could not be deleted is tried again later: how often it has failed, and when it is due.
-- An older packshot that is still running writes neither; its entries are due at once.
ALTER TABLE upload_journal ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE upload_journal ADD COLUMN next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT 'epoch';
UPDATE upload_journal SET next_attempt_at = entered_at;

-- Entries in the order in which they are due, which for those that never failed is that of their entering.
CREATE INDEX upload_journal_by_next_attempt_at ON upload_journal (kind, next_attempt_at, image_id);
CREATE INDEX upload_journal_by_attempts ON upload_journal (attempts) WHERE attempts > 0;
DROP INDEX upload_journal_by_entered_at;

-- What has expired is found without reading what has not.
CREATE INDEX idempotency_keys_by_completed_at ON idempotency_keys (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX idempotency_keys_by_reserved_at ON idempotency_keys (reserved_at) WHERE completed_at IS NULL;
CREATE INDEX audit_entries_by_at ON audit_entries (at, id);

-- Which folder of images is this database's: the one whose marker file says so. One row at most; none where images
-- lie elsewhere than in a folder.
CREATE TABLE image_stores (
    only_row INTEGER NOT NULL,
    store_id TEXT COLLATE "C" NOT NULL,
    CONSTRAINT image_stores_pkey PRIMARY KEY (only_row),
    CONSTRAINT image_stores_only_row_check CHECK (only_row = 1)
);
