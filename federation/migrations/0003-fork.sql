-- Two histories of a log, proven by what it signed. Kept for ever; what ends the freeze is the registry, which closes the log.
CREATE TABLE federation.fork (
  origin text PRIMARY KEY,
  evidence jsonb NOT NULL,
  -- Up to this size the copies that could be asked for agree.
  common bigint NOT NULL,
  at timestamptz NOT NULL
);

GRANT SELECT, INSERT ON federation.fork TO dostyk_running;
