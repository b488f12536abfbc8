-- Who has the key until it is completed; null for what an older packshot reserved.
ALTER TABLE idempotency_keys ADD COLUMN lease TEXT;
