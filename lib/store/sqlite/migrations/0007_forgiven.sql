-- The last reset of a subject's window: what was used by then never counts again, whatever it costs
-- later and whatever period is counted.
CREATE TABLE forgiven (
  scope   TEXT NOT NULL,
  subject TEXT NOT NULL,
  metric  TEXT NOT NULL,
  time    INTEGER NOT NULL,
  up_to   INTEGER NOT NULL,  -- id of the newest call then
  open    TEXT NOT NULL,     -- calls that were in flight: they count
  PRIMARY KEY (scope, subject, metric)
) STRICT, WITHOUT ROWID;
