-- What was ordered to be erased, of the own log and of others': from here on it is served, folded and passed on no more. The bytes
-- themselves are nulled by the erasure role, which says so in done_at.
CREATE TABLE ledger.erased (
  -- The log that holds the record.
  origin text NOT NULL,
  index bigint NOT NULL,
  commitment bytea NOT NULL,
  -- The order, a record of the same member.
  order_commitment bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (origin, index)
);
CREATE INDEX erased_awaited ON ledger.erased (at) WHERE done_at IS NULL;
CREATE INDEX erased_order ON ledger.erased (order_commitment);

GRANT SELECT, INSERT ON ledger.erased TO dostyk_running;
GRANT SELECT ON ledger.erased TO dostyk_erasure;
GRANT UPDATE (done_at) ON ledger.erased TO dostyk_erasure;
