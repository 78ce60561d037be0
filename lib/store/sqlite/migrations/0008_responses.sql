-- Who made a response that its upstream keeps: nobody else may read, change or go on from it.
CREATE TABLE responses (
  id            TEXT PRIMARY KEY,  -- the upstream's
  upstream_id   TEXT NOT NULL,
  upstream      TEXT NOT NULL,     -- its name then
  account_id    TEXT NOT NULL,
  key_id        TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX responses_by_age ON responses (created_at);
