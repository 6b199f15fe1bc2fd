-- What a slip of a log listed for this member and that has not come: asked for again, oldest question first.
CREATE TABLE federation.undelivered (
  origin text NOT NULL,
  index bigint NOT NULL,
  since timestamptz NOT NULL,
  asked timestamptz NOT NULL,
  PRIMARY KEY (origin, index)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON federation.undelivered TO dostyk_running;
