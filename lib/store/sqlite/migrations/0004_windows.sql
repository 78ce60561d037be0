-- When retention was last sure of the time: a clock that jumps must not make it delete.
INSERT INTO meta (name, value) VALUES ('clock_trusted_at', 0);
