-- What came from other members.

CREATE TABLE federation.received (
  origin text NOT NULL,
  index bigint NOT NULL,
  id uuid NOT NULL,
  commitment bytea NOT NULL UNIQUE,
  bytes bytea,
  salt bytea,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (origin, index)
);

-- Everything addressed to this member below `next` has been taken over.
CREATE TABLE federation.cursor (
  origin text PRIMARY KEY,
  next bigint NOT NULL,
  at timestamptz NOT NULL
);

-- Tokens are good once.
CREATE TABLE federation.token (
  issuer text NOT NULL,
  jti text NOT NULL,
  expires timestamptz NOT NULL,
  PRIMARY KEY (issuer, jti)
);

-- What a peer did wrong or failed to do: reported and retried, never the end of trust.
CREATE TABLE federation.fault (
  member text NOT NULL,
  code text NOT NULL,
  detail text NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (member, code)
);

GRANT SELECT, INSERT, UPDATE ON federation.received, federation.cursor, federation.fault TO dostyk_running;
GRANT SELECT, INSERT, DELETE ON federation.token TO dostyk_running;
GRANT SELECT ON federation.received TO dostyk_erasure;
GRANT UPDATE (bytes, salt) ON federation.received TO dostyk_erasure;
