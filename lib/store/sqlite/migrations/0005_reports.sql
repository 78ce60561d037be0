-- Reports read whole days and hours from here and only the rest of a range from the rollups. Each row is a sum of
-- rollups, written in the transaction that writes them. `span` is the length of the bucket in minutes: 15, 60, 1440.

-- What a subject used in a span. Scope 'all' has the subject ''; keys have no span of 15 (rollups_by_key serves).
CREATE TABLE usage_totals (
  scope               TEXT NOT NULL,
  subject             TEXT NOT NULL,
  span                INTEGER NOT NULL,
  bucket              INTEGER NOT NULL,
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
  PRIMARY KEY (scope, subject, span, bucket)
) STRICT, WITHOUT ROWID;

-- What everyone used of what. No span of 15: a range has at most six quarters of an hour beside its hours.
CREATE TABLE usage_kinds (
  span                INTEGER NOT NULL,
  bucket              INTEGER NOT NULL,
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
  PRIMARY KEY (span, bucket, group_name, model, upstream)
) STRICT, WITHOUT ROWID;

-- The rollups again, by account and in longer spans.
CREATE TABLE usage_details (
  account_id          TEXT NOT NULL,
  span                INTEGER NOT NULL,
  bucket              INTEGER NOT NULL,
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
  PRIMARY KEY (account_id, span, bucket, project_id, key_id, group_name, model, upstream)
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE spans (span INTEGER, length INTEGER);
INSERT INTO spans (span, length) VALUES (15, 900000), (60, 3600000), (1440, 86400000);

INSERT INTO usage_totals
SELECT 'all', '', span, bucket - bucket % length AS start,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans GROUP BY span, start;

INSERT INTO usage_totals
SELECT 'account', account_id, span, bucket - bucket % length AS start,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans GROUP BY account_id, span, start;

INSERT INTO usage_totals
SELECT 'project', project_id, span, bucket - bucket % length AS start,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans GROUP BY project_id, span, start;

INSERT INTO usage_totals
SELECT 'key', key_id, span, bucket - bucket % length AS start,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans WHERE span > 15 GROUP BY key_id, span, start;

INSERT INTO usage_kinds
SELECT span, bucket - bucket % length AS start, group_name, model, upstream,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans WHERE span > 15 GROUP BY span, start, group_name, model, upstream;

INSERT INTO usage_details
SELECT account_id, span, bucket - bucket % length AS start, project_id, key_id, group_name, model, upstream,
       sum(requests), sum(errors), sum(refused), sum(cost), sum(upstream_cost), sum(tokens_input),
       sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input), sum(tokens_image_input),
       sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output), sum(tokens_image_output)
FROM rollups, spans WHERE span > 15
GROUP BY account_id, span, start, project_id, key_id, group_name, model, upstream;

DROP TABLE spans;

-- The dearest keys of a span first.
CREATE INDEX usage_top_keys ON usage_totals (span, bucket, cost) WHERE scope = 'key';

CREATE INDEX rollups_by_key ON rollups (key_id, bucket);

-- The filters of `nufi requests`. Most calls are ok and found at once without an index.
CREATE INDEX requests_by_account ON requests (account_id, id);
CREATE INDEX requests_by_model ON requests (model, id);
CREATE INDEX requests_not_ok ON requests (status, id) WHERE status NOT IN ('ok', 'running');
CREATE INDEX requests_not_ok_by_key ON requests (key_id, status, id) WHERE status NOT IN ('ok', 'running');
CREATE INDEX requests_not_ok_by_account ON requests (account_id, status, id) WHERE status NOT IN ('ok', 'running');

CREATE INDEX keys_by_account ON keys (account_id, created_at, id);
CREATE INDEX keys_by_age ON keys (created_at, id);
CREATE INDEX keys_by_name ON keys (name);
CREATE INDEX keys_unrevoked ON keys (account_id, expires_at) WHERE revoked_at IS NULL;
