-- A log that was closed and has a successor: all of it is kept, also what it held beyond the size at which it was closed.
CREATE TABLE ledger.earlier_record (
  origin text NOT NULL,
  index bigint NOT NULL,
  commitment bytea NOT NULL,
  id uuid,
  bytes bytea,
  salt bytea,
  PRIMARY KEY (origin, index)
);

CREATE TABLE ledger.earlier_checkpoint (
  origin text NOT NULL,
  size bigint NOT NULL,
  -- With its cosignatures.
  note text NOT NULL,
  PRIMARY KEY (origin, size)
);

GRANT SELECT ON ledger.earlier_record, ledger.earlier_checkpoint TO dostyk_running;
GRANT SELECT ON ledger.earlier_record TO dostyk_erasure;
GRANT UPDATE (bytes, salt) ON ledger.earlier_record TO dostyk_erasure;
