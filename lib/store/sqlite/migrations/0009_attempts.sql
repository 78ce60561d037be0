-- The attempts of a call that took more than one, as JSON: [{"upstream", "result", "http_status",
-- "total_us"}, …].
ALTER TABLE requests ADD COLUMN tried TEXT;
