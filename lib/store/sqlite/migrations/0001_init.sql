-- Times are UTC milliseconds since 1970, money is nano-USD, lists are JSON arrays.
-- Absent is NULL only where it differs from empty.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES
  ('journal_position', 0),  -- the ledger's journal is in these tables up to this record
  ('rows_kept_from', 0);    -- requests before this quarter of an hour may be gone; their rollups stay

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  uid           INTEGER NOT NULL UNIQUE,
  username      TEXT NOT NULL,  -- not unique: a login name may come back with another uid
  display_name  TEXT NOT NULL,
  email         TEXT NOT NULL,
  budget        INTEGER,
  budget_period TEXT NOT NULL,
  token_limit   INTEGER,
  token_period  TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  name           TEXT NOT NULL,
  budget         INTEGER,
  budget_period  TEXT NOT NULL,
  token_limit    INTEGER,
  token_period   TEXT NOT NULL,
  allowed_models TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

CREATE TABLE groups (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  multiplier     INTEGER NOT NULL,  -- millionths
  allowed_models TEXT NOT NULL,
  rpm            INTEGER,
  tpm            INTEGER,
  upstreams      TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;

INSERT INTO groups (id, name, multiplier, allowed_models, upstreams, created_at)
VALUES ('grp_default', 'default', 1000000, '[]', '[]', 0);

CREATE TABLE keys (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  account_id     TEXT NOT NULL REFERENCES accounts (id),
  project_id     TEXT NOT NULL REFERENCES projects (id),
  group_id       TEXT NOT NULL REFERENCES groups (id),
  digest         BLOB NOT NULL UNIQUE,  -- SHA-256 of the key, which itself is nowhere
  masked         TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  last_used_at   INTEGER,
  expires_at     INTEGER,
  revoked_at     INTEGER,
  disabled       INTEGER NOT NULL,
  archived       INTEGER NOT NULL,
  budget         INTEGER,
  budget_period  TEXT NOT NULL,
  token_limit    INTEGER,
  token_period   TEXT NOT NULL,
  rpm            INTEGER,
  tpm            INTEGER,
  max_parallel   INTEGER,
  allowed_models TEXT NOT NULL,
  allowed_ips    TEXT NOT NULL,
  enforce        TEXT NOT NULL,
  trace          INTEGER NOT NULL
) STRICT;

-- A name is free again once its key is revoked.
CREATE UNIQUE INDEX keys_live_name ON keys (account_id, name) WHERE revoked_at IS NULL;

CREATE TABLE upstreams (
  id              TEXT PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  url             TEXT NOT NULL,
  provider        TEXT NOT NULL,
  secret_kind     TEXT NOT NULL,
  secret          BLOB NOT NULL,  -- sealed bytes, or the reference the kind speaks of
  models          TEXT NOT NULL,
  aliases         TEXT NOT NULL,
  headers         TEXT NOT NULL,
  groups          TEXT NOT NULL,
  priority        INTEGER NOT NULL,
  weight          INTEGER NOT NULL,
  free            INTEGER NOT NULL,
  max_connections INTEGER,
  ca_file         TEXT NOT NULL,
  created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE prices (
  model          TEXT PRIMARY KEY,
  id             TEXT NOT NULL,
  provider       TEXT NOT NULL,
  mode           TEXT NOT NULL,
  date           TEXT NOT NULL,
  free           INTEGER NOT NULL,
  rates          TEXT NOT NULL,  -- {"input": nano-USD per million tokens, …}
  tiers          TEXT NOT NULL,  -- [{"above_tokens": …, "rates": {…}}, …]
  service        TEXT NOT NULL,  -- [null, flex, priority, batch]: rates or null
  per_request    INTEGER NOT NULL,
  context_window INTEGER,
  max_output     INTEGER,
  deprecates     TEXT
) STRICT;

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,
  time    INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  uid     INTEGER NOT NULL,  -- -1 = none
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  before  TEXT NOT NULL,
  after   TEXT NOT NULL
) STRICT;

-- The ledger. id = unix milliseconds × 2^20 + a counter, never before `time`: a range of times is a
-- range of ids. Names and ids are kept as they were, whatever happens to keys and people.
CREATE TABLE requests (
  id                     INTEGER PRIMARY KEY,
  time                   INTEGER NOT NULL,
  account_id             TEXT NOT NULL,
  project_id             TEXT NOT NULL,
  key_id                 TEXT NOT NULL,
  key_name               TEXT NOT NULL,
  group_name             TEXT NOT NULL,
  endpoint               TEXT NOT NULL,
  model                  TEXT NOT NULL,
  upstream               TEXT NOT NULL,
  upstream_model         TEXT NOT NULL,
  stream                 INTEGER NOT NULL,
  status                 TEXT NOT NULL,
  http_status            INTEGER NOT NULL,
  error_code             TEXT NOT NULL,
  tokens_input           INTEGER NOT NULL,
  tokens_cached_input    INTEGER NOT NULL,
  tokens_cache_write     INTEGER NOT NULL,
  tokens_audio_input     INTEGER NOT NULL,
  tokens_image_input     INTEGER NOT NULL,
  tokens_output          INTEGER NOT NULL,
  tokens_reasoning       INTEGER NOT NULL,
  tokens_audio_output    INTEGER NOT NULL,
  tokens_image_output    INTEGER NOT NULL,
  held                   INTEGER NOT NULL,
  held_tokens            INTEGER NOT NULL,
  cost                   INTEGER NOT NULL,
  upstream_cost          INTEGER NOT NULL,
  upstream_reported_cost INTEGER,
  cost_basis             TEXT NOT NULL,
  price_id               TEXT NOT NULL,
  attempts               INTEGER NOT NULL,
  bound_broken           INTEGER NOT NULL,
  hold_us                INTEGER NOT NULL,  -- -1 = did not get there
  connect_us             INTEGER NOT NULL,
  first_byte_us          INTEGER NOT NULL,
  total_us               INTEGER NOT NULL,
  client_ip              TEXT NOT NULL,
  user_agent             TEXT NOT NULL
) STRICT;

CREATE INDEX requests_by_key ON requests (key_id, id);
-- Finds what a crash left open without reading the whole ledger.
CREATE INDEX requests_running ON requests (id) WHERE status = 'running';

CREATE TABLE rollups (
  bucket              INTEGER NOT NULL,  -- start of a quarter of an hour
  account_id          TEXT NOT NULL,
  project_id          TEXT NOT NULL,
  key_id              TEXT NOT NULL,
  group_name          TEXT NOT NULL,
  model               TEXT NOT NULL,
  upstream            TEXT NOT NULL,
  requests            INTEGER NOT NULL,
  errors              INTEGER NOT NULL,
  refused             INTEGER NOT NULL,
  cost                INTEGER NOT NULL,
  upstream_cost       INTEGER NOT NULL,
  tokens_input        INTEGER NOT NULL,
  tokens_cached_input INTEGER NOT NULL,
  tokens_cache_write  INTEGER NOT NULL,
  tokens_audio_input  INTEGER NOT NULL,
  tokens_image_input  INTEGER NOT NULL,
  tokens_output       INTEGER NOT NULL,
  tokens_reasoning    INTEGER NOT NULL,
  tokens_audio_output INTEGER NOT NULL,
  tokens_image_output INTEGER NOT NULL,
  PRIMARY KEY (bucket, account_id, project_id, key_id, group_name, model, upstream)
) STRICT, WITHOUT ROWID;

-- `spent` = what the subject's completed requests of the cycle sum to, plus `adjustment`.
CREATE TABLE windows (
  scope       TEXT NOT NULL,
  subject     TEXT NOT NULL,
  metric      TEXT NOT NULL,
  period      TEXT NOT NULL,
  cycle_start INTEGER NOT NULL,
  cycle_end   INTEGER NOT NULL,
  spent       INTEGER NOT NULL,
  adjustment  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, subject, metric, period, cycle_start)
) STRICT, WITHOUT ROWID;
