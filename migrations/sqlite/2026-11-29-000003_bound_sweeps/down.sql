DROP TABLE image_stores;
DROP INDEX audit_entries_by_at;
DROP INDEX idempotency_keys_by_reserved_at;
DROP INDEX idempotency_keys_by_completed_at;
CREATE INDEX upload_journal_by_entered_at ON upload_journal (entered_at, image_id);
DROP INDEX upload_journal_by_attempts;
DROP INDEX upload_journal_by_next_attempt_at;
ALTER TABLE upload_journal DROP COLUMN next_attempt_at;
ALTER TABLE upload_journal DROP COLUMN attempts;
