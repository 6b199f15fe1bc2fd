-- The log in PostgreSQL. The running role adds and reads; it changes only log_state and witness_state, and
-- deletes nothing: the grants at the end say so.

CREATE TABLE ledger.entry (
  index bigint PRIMARY KEY,
  commitment bytea NOT NULL UNIQUE CHECK (length(commitment) = 32)
);

-- Bytes and salt are null only after erasure.
CREATE TABLE ledger.record (
  index bigint PRIMARY KEY REFERENCES ledger.entry (index),
  id uuid NOT NULL UNIQUE,
  bytes bytea,
  salt bytea
);

-- Full tiles only; a partial one is the right edge.
CREATE TABLE ledger.tile (
  level smallint NOT NULL,
  n bigint NOT NULL,
  data bytea NOT NULL CHECK (length(data) = 8192),
  PRIMARY KEY (level, n)
);

CREATE TABLE ledger.log_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  origin text NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  edge bytea NOT NULL
);

-- One root a size, for ever.
CREATE TABLE ledger.checkpoint (
  size bigint PRIMARY KEY,
  body text NOT NULL,
  note text NOT NULL,
  at timestamptz NOT NULL
);

CREATE TABLE ledger.cosignature (
  size bigint NOT NULL REFERENCES ledger.checkpoint (size),
  witness text NOT NULL,
  time bigint NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (size, witness, time)
);

CREATE TABLE ledger.witness_state (
  origin text PRIMARY KEY,
  size bigint NOT NULL,
  root bytea NOT NULL,
  note text NOT NULL,
  at timestamptz NOT NULL
);

-- What a client asked under an idempotency key, and what it was told.
CREATE TABLE ledger.request (
  account text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  receipt jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, key)
);

-- Names usable once in a log, such as manifest/<dossier>/<version>.
CREATE TABLE ledger.once (
  name text PRIMARY KEY,
  index bigint NOT NULL
);

-- To whom each entry is addressed; '*' is everyone.
CREATE TABLE ledger.addressee (
  member text NOT NULL,
  index bigint NOT NULL REFERENCES ledger.entry (index),
  PRIMARY KEY (member, index)
);

CREATE TABLE ledger.slip (
  member text NOT NULL,
  up_to bigint NOT NULL,
  index bigint NOT NULL REFERENCES ledger.entry (index),
  PRIMARY KEY (member, up_to)
);

-- Other members' logs, as far as this node has checked them against a signed checkpoint.
CREATE TABLE ledger.mirror_entry (
  origin text NOT NULL,
  index bigint NOT NULL,
  commitment bytea NOT NULL,
  PRIMARY KEY (origin, index)
);

CREATE TABLE ledger.mirror (
  origin text NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  edge bytea NOT NULL,
  note text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (origin, size)
);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ledger TO dostyk_running;
REVOKE INSERT ON ledger.migration FROM dostyk_running;
GRANT UPDATE ON ledger.log_state, ledger.witness_state TO dostyk_running;
GRANT SELECT ON ledger.entry, ledger.record TO dostyk_erasure;
GRANT UPDATE (bytes, salt) ON ledger.record TO dostyk_erasure;
