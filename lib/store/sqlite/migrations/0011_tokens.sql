-- Access tokens to the management API: what is kept of one, never the token itself.
CREATE TABLE tokens (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  name         TEXT NOT NULL,
  digest       BLOB NOT NULL UNIQUE,
  masked       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at   INTEGER,
  revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_live_name ON tokens (account_id, name) WHERE revoked_at IS NULL;

-- The door a change came through, besides the Unix socket: the id of an access token, or "console".
ALTER TABLE audit ADD COLUMN via TEXT NOT NULL DEFAULT '';
