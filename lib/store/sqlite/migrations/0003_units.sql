-- What a cost was made of, so that it can be made again: nufi reprice.
ALTER TABLE requests ADD COLUMN usage_basis TEXT NOT NULL DEFAULT 'none';
ALTER TABLE requests ADD COLUMN service_tier INTEGER NOT NULL DEFAULT 0;      -- standard, flex, priority, batch
ALTER TABLE requests ADD COLUMN multiplier INTEGER NOT NULL DEFAULT 1000000;  -- of the group, in millionths
ALTER TABLE requests ADD COLUMN images INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN audio_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN characters INTEGER NOT NULL DEFAULT 0;

-- Of a call without a price it was not noted how its usage was known.
UPDATE requests SET usage_basis = CASE cost_basis WHEN 'none' THEN 'estimated' ELSE cost_basis END;

-- A price list names a model at several providers; what the operator sets counts at all of them.
CREATE TABLE listed_prices (
  imported       INTEGER NOT NULL,  -- 0 = set by the operator
  model          TEXT NOT NULL,
  provider       TEXT NOT NULL,
  id             TEXT NOT NULL,
  mode           TEXT NOT NULL,
  date           TEXT NOT NULL,
  free           INTEGER NOT NULL,
  rates          TEXT NOT NULL,  -- {"input": nano-USD per million tokens, …}
  tiers          TEXT NOT NULL,  -- [{"above_tokens": …, "rates": {…}}, …]
  service        TEXT NOT NULL,  -- [null, flex, priority, batch]: rates or null
  per_request    INTEGER NOT NULL,
  per_image      INTEGER NOT NULL,
  per_second     INTEGER NOT NULL,
  per_character  INTEGER NOT NULL,
  context_window INTEGER,
  max_output     INTEGER,
  deprecates     TEXT,
  PRIMARY KEY (imported, model, provider)
) STRICT, WITHOUT ROWID;

INSERT INTO listed_prices (imported, model, provider, id, mode, date, free, rates, tiers, service, per_request,
                           per_image, per_second, per_character, context_window, max_output, deprecates)
SELECT 0, model, provider, id, mode, date, free, rates, tiers, service, per_request, 0, 0, 0, context_window,
       max_output, deprecates
FROM prices;

DROP TABLE prices;
ALTER TABLE listed_prices RENAME TO prices;
