-- A rotated key has a former secret, which may serve a while longer.
ALTER TABLE keys ADD COLUMN rotated_at INTEGER;
ALTER TABLE keys ADD COLUMN former_digest BLOB;  -- NULL: never rotated
ALTER TABLE keys ADD COLUMN former_masked TEXT;
ALTER TABLE keys ADD COLUMN former_dies_at INTEGER;

-- What is kept of a deleted key, so that reports can name whose calls those were.
CREATE TABLE removed_keys (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  account_id TEXT NOT NULL,
  removed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX removed_keys_by_name ON removed_keys (name, removed_at);
