-- A key may have a parent, whose limits hold for it as well, and a lease, without which it dies.
ALTER TABLE keys ADD COLUMN parent_id TEXT;             -- NULL: none
ALTER TABLE keys ADD COLUMN lease_expires_at INTEGER;   -- NULL: no lease

CREATE INDEX keys_by_parent ON keys (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX keys_leased ON keys (lease_expires_at) WHERE lease_expires_at IS NOT NULL AND revoked_at IS NULL;

-- The windows of the parent count the calls of its children. A call remembers whose child its key
-- was, and so does the ledger for the rollups that outlive it, whatever becomes of the keys.
ALTER TABLE requests ADD COLUMN parent_key_id TEXT;     -- NULL: none

CREATE TABLE key_parents (
  key_id    TEXT PRIMARY KEY,
  parent_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX key_parents_by_parent ON key_parents (parent_id);
